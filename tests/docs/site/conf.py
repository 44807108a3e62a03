"""How Sphinx makes the site: MyST reads the pages, Furo shows them. Nothing is fetched from anywhere."""

project = "deployer"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"

myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "deployer"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_use_index = False
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False
html_last_updated_fmt = None
highlight_language = "text"
smartquotes = False
# A command that goes on over several lines inside quotes: Pygments shows it without its colours.
suppress_warnings = ["misc.highlighting_failure"]
