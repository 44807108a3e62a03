"""access confirm: the text for the support ticket, in the words the vendor asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output, Parameter
from generator.operations.access import stack_access
from generator.operations.access.stack_access import Record


@dataclass(frozen=True)
class Confirmation:
    """What a ticket needs to say; nothing in it is secret (an external id is none: IAM user guide)."""

    facts: tuple[tuple[str, str], ...]
    principals: tuple[str, ...]


def confirm(gateway: Gateway) -> Confirmation:
    """The confirmation of the access that is granted now. Raises Refused when none is."""
    found = stack_access.read_record(gateway)
    if not found.grant.live(datetime.now(UTC)):
        raise Refused(
            f"Nobody has access to the stack {found.stack.name} now, so there is nothing to confirm.",
            "Let somebody in first: deployer access grant --principal ARN --for 8h",
            code="no-grant",
        )
    return Confirmation(facts(found), tuple(p.arn for p in found.grant.principals))


def facts(found: Record) -> tuple[tuple[str, str], ...]:
    """The lines of the text, without those that are empty. Pure."""
    outputs = found.stack.outputs
    lines = (
        ("Role ARN", found.role_arn if found.grant.allows_path("role") else ""),
        ("External ID", found.external_id if found.grant.allows_path("role") else ""),
        ("Secret ARN", found.secret_arn),
        ("Key ARN", found.key_arn),
        ("Account", found.stack.account),
        ("Region", found.stack.region),
        ("Instance ID", found.instance_id),
        ("Instance name", found.stack.parameters.get(Parameter.INSTANCE_NAME, "")),
        ("Shell document", outputs.get(Output.SHELL_DOCUMENT_NAME, "")),
        ("Tunnel document", outputs.get(Output.PORT_DOCUMENT_NAME, "")),
        ("Database", found.database),
        ("Session log group", outputs.get(Output.SESSION_LOG_GROUP_NAME, "")),
        ("Access ends", found.grant.until_text or "no end"),
        ("Reason", found.grant.reason),
    )
    return tuple((name, value) for name, value in lines if value)


def as_text(confirmation: Confirmation, fmt: str) -> list[str]:
    """The text: markdown as a list with code, text as aligned lines."""
    opening = "Privileged access for your support is granted to:"
    if fmt == "markdown":
        who = [f"- `{arn}`" for arn in confirmation.principals]
        return [opening, "", *who, "", "| | |", "| --- | --- |", *(f"| {k} | `{v}` |" for k, v in confirmation.facts)]
    width = max(len(name) for name, _ in confirmation.facts)
    who = [f"  {arn}" for arn in confirmation.principals]
    return [opening, *who, "", *(f"{name.ljust(width)}  {value}" for name, value in confirmation.facts)]
