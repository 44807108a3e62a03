"""Whether somebody has stopped, disabled or deleted what a session or a command needs: asked only where it failed.

Whoever may not read the stack, as support, is not asked for it: each refused call is an entry in the customer's trail.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.model.resource_state import BrokenResource
from generator.model.stack import Stack
from generator.operations import resource_states
from generator.operations.access.readings import read
from generator.operations.access.stack_access import access_of

E = TypeVar("E", bound=DeployerError)
UNREACHABLE = frozenset(
    {"TargetNotConnected", "InvalidInstanceId", "EC2InstanceStateInvalidException", "EC2InstanceNotFoundException"}
)
"""What Systems Manager and EC2 Instance Connect say of an instance that is stopped, terminated or out of reach."""
NOT_BEGUN = "handshake-failed"
"""The agent has ended the session before it began: so it does where it cannot log as the document wants it."""
IN_HINTS = 5  # instances that are asked about


@contextmanager
def explained(gateway: Gateway, instance_ids: Collection[str], *, assumed: bool = False) -> Iterator[None]:
    """Where a session or command on these instances fails within, say which resource is why, and what restores it.

    Nothing is asked while all goes well, nor with `assumed`: the caller may not read the stack.
    """
    try:
        yield
    except DeployerError as error:
        clearer = explanation(gateway, error, instance_ids, assumed=assumed)
        if clearer is error:
            raise
        raise clearer from error


def explanation(gateway: Gateway, error: E, instance_ids: Collection[str], *, assumed: bool = False) -> E:
    """The error, which says what `explained` would; the same one where no resource is why."""
    broken = () if assumed else _broken(gateway, error, instance_ids)
    return resource_states.because(error, broken) if broken else error


def _broken(gateway: Gateway, error: DeployerError, instance_ids: Collection[str]) -> tuple[BrokenResource, ...]:
    code = error.aws_code if isinstance(error, AwsError) else error.code
    if code not in UNREACHABLE | {"InvalidDocument", NOT_BEGUN}:
        return ()
    stack = _stack(gateway)
    own = access_of(stack).instance_id if stack else ""
    if code in UNREACHABLE:
        named = [each for each in instance_ids if each in error.message] or list(instance_ids)
        return tuple(broken for each in named[:IN_HINTS] for broken in _unreachable(gateway, stack, each, own))
    if stack is None or own not in instance_ids:
        return ()
    if code == NOT_BEGUN:
        return resource_states.find(gateway, stack, (resource_states.session_log_group, resource_states.key))
    gone = resource_states.find(gateway, stack, (resource_states.session_documents,))
    return tuple(each for each in gone if {*error.message.split()} & {*each.subject.replace(",", "").split()[2:]})


def _unreachable(gateway: Gateway, stack: Stack | None, instance_id: str, own: str) -> tuple[BrokenResource, ...]:
    """Why an instance does not answer: its own state, else that of its profile where it is the stack's. EC2 knows
    nothing of a managed node that is no instance of its own (mi-…)."""
    if not instance_id.startswith("i-"):
        return ()
    its = stack if instance_id == own else None
    state = read("instance", lambda: resource_states.any_instance(gateway, instance_id, its)).value
    if state or stack is None or instance_id != own:
        return (state,) if state else ()
    return resource_states.find(gateway, stack, (resource_states.instance_profile,))


def _stack(gateway: Gateway) -> Stack | None:
    try:
        return gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    except DeployerError:
        return None
