"""What a build adds to the package: the commit it is built from, so that what it publishes can say so.

hatchling loads this file (pyproject.toml). Nothing else is added: two clones of a commit build the same bytes.
"""

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLACE = "generator/commit.txt"


class SourceCommit(BuildHookInterface):
    """Puts the commit of a clean checkout into wheel and source archive; an archive passes on the one that it has."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file. A package that is linked to its checkout (editable) asks git when it is needed."""
        commit = runpy.run_path(str(Path(self.root, "generator/host/checkout.py")))["commit_of"](Path(self.root))
        if version == "editable" or not commit:
            return
        self.folder = tempfile.TemporaryDirectory()
        made = Path(self.folder.name, "commit.txt")
        made.write_text(f"{commit}\n")
        build_data["force_include"][str(made)] = PLACE

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was made for the build."""
        if hasattr(self, "folder"):
            self.folder.cleanup()
