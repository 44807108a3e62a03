"""Which resources an update needs as the stack made them: CloudFormation would fail on one that somebody has deleted.

Asked once the changes are known, and only about what they touch: most updates touch none of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.gateway.aws import Gateway
from generator.model.change_set import Change
from generator.model.contract import Parameter, Resource
from generator.model.resource_state import BrokenResource
from generator.model.up import UpPlan, UpRequest
from generator.operations import resource_states
from generator.operations.resource_states import Question

MODIFIED: dict[str, tuple[Question, ...]] = {
    Resource.STACK_KEY: (resource_states.key,),
    Resource.SESSION_LOG_GROUP: (resource_states.session_log_group, resource_states.unused_log_group),
    Resource.SUPPORT_USER: (resource_states.support_user,),
    Resource.SUPPORT_USER_POLICY: (resource_states.support_user,),
    Resource.SUPPORT_ROLE: (resource_states.support_role,),
    Resource.SUPPORT_ROLE_POLICY: (resource_states.support_role,),
    Resource.SUPPORT_SECRET: (resource_states.support_secret, resource_states.key),
    Resource.SUPPORT_SECRET_POLICY: (resource_states.support_secret,),
    Resource.SUPPORT_KEY: (
        *(resource_states.support_user, resource_states.support_secret, resource_states.key),
        resource_states.keeper,
    ),
    Resource.INSTANCE: (resource_states.instance,),
}
"""What has to be there for a resource to be changed in place."""
ADDED: dict[str, tuple[Question, ...]] = {
    Resource.SUPPORT_SECRET: (resource_states.key,),
    Resource.SUPPORT_KEY: (resource_states.keeper,),
}
"""What has to be there for a resource to be added."""
AT_REST = (resource_states.key, resource_states.support_secret, resource_states.keeper)
"""What an upgrade with nothing to do looks at: CloudFormation says of none of these that somebody has disabled it."""
ASKED_FOR: dict[str, Question] = {
    Parameter.CREATE_SUPPORT_USER: resource_states.support_user,
    Parameter.CREATE_SUPPORT_ROLE: resource_states.support_role,
}
"""What a request asks for that the stack has already, as it says."""


def require(gateway: Gateway, plan: UpPlan, request: UpRequest) -> UpPlan:
    """The plan. Raises Refused while a resource that it needs cannot be updated; with `plan_only` that is a note."""
    broken = tuple(each for each in _broken(gateway, plan, request) if each.stops_update)
    if broken and not request.plan_only:
        raise resource_states.refusal(broken, "Nothing was changed.")
    others = tuple(each for each in _at_rest(gateway, plan, request) if each not in broken)
    return replace(plan, notes=(*plan.notes, *(f"{each.sentence} {each.hint}" for each in (*broken, *others))))


def _at_rest(gateway: Gateway, plan: UpPlan, request: UpRequest) -> tuple[BrokenResource, ...]:
    """What no update would have touched, where there is none: "up to date" must not sound like "all is well".

    A pipeline runs `up` over and over with the same values, so it stays at two calls; `upgrade` and `doctor` say it.
    """
    if plan.change_set is not None or plan.stack is None or not request.upgrade:
        return ()
    return resource_states.find(gateway, plan.stack, AT_REST)


def _broken(gateway: Gateway, plan: UpPlan, request: UpRequest) -> tuple[BrokenResource, ...]:
    stack = plan.stack_before or plan.stack
    if stack is None or plan.creates:
        return ()
    questions = dict.fromkeys([*_of_changes(plan.changes), *_of_request(plan, request)])
    return resource_states.find(gateway, stack, questions)


def _of_changes(changes: tuple[Change, ...]) -> Iterator[Question]:
    for change in changes:
        if change.removes and change.logical_id == Resource.SUPPORT_KEY:  # the keeper removes the user's keys
            yield resource_states.keeper
        elif change.action == "Modify" and not change.echo_of:
            yield from MODIFIED.get(change.logical_id, ())
        elif change.action == "Add":
            yield from ADDED.get(change.logical_id, ())


def _of_request(plan: UpPlan, request: UpRequest) -> Iterator[Question]:
    """A flip to Yes that finds nothing to change: what is asked for is there, if nobody has deleted it."""
    if plan.change_set is None:
        yield from (question for key, question in ASKED_FOR.items() if request.given.get(key) == "Yes")
