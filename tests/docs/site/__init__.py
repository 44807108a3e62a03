"""The site: the pages of docs/ as HTML, made by Sphinx; `make site`."""
