"""access confirm: what a support ticket has to say about the access that is granted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.contract import SSH_USER, Output, Parameter
from generator.model.duration import END_FORMAT, parse_end
from generator.model.evidence import VERDICTS, LogLine
from generator.model.grant import Grant
from generator.operations import resource_states
from generator.operations.access import stack_access
from generator.operations.access.expectation import knows_grants
from generator.operations.access.report import last_line
from generator.operations.access.session_end import session_end
from generator.operations.access.show import show
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock

PROVEN = VERDICTS[True]
CONFIRMED = (
    *(resource_states.support_user, resource_states.support_role, resource_states.support_secret),
    *(resource_states.key, resource_states.session_log_group, resource_states.keeper),
)
"""What a ticket names, the end of open sessions with it: it must not promise what is not there."""


@dataclass(frozen=True)
class Confirmation:
    """What a ticket has to say, by the names the vendor uses. None of it is secret (IAM user guide, external ID)."""

    facts: tuple[tuple[str, str], ...]
    principals: tuple[str, ...]


def confirm(
    gateway: Gateway, clock: Clock = SYSTEM, *, closed: bool = False, own: frozenset[str] = frozenset()
) -> Confirmation | EndConfirmation:
    """The confirmation of the access that is granted now; with `closed`, of its end.

    `own` are other accounts and organizations of the customer, whose access is not the vendor's.

    Raises Refused when none is granted, or it does not work; with `closed` as `_confirm_end`.
    """
    if closed:
        return _confirm_end(gateway, clock, own)
    access = stack_access.read_access(gateway)
    if not access.grant.live(clock.now()):
        raise Refused(
            f"Nobody has access to the stack {access.stack.name} now, so there is nothing to confirm.",
            f"Grant access first: {gateway.commands.deployer('access', 'grant', '--principal', 'ARN', '--for', '8h')}",
            code="no-grant",
        )
    resource_states.require(gateway, access.stack, CONFIRMED, "Nothing was confirmed.")
    return Confirmation(facts(access, session_end(gateway, access)), tuple(p.arn for p in access.grant.principals))


@dataclass(frozen=True)
class EndConfirmation:
    """What a ticket has to say when access is over. `line` is the stack's own record of the last revocation; `at` is
    when the access paths were asked (UTC); `unread` are those that gave no answer, with the reason."""

    facts: tuple[tuple[str, str], ...]
    line: LogLine
    at: datetime
    unread: tuple[str, ...] = ()


def _confirm_end(gateway: Gateway, clock: Clock, own: frozenset[str]) -> EndConfirmation:
    """The confirmation of the last revocation, by the record that it left in the stack's own log.

    Raises Refused while somebody has access, where no revocation has left a record, where the last one did not prove
    that everything is closed, where something was granted after it, and while an access path is open.
    """
    access, commands = stack_access.read_access(gateway), gateway.commands
    again = f"Revoke access: {commands.deployer('access', 'revoke', '--all', '--report', 'FILE')}"
    if principals := access.grant.principals:
        who = ", ".join(principal.arn for principal in principals)
        live = access.grant.live(clock.now())
        why = f"is still granted to {who}" if live else f"ended by itself for {who}, and was not revoked"
        raise Refused(f"Access to the stack {access.stack.name} {why}.", again, code="still-granted")
    line = last_line(gateway, access)
    if line is None:
        resource_states.require(gateway, access.stack, (resource_states.keeper_log_group,), "Nothing was confirmed.")
        raise Refused(
            f"No revocation has left a record in the log of the stack {access.stack.name}, so there is no report to "
            "name.",
            again,
            code="no-revocation",
        )
    if line.verdict != PROVEN:
        raise Refused(
            f"The last revocation of {access.stack.name}, at {line.ended}, ended {line.verdict}.",
            again,
            code="not-proven",
        )
    if knows_grants(access) and not _is_its_end(access.grant, line):
        raise Refused(
            f"The access to {access.stack.name} was changed after its last revocation, which ended at {line.ended}: "
            "what was granted since was not revoked.",
            again,
            code="granted-since",
        )
    now = clock.now()
    state = show(gateway, clock, own, questions=())
    if is_open := [path.label for path in state.paths if path.is_open(now)]:
        raise Refused(
            f"The last revocation of {access.stack.name} was {PROVEN}, but now this is open: {'; '.join(is_open)}.",
            again,
            code="path-open",
        )
    return EndConfirmation(_end_facts(access, line, now, state.unread), line, now, state.unread)


def _is_its_end(grant: Grant, line: LogLine) -> bool:
    """Whether the grant's end in the stack is one of before that record: another grant, and a flip that ends it, leave
    a later one or none."""
    ended = parse_end(line.ended)
    return grant.until is not None and ended is not None and grant.until <= ended


def _end_facts(
    access: StackAccess, line: LogLine, now: datetime, unread: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Name and value of each fact; those without a value are left out."""
    lines = (
        ("Account", access.stack.account),
        ("Region", access.stack.region),
        ("Instance ID", access.instance_id),
        ("Access ended", line.ended),
        ("Verdict", line.verdict),
        ("SHA-256 of the report", line.sha256 if line.has_file else ""),
        ("Recorded", f"{line.recorded:%Y-%m-%dT%H:%M:%SZ}" if line.recorded else ""),
        ("Accounts revoked", ", ".join(line.accounts)),
        ("Access paths asked", now.strftime(END_FORMAT)),
        ("No answer", "; ".join(unread)),
    )
    return tuple((name, value) for name, value in lines if value)


def facts(access: StackAccess, sessions: str) -> tuple[tuple[str, str], ...]:
    """Name and value of each fact; those without a value are left out. `sessions`: when open ones end. Pure."""
    outputs = access.stack.outputs
    lines = (
        ("Role ARN", access.role_arn if access.grant.allows_path("role") else ""),
        ("External ID", access.external_id if access.grant.allows_path("role") else ""),
        ("Support user", access.support_user if access.grant.allows_path("secret") else ""),
        ("Secret ARN", access.secret_arn),
        ("Key ARN", access.key_arn),
        ("Account", access.stack.account),
        ("Region", access.stack.region),
        ("Instance ID", access.instance_id),
        ("Instance name", access.stack.parameters.get(Parameter.INSTANCE_NAME, "")),
        ("Shell document", outputs.get(Output.SHELL_DOCUMENT_NAME, "")),
        ("Tunnel document", outputs.get(Output.PORT_DOCUMENT_NAME, "")),
        ("Shell command", outputs.get(Output.CONNECT_COMMAND, "")),
        ("Tunnel command", outputs.get(Output.PORT_FORWARD_COMMAND, "")),
        ("SSH user", _ssh_user(access)),
        ("Database", access.database),
        ("Session log group", outputs.get(Output.SESSION_LOG_GROUP_NAME, "")),
        ("Access ends", access.grant.until_text or "no end"),
        ("Open sessions", sessions),
        ("Reason", access.grant.reason),
    )
    return tuple((name, value) for name, value in lines if value)


def _ssh_user(access: StackAccess) -> str:
    """The login that support may use; empty where it may not use SSH."""
    stack = access.stack
    return stack.value(Parameter.SUPPORT_SSH_USER) or SSH_USER if stack.value(Parameter.SUPPORT_SSH) == "Yes" else ""
