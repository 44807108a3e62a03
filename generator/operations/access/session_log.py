"""Logging before access: whether what support types would be written down, asked before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.errors import AwsError, DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output, Resource
from generator.model.session_log import LogGroup, ShellLogging, streams
from generator.model.up import Check
from generator.operations.access.stack_access import StackAccess

STREAM_CALLS = ("logs:CreateLogStream", "logs:PutLogEvents")
GROUP_CALLS = ("logs:DescribeLogGroups",)


def require_logged(gateway: Gateway, access: StackAccess) -> None:
    """Raise Refused naming the first thing that keeps the session log from working."""
    broken = next((check for check in checks(gateway, access) if not check.holds), None)
    if broken is not None:
        raise Refused(
            f"Support sessions on {access.stack.name} would not be logged: {broken.subject}: {broken.answer}.",
            f"Fix it with: {gateway.commands.deployer('upgrade')}\n"
            "Or grant access without logging, deliberately: --unlogged --reason TICKET",
            code="unlogged",
        )


def checks(gateway: Gateway, access: StackAccess) -> Iterator[Check]:
    """Each thing the session log needs: group, key, document, the instance's rights, its agent."""
    name = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    group = gateway.logs.find_log_group(name) if name else None
    yield Check("session log group", group is not None, name or "the stack has none")
    if group is None:
        return
    for subject, ask in (
        ("key of the log group", lambda: _key(gateway, access, group)),
        ("shell document", lambda: _document(gateway, access, group)),
        ("instance's rights", lambda: _rights(gateway, access, group)),
        ("instance's agent", lambda: _agent(gateway, access)),
    ):
        yield _asked(subject, ask)


def _asked(subject: str, ask: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(subject, *ask())
    except DeployerError as error:
        return Check(subject, False, error.message.rstrip("."))


def _key(gateway: Gateway, access: StackAccess, group: LogGroup) -> tuple[bool, str]:
    """With encryption asked for in the document, a session does not start when the group has no key."""
    if group.kms_key != access.key_arn:
        return False, f"{group.name} is encrypted with {group.kms_key or 'no key'}, not with the stack's"
    state = gateway.kms.key_state(access.key_arn)
    return state == "Enabled", state


def _document(gateway: Gateway, access: StackAccess, group: LogGroup) -> tuple[bool, str]:
    name = access.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    actual = ShellLogging.of(gateway.ssm.get_document(name))
    as_made = ShellLogging("Standard_Stream", group.name, streaming=True, encrypted=True)
    return actual == as_made, name if actual == as_made else f"{name} was changed by hand: {actual}"


def _rights(gateway: Gateway, access: StackAccess, group: LogGroup) -> tuple[bool, str]:
    stack = access.stack
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
    return True, "its role may write to the log"


def _agent(gateway: Gateway, access: StackAccess) -> tuple[bool, str]:
    """An instance that is not there cannot be entered either; one whose agent is too old can, unlogged."""
    node = next(iter(gateway.ssm.describe_nodes((access.instance_id,))), None)
    if node is None:
        return True, "not connected now"
    return streams(node.agent_version), f"SSM agent {node.agent_version}"
