"""The read side: status, outputs, events, diff."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.grant import Grant
from generator.model.stack import Stack, StackEvent, StackResource
from generator.operations.clock import SYSTEM, Clock


@dataclass(frozen=True)
class StackReport:
    """A stack and its resources, read in two calls, and the time (UTC) at which that was.

    `paused`: whether access is paused, by the stack's record.
    """

    stack: Stack
    at: datetime
    resources: tuple[StackResource, ...] = ()
    paused: bool = False


@dataclass(frozen=True)
class TemplateDiff:
    """Differences between the deployed template and this version's, as unified diff lines."""

    stack_name: str
    lines: list[str] = field(default_factory=list)


def status(gateway: Gateway, clock: Clock = SYSTEM) -> StackReport:
    """Read the stack. Raises StackNotFound."""
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    resources = tuple(gateway.cloudformation.list_stack_resources(stack.stack_id))
    return StackReport(stack, clock.now(), resources, Grant.of(stack.parameters).paused)


def outputs(gateway: Gateway) -> Mapping[str, str]:
    """Read the stack's outputs. Raises StackNotFound."""
    return gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs


def events(gateway: Gateway, limit: int, caller: Caller, *, follow: bool = False) -> list[StackEvent]:
    """Read the latest `limit` events, in time order.

    To `follow`, the caller is shown these events and then those that come until the running operation ends.
    Raises StackNotFound, and NotFollowed when the operation goes on unwatched.
    """
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    latest = gateway.cloudformation.stack_events(stack.stack_id, limit=limit)
    if follow:
        caller.events(itertools.chain(latest, _following(gateway, latest)))
    return latest


def _following(gateway: Gateway, latest: list[StackEvent]) -> Iterator[StackEvent]:
    """The events after the latest; none when no operation is running."""
    if not latest or latest[-1].ends_operation:
        return iter(())
    from generator.operations.stack import watch  # and with it the model of plans, which no other question needs

    return watch.follow(gateway, latest[-1].stack_id, latest[-1].token or None, after=latest[-1].event_id)


def diff(gateway: Gateway) -> TemplateDiff:
    """Compare the stack's template with what an upgrade would make of it, both in the product's own layout.

    Raises StackNotFound, and DeployerError where the stack's template cannot be brought to this version.
    """
    from generator.template.adoption import adopt, same_document
    from generator.template.emit import wire
    from generator.template.layout import normal_form  # parses the deployed template, whatever it was written in

    name = gateway.deployment.stack_name
    live = gateway.cloudformation.get_template(name)
    upgraded = adopt(wire(), live).text
    if same_document(live, upgraded):
        return TemplateDiff(name)
    lines = difflib.unified_diff(
        normal_form(live).splitlines(),
        normal_form(upgraded).splitlines(),
        f"{name} (deployed)",
        "this version",
        lineterm="",
    )
    return TemplateDiff(name, list(lines))
