"""The options with which every db command says which database, as whom, and by which way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.model.database import DEFAULT_LOCAL_PORT, Engine, Grade

if TYPE_CHECKING:
    from generator.operations.database.reach import Wish

_NAME = typer.Argument(
    metavar="[NAME]", help="Aurora cluster or RDS instance; the stack's, or the only one, if left out."
)


def _text(help_: str, metavar: str) -> Any:
    return Annotated[str, typer.Option(help=help_, metavar=metavar)]


REACH: tuple[tuple[str, Any, Any], ...] = (
    ("name", Annotated[str, _NAME], ""),
    ("endpoint", _text("Endpoint, where RDS may not be asked for it.", "HOST"), ""),
    ("port", Annotated[int, typer.Option(help="Port of that endpoint.", metavar="PORT")], 0),
    ("engine", Annotated[Engine | None, typer.Option(help="Engine of that endpoint.")], None),
    ("dbname", _text("Database in it.", "NAME"), ""),
    ("user", _text("Database user; derived from your identity and the grade if left out.", "USER"), ""),
    ("permission", Annotated[Grade, typer.Option(help="r reads, w writes, o operates.")], Grade.READ),
)
LOCAL: tuple[tuple[str, Any, Any], ...] = (
    ("local_port", Annotated[int, typer.Option(help="Local end of the tunnel; 0 for any.")], DEFAULT_LOCAL_PORT),
    ("ca_bundle", _text("RDS's authorities (PEM); see deployer db ca-bundle.", "FILE"), ""),
    ("target", _text("Instance to hop from; the stack's own if left out.", "INSTANCE"), ""),
    ("document", _text("Session document to use for the tunnel.", "NAME"), ""),
    ("reason", _text("Reason, recorded with the session.", "TEXT"), ""),
)


def wish_of(values: dict[str, Any]) -> Wish:
    """The options as one value; those a command does not have are left at their defaults."""
    from generator.operations.database.reach import Wish

    given = {"grade" if key == "permission" else key: value for key, value in values.items()}
    return Wish(**given)
