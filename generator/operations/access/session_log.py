"""Logging before access: whether what support types would be written down, asked before anybody is let in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from generator.errors import AwsError, DeployerError, NotFound, Refused
from generator.gateway.aws import Gateway
from generator.model.contract import Output, Parameter, Resource
from generator.model.session_log import ShellLogging, streams
from generator.model.up import Check
from generator.operations import resource_states
from generator.operations.access.stack_access import StackAccess

STREAM_CALLS = ("logs:CreateLogStream", "logs:PutLogEvents")
GROUP_CALLS = ("logs:DescribeLogGroups",)


def require_logged(gateway: Gateway, access: StackAccess) -> tuple[Check, ...]:
    """What was verified of the session log: each thing that it needs, with what AWS answered.

    Raises Refused naming the first thing that keeps it from working, with what restores it, and AwsError where the key
    or the log group may not be read: what nobody has seen counts as not logged.
    """
    why = fix = ""
    if key := resource_states.key(gateway, access.stack):
        raise resource_states.refusal((key,), "Nothing was granted.")
    broken = resource_states.session_log_group(gateway, access.stack)
    if broken is not None and broken.effect:
        why, fix = f"{broken.subject}: {broken.answer}", broken.hint
    verified = () if fix else tuple(checks(gateway, access))
    if wrong := next((check for check in verified if not check.holds), None):
        why, fix = f"{wrong.subject}: {wrong.answer}", f"Fix it with: {gateway.commands.deployer('upgrade')}"
    if fix:
        raise Refused(
            f"Support sessions on {access.stack.name} would not be logged: {why}.",
            f"{fix}\nOr grant access without logging, deliberately: --unlogged --reason TICKET",
            code="unlogged",
        )
    group = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    whose = (
        "your own, encrypted with a key that is enabled"
        if access.stack.parameters.get(Parameter.LOG_GROUP)
        else "encrypted with the stack's key"
    )
    return (Check("session log group", True, f"{group}, {whose}"), *verified)


def checks(gateway: Gateway, access: StackAccess) -> Iterator[Check]:
    """What the session log needs besides its group and key: document, the instance's rights, its agent."""
    name = access.stack.outputs.get(Output.SESSION_LOG_GROUP_NAME, "")
    if not name:
        yield Check("session log group", False, "the stack has none")
        return
    for subject, ask in (
        ("shell document", lambda: _document(gateway, access, name)),
        ("instance's rights", lambda: _rights(gateway, access, name)),
        ("instance's agent", lambda: _agent(gateway, access)),
    ):
        yield _asked(subject, ask)


def _asked(subject: str, ask: Callable[[], tuple[bool, str]]) -> Check:
    try:
        return Check(subject, *ask())
    except DeployerError as error:
        return Check(subject, False, error.message.rstrip("."))


def _document(gateway: Gateway, access: StackAccess, group: str) -> tuple[bool, str]:
    name = access.stack.outputs.get(Output.SHELL_DOCUMENT_NAME, "")
    actual = ShellLogging.of(gateway.ssm.get_document(name))
    as_made = ShellLogging("Standard_Stream", group, streaming=True, encrypted=True)
    return actual == as_made, name if actual == as_made else f"{name} was changed by hand: {actual}"


def _rights(gateway: Gateway, access: StackAccess, group: str) -> tuple[bool, str]:
    stack = access.stack
    roles = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(stack.stack_id)}
    role = str(stack.arn.in_iam(f"role/{roles.get(Resource.INSTANCE_ROLE, '')}"))
    region = (("aws:RequestedRegion", "string", stack.region),)
    streams_of = str(stack.arn.beside("logs", f"log-group:{group}:log-stream:x"))
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
