"""AWS's session-manager-plugin as a value: where it is, and whether it is new enough."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

OLDEST_PLUGIN = (
    1,
    2,
    764,
    0,
)
"""The first that signs the channel's opening; AWS announced that older ones will stop working."""


@dataclass(frozen=True)
class Plugin:
    """An installed plugin. `version` is () if it is unknown."""

    path: Path
    version: tuple[int, ...]

    @property
    def usable(self) -> bool:
        """Whether it is new enough."""
        return self.version >= OLDEST_PLUGIN

    @property
    def version_text(self) -> str:
        """The version with its dots."""
        return dotted(self.version) or "unknown"


def dotted(version: tuple[int, ...]) -> str:
    """A version as people write it."""
    return ".".join(map(str, version))
