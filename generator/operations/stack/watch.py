"""Following an operation by its events: one call a round, until the stack's own terminal event."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator

from generator.gateway.aws import Gateway
from generator.model.plan import Failure
from generator.model.stack import StackEvent, StackStatus

Sleep = Callable[[float], None]


def waits() -> Iterator[float]:
    """Seconds between polls: quick at first, then three, so that the end is seen within three seconds."""
    return itertools.chain((1.0, 1.0, 2.0, 2.0), itertools.repeat(3.0))


def follow(
    gateway: Gateway, stack_id: str, token: str | None, sleep: Sleep = time.sleep, after: str | None = None
) -> Iterator[StackEvent]:
    """Yield the events of the operation marked `token` in time order, and stop after its terminal event.

    With token None, events are told apart by `after` alone: the id of the last one already seen.
    """
    last = after
    for wait in waits():
        for event in gateway.cloudformation.stack_events(stack_id, after=last, token=token):
            last = event.event_id
            yield event
            if event.ends_operation:
                return
        sleep(wait)


def failure(events: Iterable[StackEvent]) -> Failure | None:
    """Why the operation failed, from its events; None when it succeeded.

    The cause is the first failed event in time order that was not merely cancelled because of another.
    """
    seen = list(events)
    if not seen or not seen[-1].ends_operation or seen[-1].status.succeeded:
        return None
    failed = (e for e in seen if e.status.endswith("_FAILED") and "cancelled" not in e.reason and not e.is_of_stack)
    cause = next(failed, None)
    return Failure(cause, StackStatus(seen[-1].status), _hint(cause))


def _hint(cause: StackEvent | None) -> str:
    reason = "" if cause is None else cause.reason
    if cause is not None and cause.resource_type.startswith("Custom::"):
        return "The stack's own function, the keeper, said so; its log group is KeeperLogGroup in deployer status."
    return next((hint for text, hint in _HINTS if text in reason), "The whole story: deployer events")


_HINTS = (
    ("not authorized", "The credentials that run CloudFormation lack that permission."),
    ("AccessDenied", "The credentials that run CloudFormation lack that permission."),
    (
        "already exists",
        "Something of that name was made outside this stack: rename it or remove it, then run up again.",
    ),
    ("limit", "A quota of the account is reached: raise it under Service Quotas, or free one."),
    (
        "Failed to receive",
        (
            "The instance did not report that DeepSQL answers. Its log /var/log/deepsql-install.log says why; most "
            "often the subnet has no way out (NAT gateway or endpoints)."
        ),
    ),
    ("InstanceOrigin", "Run it again with --instance-origin new."),
)
