"""This program started again: by the same Python, from the same installation, whatever the current folder holds."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import shlex
import shutil
import site
import sys
from pathlib import Path

from generator.installation import DISTRIBUTION

NAME = "deployer"


def own_command(*words: str, module: str = "generator") -> list[str]:
    """The argument list that runs `module` of this installation with `words`. It is safe to run from any folder."""
    return [sys.executable, _isolation(), "-m", module, *words]


def typed() -> str:
    """How a shell like this one starts this program: `deployer` where that is this one, else its path, quoted."""
    on_path, own = shutil.which(NAME), _script()
    if own is None or (on_path and Path(on_path).resolve() == own.resolve()):
        return NAME
    return shlex.quote(str(own))


def _script() -> Path | None:
    """The console script of this installation; None where there is none, as below `python -m generator`."""
    candidates = (Path(sys.argv[0]).absolute(), Path(sys.executable).with_name(NAME))
    return next((each for each in candidates if each.name == NAME and each.is_file()), None)


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
