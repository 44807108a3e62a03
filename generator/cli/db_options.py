"""The options with which every db command says which database, as whom, and by which way."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.model.database import DEFAULT_LOCAL_PORT, Engine, Grade
from generator.model.deployment import DEFAULT_STACK_NAME

if TYPE_CHECKING:
    from generator.cli.invocation import Invocation
    from generator.model.database import Login
    from generator.operations.database.request import Wish

Option = tuple[str, Any, Any]
"""An option made by code: the name of its parameter, its annotation, its default."""

_NAME = typer.Argument(
    metavar="[NAME]", help="Aurora cluster or RDS instance; the stack's, or the only one, if left out."
)


def _text(help_: str, metavar: str) -> Any:
    return Annotated[str, typer.Option(help=help_, metavar=metavar)]


def _port(help_: str, *, show_default: bool = True) -> Any:
    return Annotated[int, typer.Option(help=help_, metavar="PORT", min=0, max=65_535, show_default=show_default)]


WHERE: tuple[Option, ...] = (
    ("name", Annotated[str, _NAME], ""),
    ("endpoint", _text("Endpoint, where RDS may not be asked for it.", "HOST"), ""),
    ("port", _port("Port of that endpoint; the engine's own if left out.", show_default=False), 0),
    ("engine", Annotated[Engine | None, typer.Option(help="Engine, where RDS may not be asked.")], None),
    ("dbname", _text("Database in it.", "NAME"), ""),
)
PERMISSION: Option = (
    "permission",
    Annotated[Grade, typer.Option(help="r reads, w writes, o sees and ends sessions.")],
    Grade.READ,
)
SUPPORT: Option = (
    "support",
    Annotated[bool, typer.Option("--support", help="The vendor's user of the grade: deepsql-support_r, _w or _o.")],
    False,
)
REACH: tuple[Option, ...] = (
    *WHERE,
    ("user", _text("Database user; derived from your identity and the grade if left out.", "USER"), ""),
    PERMISSION,
    SUPPORT,
)
HOP: tuple[Option, ...] = (
    ("target", _text("Instance to hop from; the stack's bastion or its own if left out.", "INSTANCE"), ""),
    ("document", _text("Session document to use for the tunnel.", "NAME"), ""),
)
LOCAL: tuple[Option, ...] = (
    ("local_port", _port("Local end of the tunnel; 0 for any."), DEFAULT_LOCAL_PORT),
    ("ca_bundle", _text("RDS's authorities (PEM); see deployer db ca-bundle.", "FILE"), ""),
    *HOP,
    ("reason", _text("Reason, recorded with the session.", "TEXT"), ""),
)
MASTER: tuple[Option, ...] = (
    *WHERE,
    ("user", _text("The master user; the one RDS knows if left out.", "USER"), ""),
    *LOCAL,
    (
        "password_stdin",
        Annotated[bool, typer.Option("--password-stdin", help="Read the master's password from standard input.")],
        False,
    ),
    (
        "password_prompt",
        Annotated[bool, typer.Option("--password-prompt", help="Ask for the master's password.")],
        False,
    ),
)
"""Of the commands that work as the master user, whose password RDS keeps in Secrets Manager if nobody gives it."""


def wish_of(values: dict[str, Any]) -> Wish:
    """The options as one value; those a command does not have are left at their defaults."""
    from generator.operations.database.request import Wish

    given = {"grade" if key == "permission" else key: value for key, value in values.items()}
    return Wish(**given)


def token_command(call: Invocation, wish: Wish, login: Login) -> str:
    """What to type for another token of the same user, ready for a shell."""
    words = ["--endpoint", wish.endpoint, "--port", str(login.database.port)] if wish.endpoint else [wish.name]
    if wish.user or login.grade is None:
        words += ["--user", login.user]
    else:
        words += ["--permission", login.grade.value, "--support" if wish.support else ""]
    stack = "" if call.stack_name == DEFAULT_STACK_NAME else call.stack_name
    for option, value in (("--stack-name", stack), ("--profile", call.profile), ("--region", call.region)):
        words += [option, value] if value else []
    return shlex.join(["deployer", "db", "token", *filter(None, words)])
