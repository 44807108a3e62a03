"""The search paths of an environment, without the entries that mean the current folder. Pure."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

VARIABLES = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def absolute_entries(value: str) -> str:
    """The entries of a search path that are absolute: an empty or relative one depends on the current folder."""
    return os.pathsep.join(entry for entry in value.split(os.pathsep) if entry.startswith(os.sep))


def drop_relative_entries(environment: MutableMapping[str, str]) -> None:
    """Keep the absolute entries of each search path. A variable without any is removed: an empty PATH means "here"."""
    for name in VARIABLES:
        if name not in environment:
            continue
        if entries := absolute_entries(environment[name]):
            environment[name] = entries
        else:
            del environment[name]
