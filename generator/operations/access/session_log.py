"""Logging before access: whether what support types would be written down, asked before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.errors import AwsError, DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output, Resource
from generator.model.plan import Check
from generator.model.session_log import LogGroup, ShellLogging, streams
from generator.operations.access.stack_access import Record

STREAM_CALLS = ("logs:CreateLogStream", "logs:PutLogEvents")
GROUP_CALLS = ("logs:DescribeLogGroups",)


def require_logged(gateway: Gateway, found: Record) -> None:
    """Raise Refused naming the first thing that keeps the session log from working."""
    broken = next((check for check in checks(gateway, found) if not check.holds), None)
    if broken is not None:
        raise Refused(
            f"Support sessions on {found.stack.name} would not be logged: {broken.subject}: {broken.answer}.",
            "Mend it with: deployer up --upgrade; or let them in unlogged, knowingly: --unlogged --reason TICKET",
            code="unlogged",
        )


def checks(gateway: Gateway, found: Record) -> Iterator[Check]:
    """Each thing the session log needs: group, key, document, the instance's rights, its agent."""
    name = found.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    group = gateway.logs.find_log_group(name) if name else None
    yield Check("session log group", group is not None, name or "the stack has none")
    if group is None:
        return
    for subject, ask in (
        ("key of the log group", lambda: _key(gateway, found, group)),
        ("shell document", lambda: _document(gateway, found, group)),
        ("instance's rights", lambda: _rights(gateway, found, group)),
        ("instance's agent", lambda: _agent(gateway, found)),
    ):
        yield _asked(subject, ask)


def _asked(subject: str, ask: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(subject, *ask())
    except DeployerError as error:
        return Check(subject, False, error.message.rstrip("."))


def _key(gateway: Gateway, found: Record, group: LogGroup) -> tuple[bool, str]:
    """With encryption asked for in the document, a session does not start when the group has no key."""
    if group.kms_key != found.key_arn:
        return False, f"{group.name} is encrypted with {group.kms_key or 'no key'}, not with the stack's"
    state = gateway.kms.key_state(found.key_arn)
    return state == "Enabled", state


def _document(gateway: Gateway, found: Record, group: LogGroup) -> tuple[bool, str]:
    name = found.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    said = ShellLogging.of(gateway.ssm.get_document(name))
    as_made = ShellLogging("Standard_Stream", group.name, streaming=True, encrypted=True)
    return said == as_made, name if said == as_made else f"{name} was changed by hand: {said}"


def _rights(gateway: Gateway, found: Record, group: LogGroup) -> tuple[bool, str]:
    stack = found.stack
    roles = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(stack.stack_id)}
    role = str(stack.arn.in_iam(f"role/{roles.get(Resource.INSTANCE_ROLE, '')}"))
    region = (("aws:RequestedRegion", "string", stack.region),)
    streams_of = str(stack.arn.beside("logs", f"log-group:{group.name}:log-stream:x"))
    asked = [(call, streams_of) for call in STREAM_CALLS] + [(call, "*") for call in GROUP_CALLS]
    for call, resource in asked:
        try:
            decision = gateway.iam.simulate(role, call, resource, region)
        except (AwsError, NotFound) as error:
            return False, error.message.rstrip(".")
        if decision != "allowed":
            return False, f"its role may not call {call} ({decision})"
    return True, "its role may write the log"


def _agent(gateway: Gateway, found: Record) -> tuple[bool, str]:
    """An instance that is not there cannot be entered either; one whose agent is too old can, unlogged."""
    node = next(iter(gateway.ssm.describe_nodes((found.instance_id,))), None)
    if node is None:
        return True, "not connected now"
    return streams(node.agent_version), f"SSM agent {node.agent_version}"
