"""A client of a database at the other end of a tunnel: what it is connected to, its settings, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from generator.model.caller import Caller, SecretCaller
from generator.model.database import Login, Route


@dataclass(frozen=True)
class Connected:
    """A login that has been tried out through a tunnel. `tls` says what the client does not verify; "" for nothing."""

    login: Login
    route: Route
    tls: str = ""


@dataclass(frozen=True)
class UnnamedDatabase:
    """The database on the server that is used because none was named."""

    name: str


@dataclass(frozen=True)
class ClientSettings:
    """The settings of a client of the user's own, as lines in the form asked for."""

    user: str
    host: str
    port: int
    database: str
    lines: list[str]


@dataclass(frozen=True)
class OpenTunnel:
    """A tunnel that stays open until the user interrupts, and the command that prints another token."""

    route: Route
    token_command: str


@dataclass(frozen=True)
class StatementOutput:
    """What a client printed for one statement."""

    user: str
    output: str


@dataclass(frozen=True)
class ClientExit:
    """The exit code of a client that ran at the terminal."""

    user: str
    exit_code: int


class DatabaseCaller(Caller, SecretCaller, Protocol):
    """A caller that may be given a token, and settings while their tunnel stays open."""

    def print_settings(self, settings: ClientSettings) -> None:
        """Print the settings at once: the command goes on."""
        ...
