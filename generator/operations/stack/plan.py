"""plan_up: what would change, as a value. Only a change set is made, and it is thrown away when not wanted."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from generator.errors import DeployerError, StackBusy, UsageError
from generator.gateway.aws import Gateway
from generator.model import options
from generator.model.changeset import ChangeSet, ChangeSetRequest
from generator.model.plan import UpPlan, UpRequest
from generator.model.stack import Stack
from generator.operations import polling
from generator.operations.polling import Clock
from generator.operations.stack import end_access, guard, parameters, states, stopped_access, support, support_grant

CHANGE_SET_SECONDS = 900.0
"""How long CloudFormation may take to work a change set out; it takes seconds."""


@dataclass(frozen=True)
class _Source:
    """Where the template comes from: our own text, or None for the one the stack has."""

    body: str | None
    keys: frozenset[str]


def new_token() -> str:
    """A fresh mark for one operation: it names the change set and stands on every event of the operation."""
    return f"{states.OUR_TOKEN_PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def plan_up(gateway: Gateway, request: UpRequest) -> UpPlan:
    """Work out what `request` would change. Raises StackBusy, UsageError and the errors of operations.stack.states."""
    return plan_from(gateway, request, gateway.cloudformation.find_stack(gateway.deployment.stack_name))


def plan_from(gateway: Gateway, request: UpRequest, stack: Stack | None) -> UpPlan:
    """The same for a stack already looked at, so that a command describes it once."""
    planned = _plan(gateway, request, stack)
    with discarded_on_error(gateway, planned):
        return replace(
            planned,
            found=stack,
            leaving=end_access.find(gateway, planned.changes),
            notes=support_grant.notes(gateway, request.given, stack, datetime.now(UTC)),
        )


def _plan(gateway: Gateway, request: UpRequest, stack: Stack | None) -> UpPlan:
    if stack is not None:
        states.require_updatable(stack)
        if _settled_without_asking(request, stack):
            return _nothing(stack)
    source = _source(request, stack)
    given = _with_origin(request, stack, source) | support_grant.carried(request.given, stack, datetime.now(UTC))
    refuse_missing(request, stack)
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    support.refuse_grade_alone({**known, **given})
    if stack is not None and source.body is not None and _is_current(gateway, stack, source.body, given):
        return _nothing(stack)
    return _plan_by_change_set(gateway, request, stack, source, given)


def parameters_only(request: UpRequest, stack: Stack) -> bool:
    """Whether the stack's own template serves: values were given, all of them known to it, and no upgrade asked."""
    return bool(request.given) and not request.upgrade and all(key in stack.parameters for key in request.given)


def refuse_missing(request: UpRequest, stack: Stack | None) -> None:
    """Raise UsageError naming the required parameters that nobody provides."""
    absent = parameters.missing(options.REQUIRED, request.given, stack)
    if absent:
        wanted = " ".join(f"{options.option(key)} …" for key in absent)
        raise UsageError(
            f"The stack needs {', '.join(absent)} and nothing says what to use.",
            f"Give: {wanted}",
            code="missing-parameter",
        )


def _settled_without_asking(request: UpRequest, stack: Stack) -> bool:
    return (
        not stack.status.only_planned
        and parameters_only(request, stack)
        and parameters.already_so(request.given, stack)
    )


def _nothing(stack: Stack) -> UpPlan:
    return UpPlan(stack.name, stack.stack_id, creates=False, change_set=None, token="", stack=stack)


def _source(request: UpRequest, stack: Stack | None) -> _Source:
    if stack is not None and not stack.status.only_planned and parameters_only(request, stack):
        return _Source(None, frozenset(stack.parameters))
    from generator.template.emit import emit  # troposphere costs 50 ms: only where a template is needed

    return _Source(emit("yaml"), frozenset(options.PARAMETERS))


def _with_origin(request: UpRequest, stack: Stack | None, source: _Source) -> dict[str, str]:
    """Say where the instance comes from whenever our template meets a stack that does not say it yet."""
    given = dict(request.given)
    if source.body is None or "InstanceOrigin" in given:
        return given
    if stack is None or stack.status.only_planned:
        given["InstanceOrigin"] = "new"
    elif "InstanceOrigin" not in stack.parameters:
        given["InstanceOrigin"] = "published"
    return given


def _is_current(gateway: Gateway, stack: Stack, body: str, given: dict[str, str]) -> bool:
    """Decide a no-op before anything is written: same template text, same values (two calls in all)."""
    if stack.status.only_planned or not parameters.already_so(given, stack):
        return False
    return gateway.cloudformation.get_template(stack.stack_id).strip() == body.strip()


