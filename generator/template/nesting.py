"""How deeply a text is nested, asked before it is parsed: libyaml's parser does not stop where the stack ends."""

from __future__ import annotations

from contextlib import suppress

import yaml

DEEPEST = 1000
"""Levels; CloudFormation takes far fewer, and Python reads no more."""
_LOADER = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


def too_deep(text: str) -> bool:
    """Whether a text in YAML or JSON has more levels than can be read, wherever it ends."""
    depth = 0
    with suppress(yaml.YAMLError, ValueError, RecursionError):
        for event in yaml.parse(text, _LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                return True
    return False
