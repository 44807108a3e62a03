"""Following an operation by its events: one call a round, until the stack's own terminal event."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime

from generator.errors import LACKING, DeployerError, is_denial
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.stack import Stack, StackEvent, StackStatus
from generator.model.up import Failure
from generator.operations import polling
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import states

FOLLOW_SECONDS = 3 * 3600.0
"""Longer than any operation of this template takes, its rollback included; a custom resource may hang for an hour."""
QUIET_SECONDS = 60.0
"""After this long without an event the stack itself is looked at: its state may be final though no event says so."""

OUR_TOKEN_PREFIX = "deployer-"  # noqa: S105 - a marker of our operations, no secret
VERIFIES = "and when it has ended, run the same command again, which verifies the result"


def new_token(now: datetime) -> str:
    """A fresh mark for one operation: it names the change set and stands on every event of the operation."""
    return f"{OUR_TOKEN_PREFIX}{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def running_operation(gateway: Gateway, stack: Stack) -> str:
    """The token of the operation running on a busy stack, if this command started it. Raises StackBusy otherwise."""
    latest = gateway.cloudformation.stack_events(stack.stack_id, limit=1)
    if latest and latest[-1].token.startswith(OUR_TOKEN_PREFIX):
        return latest[-1].token
    raise states.busy(stack, gateway.commands)


class NotFollowed(DeployerError):
    """An operation was started and could not be watched to its end; it goes on in AWS."""

    code = "not-followed"


class NotBegun(DeployerError):
    """An operation was ordered, and nothing shows that it began."""

    code = "not-begun"


def follow(
    gateway: Gateway, stack_id: str, token: str | None, clock: Clock = SYSTEM, after: str | None = None
) -> Iterator[StackEvent]:
    """Yield the events of the operation marked `token` in time order, and stop after its terminal event.

    The token tells which event is the first. Whatever comes after that is of the same operation up to the stack's
    terminal event, also where it bears another token, as after CancelUpdateStack: a stack has one operation at a time.
    With token None the first one comes after the event `after`. A state of the stack that is final ends it too.
    Raises NotFollowed when AWS does not let it be watched, or when it takes longer than FOLLOW_SECONDS, and NotBegun.
    """
    last, latest, final = after, clock.seconds(), 0

    def look() -> list[StackEvent]:
        nonlocal latest, final
        events = gateway.cloudformation.stack_events(stack_id, after=last, token=None if last else token)
        if events or clock.seconds() - latest < QUIET_SECONDS:
            return events
        stack = gateway.cloudformation.describe_stack(stack_id)
        if stack.status.in_progress:
            latest, final = clock.seconds(), 0
            return events
        final += 1
        return [_end(stack, last, gateway.commands, clock)] if final > 1 else []  # its event may come a moment later

    try:
        for events in polling.looks(gateway, look, FOLLOW_SECONDS, clock, polling.STEADY):
            for event in events:
                last, latest = event.event_id, clock.seconds()
                yield event
                if event.ends_operation:
                    return
    except NotBegun:
        raise
    except DeployerError as error:
        raise not_followed(gateway, stack_id, error) from error
    raise not_followed(gateway, stack_id)


def _end(stack: Stack, last: str | None, commands: CommandLine, clock: Clock) -> StackEvent:
    """The end of an operation, as the stack itself has it. Raises NotBegun where no event of the operation was seen."""
    if last is None:
        raise NotBegun(
            f"The stack {stack.name} is {stack.status}, and AWS shows no event of the operation that was ordered.",
            f"See what became of it with: {commands.deployer('events')}; then run the same command again.",
        )
    when = stack.updated or stack.created or clock.now()
    kind, name = "AWS::CloudFormation::Stack", stack.name
    return StackEvent("", stack.stack_id, name, stack.stack_id, kind, stack.status, stack.status_reason, when)


def not_followed(gateway: Gateway, stack_id: str, error: DeployerError | None = None) -> NotFollowed:
    """The error for an operation that goes on unwatched, because of `error` or because it takes too long."""
    name = stack_id.split("/")[1] if "/" in stack_id else stack_id
    commands = gateway.commands.for_stack(name)
    why = error.message if error else f"It has not ended within {FOLLOW_SECONDS / 3600:.0f} hours."
    return NotFollowed(
        f"The operation on the stack {name} continues in AWS, but could not be followed to its end: {why}",
        polling.then(error, f"follow it with: {commands.deployer('events', '--follow')}; {VERIFIES}"),
    )


def failure(events: Iterable[StackEvent], commands: CommandLine) -> Failure | None:
    """Why the operation failed, from its events; None when it succeeded.

    The cause is the first failed event in time order that was not merely cancelled because of another.
    """
    seen = list(events)
    if not seen or not seen[-1].ends_operation or seen[-1].status.succeeded:
        return None
    failed = (e for e in seen if e.status.endswith("_FAILED") and "cancelled" not in e.reason and not e.is_of_stack)
    cause = next(failed, None)
    return Failure(cause, StackStatus(seen[-1].status), _hint(cause, commands))


def _hint(cause: StackEvent | None, commands: CommandLine) -> str:
    reason = "" if cause is None else cause.reason
    called = "perform: lambda:InvokeFunction" not in reason  # the keeper itself needs no such permission
    if cause is not None and cause.resource_type.startswith("Custom::") and called:
        log = f"Its log group is KeeperLogGroup in: {commands.deployer('status')}"
        return f"The keeper, the stack's key-management function, reported this. {log}"
    if is_denial(reason) or "not authorized" in reason:
        return LACKING
    return next((hint for text, hint in _HINTS if text in reason), f"See all events: {commands.deployer('events')}")


QUOTA = "A quota of the account is reached: raise it in Service Quotas, or delete something that counts."
_HINTS = (
    (
        "already exists",
        "A resource of that name exists outside this stack: rename or remove it, then run up again.",
    ),
    *((text, QUOTA) for text in ("limit", "LimitExceeded", "Cannot exceed quota", "Maximum policy size")),
    (
        "Failed to receive",
        (
            "The instance did not report that DeepSQL answers. Its log /var/log/deepsql-install.log says why; "
            "most often the subnet has no route to the internet (NAT gateway) and no VPC endpoints."
        ),
    ),
)
