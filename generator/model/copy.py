"""Copies to and from an instance: what was typed, and what was copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from generator.errors import UsageError
from generator.model.connect import SessionCaller
from generator.model.session import Via

SESSIONS = 4
"""How many sessions carry a file at once, by default."""


@dataclass(frozen=True)
class Place:
    """One side of a copy: a path here, or on an instance. `target` is None for this computer."""

    path: str
    target: str | None = None
    user: str = ""


@dataclass(frozen=True)
class CopyRequest:
    """What was asked for: sources, a destination, and how the bytes are to go.

    `passing`: they go on from here to another instance, and directories keep their mode whatever this user's umask.
    """

    sources: tuple[Place, ...]
    destination: Place
    via: Via = Via.auto
    recursive: bool = False
    sessions: int = SESSIONS
    reason: str = ""
    document: str = ""
    bucket: str = ""
    passing: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for a bucket without its route, or the route without its bucket."""
        if bool(self.bucket) != (self.via is Via.bucket):
            raise UsageError("A copy by a bucket needs both its route and its name.", "--via bucket --bucket NAME")

    @property
    def upward(self) -> bool:
        """Whether it goes to the instance."""
        return self.destination.target is not None

    @property
    def relayed(self) -> bool:
        """Whether it goes from one instance to another."""
        return self.upward and self.sources[0].target is not None

    @property
    def far(self) -> Place:
        """The side on the instance."""
        return self.destination if self.upward else self.sources[0]


@dataclass(frozen=True)
class CopyResult:
    """What was copied. `files` are name and SHA-256, as far as this side computed it. `fallback` is why SSH was not
    used although it was tried."""

    target: str
    via: str
    files: tuple[tuple[str, str], ...] = ()
    exit_code: int = 0
    fallback: str = ""


class CopyCaller(SessionCaller, Protocol):
    """A caller that shows how far a copy is."""

    def progress(self, done: int, total: int) -> None:
        """Show how many bytes have arrived, of all."""
        ...

    def count(self, done: str, files: int, total: int) -> None:
        """Show what was `done` (Packed, Copied) with how many files, of all."""
        ...


def read_place(text: str) -> Place:
    """`PATH` on this computer, `[USER@]TARGET:PATH` on an instance; `:PATH` is on the stack's own.

    A colon after a slash is part of a path. Raises UsageError for no word at all: an unset variable is no directory.
    """
    if not text:
        raise UsageError("One of the paths is empty.", "Write . for the current directory.", code="places")
    host, colon, path = text.partition(":")
    if not colon or "/" in host:
        return Place(text)
    user, _, target = host.rpartition("@")
    return Place(path or ".", target, user)


def read_request(words: Sequence[str], **settings: object) -> CopyRequest:
    """From the words typed. Raises UsageError unless one side is an instance, or each side another one."""
    places = [read_place(word) for word in words]
    if len(places) < 2:
        raise UsageError(
            "A copy needs a source and a destination.", "deployer cp FILE :/tmp/  or  deployer cp :/var/log/x ."
        )
    request = CopyRequest(tuple(places[:-1]), places[-1], **settings)  # type: ignore[arg-type]
    far = {source.target for source in request.sources}
    if len(far) > 1 or far == {request.destination.target}:
        same = request.upward and len(far) == 1
        raise UsageError(
            "Both sides of this copy are one instance." if same else "A copy goes from one place to one other.",
            "To copy within it: deployer run 'cp …'"
            if same
            else "Write an instance's side as TARGET:PATH, or :PATH for the stack's own; a path alone is here.",
            code="places",
        )
    return request
