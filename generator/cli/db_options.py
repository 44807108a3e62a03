"""The options of the db commands: which database, as which user, through which jump host."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import completion
from generator.errors import UsageError
from generator.model.database import DEFAULT_LOCAL_PORT, AccessLevel, Engine

if TYPE_CHECKING:
    from generator.operations.database.request import DatabaseRequest, MasterRequest

Option = tuple[str, Any, Any]
"""An option: the name of its parameter, its annotation, its default."""

_NAME = typer.Argument(
    metavar="[NAME]",
    help="Aurora cluster or RDS instance; by default the stack's, or the only one.",
    autocompletion=completion.databases,
)


def _text(help_: str, metavar: str) -> Any:
    return Annotated[str, typer.Option(help=help_, metavar=metavar)]


def _port(help_: str, *, show_default: bool = True) -> Any:
    return Annotated[int, typer.Option(help=help_, metavar="PORT", min=0, max=65_535, show_default=show_default)]


WHERE: tuple[Option, ...] = (
    ("name", Annotated[str, _NAME], ""),
    ("endpoint", _text("Endpoint; for credentials that may not query RDS.", "HOST"), ""),
    ("port", _port("Port of that endpoint; by default the engine's own.", show_default=False), 0),
    ("engine", Annotated[Engine | None, typer.Option(help="Engine; for credentials that may not query RDS.")], None),
    ("dbname", _text("Name of the database on that server.", "NAME"), ""),
)
PERMISSION: Option = (
    "permission",
    Annotated[AccessLevel, typer.Option(help="r reads, w writes, o sees and ends sessions.")],
    AccessLevel.READ,
)
SUPPORT: Option = (
    "support",
    Annotated[bool, typer.Option("--support", help="The vendor's user: deepsql-support_r, _w or _o.")],
    False,
)
REACH: tuple[Option, ...] = (
    *WHERE,
    ("user", _text("Database user; by default derived from your identity and the access level.", "USER"), ""),
    PERMISSION,
    SUPPORT,
)
JUMP_HOST: tuple[Option, ...] = (
    ("target", _text("Jump host: an instance; by default the stack's bastion or its instance.", "INSTANCE"), ""),
    ("document", _text("Session document to use for the tunnel.", "NAME"), ""),
)
LOCAL: tuple[Option, ...] = (
    ("local_port", _port("Local port of the tunnel; 0 for any."), DEFAULT_LOCAL_PORT),
    ("ca_bundle", _text("CA bundle of RDS (PEM); see deployer db ca-bundle.", "FILE"), ""),
    *JUMP_HOST,
    ("reason", _text("Reason, recorded with the session.", "TEXT"), ""),
)
MASTER: tuple[Option, ...] = (
    *WHERE,
    ("user", _text("The master user; by default the one RDS knows.", "USER"), ""),
    *LOCAL,
    (
        "password_stdin",
        Annotated[bool, typer.Option("--password-stdin", help="Read the master user's password from standard input.")],
        False,
    ),
    (
        "password_prompt",
        Annotated[bool, typer.Option("--password-prompt", help="Ask for the master user's password.")],
        False,
    ),
)
"""For commands that work as the master user; without a password given, RDS's own secret is read."""


def request_from(values: dict[str, Any]) -> DatabaseRequest:
    """The options as one value; options that a command does not have keep their defaults."""
    from generator.operations.database.request import DatabaseRequest

    return DatabaseRequest(**{"level" if key == "permission" else key: value for key, value in values.items()})


def master_request(values: dict[str, Any], *, print_only: bool = False) -> MasterRequest:
    """The options of MASTER as one value; a password on standard input or at the prompt is read here."""
    from generator.operations.database.request import MasterRequest

    password = _read_password(values.pop("password_stdin"), values.pop("password_prompt"))
    return MasterRequest(request_from(values), password, print_only)


def _read_password(stdin: bool, prompt: bool) -> str:
    """The password; "" for RDS's own secret."""
    if stdin and prompt:
        raise UsageError("The password is given in two ways.", "Use only one of --password-stdin, --password-prompt.")
    if prompt and not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask for the password at.", "Use --password-stdin.")
    if prompt:
        return getpass.getpass("Password of the master user: ")
    return sys.stdin.readline().rstrip("\r\n") if stdin else ""
