"""This program started again: by the same Python, from the same installation, whatever the current folder holds."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import site
import sys
from pathlib import Path

from generator.installation import DISTRIBUTION


def own_command(*words: str, module: str = "generator") -> list[str]:
    """The argument list that runs `module` of this installation with `words`. It is safe to run from any folder."""
    return [sys.executable, _isolation(), "-m", module, *words]


@functools.cache
def _isolation() -> str:
    """-I keeps the current folder and PYTHONPATH off Python's path; -P, where -I would hide us, the folder alone.

    Isolated mode also leaves out the user's own site-packages (`pip install --user`) and what PYTHONPATH names.
    """
    try:
        installed = Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file(""))).resolve()
    except importlib.metadata.PackageNotFoundError:
        return "-P"
    hidden = [site.getusersitepackages(), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return "-P" if any(installed.is_relative_to(Path(each).resolve()) for each in hidden if each) else "-I"
