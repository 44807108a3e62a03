"""What each version of this program changes in a stack that is upgraded to it: the changelog of the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class TemplateVersion:
    """A version, and what a stack of an earlier one gets with it, in sentences."""

    version: str
    changes: tuple[str, ...]


VERSIONS = (
    TemplateVersion(
        "0.1.0",
        (
            "A function in the stack makes, rotates and deletes support's key; CloudFormation never sees it.",
            "Grants are parameters: who of the vendor may enter, and until when, is in the policies.",
            "Support starts sessions with the stack's own documents only, and every shell is logged and encrypted.",
            "A shell of support lasts an hour, or SupportSessionMinutes; your own people have one without that limit.",
            "Open sessions end with the access that they were opened under.",
            "The administrator's password is a secret, and the instance reads it with its own role.",
            "The instance may do less: Systems Manager, its session log, its own settings, the signal to the stack.",
        ),
    ),
)
"""The newest first. A release adds its own entry where it changes the template, and leaves the others as they are."""


def versions_since(version: str) -> Iterator[TemplateVersion]:
    """What is newer than the version that a template names, "" for one that names none (before 0.1.0, or not ours)."""
    for each in VERSIONS:
        if _number(each.version) > _number(version):
            yield each


def _number(version: str) -> tuple[int, ...]:
    """Comparable; what is no version is before every version."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
