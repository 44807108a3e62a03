"""How a confirmation reads in a support ticket: that access is granted, or that it has ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.duration import END_FORMAT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from generator.operations.access.confirm import Confirmation, EndConfirmation


def ticket_lines(confirmation: Confirmation | EndConfirmation, fmt: str) -> list[str]:
    """The text for a support ticket, of access that is granted or of its end."""
    from generator.operations.access.confirm import Confirmation

    if isinstance(confirmation, Confirmation):
        return _grant_lines(confirmation, fmt)
    return _end_lines(confirmation, fmt)


def ticket_values(confirmation: Confirmation | EndConfirmation) -> dict[str, object]:
    """The same for a script."""
    from generator.operations.access.confirm import Confirmation

    who: dict[str, object] = {}
    if isinstance(confirmation, Confirmation):
        who = {"principals": confirmation.principals}
    return {**who, **dict(confirmation.facts)}


def _end_lines(confirmation: EndConfirmation, fmt: str) -> list[str]:
    """The text that closes a support ticket, in the same forms."""
    opening = "Privileged access for your support is revoked, which was proven. " + _nobody(confirmation)
    if fmt == "markdown":
        return [opening, "", *_markdown(confirmation.facts)]
    return [opening, "", *table(confirmation.facts)]


def _nobody(confirmation: EndConfirmation) -> str:
    """What was seen when it was asked again: no more than had an answer."""
    when = f"As of {confirmation.at:{END_FORMAT}}"
    if confirmation.unread:
        return f"{when}, no access of yours was seen; the access paths below gave no answer."
    return f"{when}, nobody of yours has access."


def _markdown(facts: Sequence[tuple[str, str]]) -> list[str]:
    return ["| | |", "| --- | --- |", *(f"| {name} | `{value}` |" for name, value in facts)]


def _grant_lines(confirmation: Confirmation, fmt: str) -> list[str]:
    """The text for a support ticket: "markdown" as a table, "text" as aligned lines."""
    opening = "Privileged access for your support is granted to:"
    if fmt == "markdown":
        who = [f"- `{arn}`" for arn in confirmation.principals]
        return [opening, "", *who, "", *_markdown(confirmation.facts)]
    return [opening, *(f"  {arn}" for arn in confirmation.principals), "", *table(confirmation.facts)]
