"""Which accounts the customer may call its own: none that is, or ever was, the vendor's (decision record 47).

Whoever the stack names now is in its parameters. Whose access was revoked is in the lines that revocations left in the
stack's own log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from generator.errors import NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.evidence import STREAM, parse_line
from generator.model.reading import Reading
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

ASKED = "logs:GetLogEvents"


def declare(
    gateway: Gateway, access: StackAccess, own: frozenset[str], resources: Reading[Mapping[str, str]]
) -> StackAccess:
    """The same with these accounts and organizations as the customer's own, and in `undeclared` why others are not.

    Raises UsageError for an account that the stack gives access, or gave it and revoked it. Where the log could not be
    read none of them counts: they are then judged as anybody's. `resources`: physical IDs by logical ID.
    """
    if not own:
        return access
    declared = access.declaring(own)
    past = revoked_accounts(gateway, resources)
    if past.value is None:
        why = f"this needs {past.permission}" if past.permission else past.detail
        shown = ", ".join(sorted(own))
        sentence = f"Not counted as your own: {shown}, because the log of earlier revocations could not be read: {why}"
        return replace(access, undeclared=sentence)
    if vendors := own & past.value:
        raise UsageError(
            f"The account {min(vendors)} cannot be your own: by its log, the stack {access.stack.name} gave it access "
            "as the vendor's, and revoked it.",
            "Leave it out of --own, or of: deployer config get own",
            code="own",
        )
    return declared


def revoked_accounts(gateway: Gateway, resources: Reading[Mapping[str, str]]) -> Reading[frozenset[str]]:
    """The accounts whose access was ever revoked, by the stack's own log (one call). Never raises."""
    if resources.value is None:
        return resources.unanswered()
    group = resources.value.get(Resource.KEEPER_LOG_GROUP, "")

    def accounts() -> frozenset[str]:
        try:
            lines = [parse_line(message) for message, _ in gateway.logs.stream_lines(group, STREAM)] if group else []
        except NotFound:  # no revocation has left a line
            return frozenset()
        return frozenset(account for line in lines if line for account in line.accounts)

    return read(ASKED, accounts)