def _plan_by_change_set(
    gateway: Gateway, request: UpRequest, stack: Stack | None, source: _Source, given: dict[str, str]
) -> UpPlan:
    token, creates = new_token(), stack is None or stack.status.only_planned
    wanted = ChangeSetRequest(
        stack_name=gateway.deployment.stack_name,
        name=token,
        creates=creates,
        template_body=source.body,
        parameters=parameters.choose(given, stack, source.keys),
        description=request.why,
    )
    change_set_id = gateway.cloudformation.create_change_set(wanted)
    with _dropped_on_error(gateway, change_set_id, wanted.stack_name if creates else "", token):
        change_set = wait_for_change_set(gateway, change_set_id)
        request = _with_stopped(gateway, request, stack, change_set)
    if change_set.empty:
        gateway.cloudformation.delete_change_set(change_set.change_set_id)
    return UpPlan(
        stack_name=wanted.stack_name,
        stack_id=change_set.stack_id,
        creates=creates,
        change_set=None if change_set.empty else change_set,
        token=token,
        given=tuple(sorted(request.given)),
        template="unchanged" if source.body is None else "new",
        objections=guard.objections(change_set.changes, request),
        protect=creates,
        stack=stack if change_set.empty else None,
    )


def _with_stopped(gateway: Gateway, request: UpRequest, stack: Stack | None, change_set: ChangeSet) -> UpRequest:
    """The request with what was stopped directly, which only the verbs of `access` may permit again."""
    if request.by_access or stack is None or stack.status.only_planned:
        return request
    now = datetime.now(UTC)
    return replace(request, stopped=stopped_access.find(gateway, stack, request.given, change_set.changes, now))


def wait_for_change_set(gateway: Gateway, change_set_id: str, clock: Clock | None = None) -> ChangeSet:
    """Wait until CloudFormation has worked the change set out. Raises DeployerError when it could not do so in time."""

    def look() -> ChangeSet:
        return gateway.cloudformation.describe_change_set(change_set_id)

    for change_set in polling.looks(gateway, look, CHANGE_SET_SECONDS, clock):
        if not change_set.pending:
            return _worked_out(change_set)
    raise DeployerError(
        f"CloudFormation has not worked the change set out within {CHANGE_SET_SECONDS / 60:.0f} minutes, "
        "so nothing was changed.",
        "Run it again; if it stays like this, see https://health.aws.amazon.com",
        code="change-set-timeout",
    )


def _worked_out(change_set: ChangeSet) -> ChangeSet:
    """The change set, unless it failed otherwise than by being empty. Raises DeployerError."""
    if change_set.status == "FAILED" and not change_set.empty:
        reason = change_set.status_reason.rstrip(".")
        wrong = re.search(r"for parameter name (\w+)", reason)
        another = options.another_value(wrong.group(1)) if wrong else ""
        raise DeployerError(
            f"CloudFormation could not make the change set, so nothing was changed: {reason}.",
            another or "Check the values given, and the template with: deployer lint",
            code="change-set-failed",
        )
    return change_set


def discard(gateway: Gateway, plan: UpPlan) -> None:
    """Throw a plan away: its change set, and the empty stack that planning a creation leaves in REVIEW_IN_PROGRESS."""
    if plan.change_set is not None:
        _drop(gateway, plan.change_set.change_set_id, plan.stack_id if plan.creates else "", plan.token)


@contextmanager
def discarded_on_error(gateway: Gateway, plan: UpPlan) -> Iterator[None]:
    """Throw the plan away when what is done within fails or is interrupted: nothing of it stays behind."""
    change_set_id = plan.change_set.change_set_id if plan.change_set else ""
    with _dropped_on_error(gateway, change_set_id, plan.stack_id if plan.creates else "", plan.token):
        yield


@contextmanager
def _dropped_on_error(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> Iterator[None]:
    try:
        yield
    except (DeployerError, KeyboardInterrupt) as error:
        if change_set_id and not _drop_quietly(gateway, change_set_id, made_for_it, token):
            _name_what_is_left(gateway, error, change_set_id, made_for_it)
        raise


def _drop_quietly(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> bool:
    """The same as `_drop`; False instead of an error."""
    with suppress(DeployerError):
        _drop(gateway, change_set_id, made_for_it, token)
        return True
    return False


def _name_what_is_left(gateway: Gateway, error: BaseException, change_set_id: str, made_for_it: str) -> None:
    """Add to the error how to remove what could not be removed here."""
    if isinstance(error, DeployerError):
        verb = f"delete-stack --stack-name {made_for_it}" if made_for_it else ""
        verb = verb or f"delete-change-set --change-set-name {change_set_id}"
        left = f"Its change set was left behind; remove it with: aws cloudformation {verb} --region {gateway.region}"
        error.hint = f"{error.hint.rstrip('.')}. {left}" if error.hint else left


def _drop(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> None:
    """Delete a change set, and the stack (id or name, "" for none) that is there only for it."""
    gateway.cloudformation.delete_change_set(change_set_id)
    if made_for_it:
        gateway.cloudformation.delete_stack(made_for_it, token)


def running_operation(gateway: Gateway, stack: Stack) -> str:
    """The token of the operation running on a busy stack, if this command started it. Raises StackBusy otherwise."""
    latest = gateway.cloudformation.stack_events(stack.stack_id, limit=1)
    if latest and latest[-1].token.startswith(states.OUR_TOKEN_PREFIX):
        return latest[-1].token
    raise states.busy(stack)


__all__ = ["StackBusy", "discard", "new_token", "plan_up", "running_operation", "wait_for_change_set"]
