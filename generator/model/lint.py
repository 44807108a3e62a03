"""What a check of a template finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The severity of a finding."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One finding. `path` names the place in the template (Resources/Instance/…), `line` counts from 1.

    `line` is None where the place has no line of its own, `source` says where the rule comes from.
    """

    rule: str
    level: Level
    message: str
    path: str = ""
    line: int | None = None
    source: str = ""


@dataclass(frozen=True)
class RuleInfo:
    """A rule of the product's own, for lists and docs. `ours_only`: for the product's own template alone."""

    id: str
    title: str
    level: Level
    source: str
    ours_only: bool = False
