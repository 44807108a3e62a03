"""plan_up: what would change, as a value. Only a change set is made, and it is thrown away when not wanted."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from generator.errors import Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model import parameter_options
from generator.model.change_set import ChangeSet, ChangeSetRequest
from generator.model.contract import NO_END, RENAMED_PARAMETERS, TEMPLATE_LIMIT_BYTES, Parameter, Resource
from generator.model.signature import sha256_of
from generator.model.stack import Stack
from generator.model.up import UpPlan, UpRequest
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import (
    end_access,
    guard,
    policy_room,
    states,
    stopped_access,
    support_grant,
    support_toggle,
)
from generator.operations.stack.change_set import create, discarded_on_error, dropped_on_error, wait_for_change_set
from generator.operations.stack.missing_values import missing
from generator.operations.stack.template_source import TemplateSource, parameters_only, template_source, untouchable
from generator.operations.stack.watch import new_token

Upload = Callable[[str], str]


def plan_up(gateway: Gateway, request: UpRequest, clock: Clock = SYSTEM) -> UpPlan:
    """Work out what `request` would change. Raises StackBusy, UsageError and the errors of operations.stack.states."""
    return plan_from(gateway, request, gateway.cloudformation.find_stack(gateway.deployment.stack_name), clock)


def plan_from(
    gateway: Gateway, request: UpRequest, stack: Stack | None, clock: Clock = SYSTEM, upload: Upload | None = None
) -> UpPlan:
    """The same for a stack already looked at, so that a command describes it once.

    `upload` puts a template where CloudFormation reads it, and gives its URL.
    """
    now = clock.now()
    planned = _plan(gateway, request, stack, now, upload)
    with discarded_on_error(gateway, planned):
        return replace(
            planned,
            stack_before=stack,
            access_loss=end_access.find(gateway, planned.changes),
            notes=(*planned.notes, *support_grant.notes(gateway, request.given, stack, now)),
        )


def _plan(gateway: Gateway, request: UpRequest, stack: Stack | None, now: datetime, upload: Upload | None) -> UpPlan:
    if stack is not None:
        states.require_updatable(stack, gateway.commands, disable_rollback=request.settings.disable_rollback)
        if _settled_without_asking(request, stack):
            return _nothing(stack)
    source = template_source(gateway, request, stack)
    if stack is not None and request.asks_nothing and not stack.status.only_planned:
        states.require_updatable(stack, gateway.commands)
        if source.unchanged:
            return _nothing(stack)
        next_step = gateway.commands.deployer("upgrade", "--plan")
        return replace(_nothing(stack), upgrade_available=True, next_step=next_step)
    named = request.named | _replaced(source)
    request = replace(request, untouchable=source.untouchable, garbled=source.garbled, named=named)
    given = dict(request.given) | support_grant.carried(request.given, stack, now)
    refuse_missing(request, stack, source.keys)
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    support_toggle.refuse_level_alone({**known, **given})
    at_rest = stack is not None and stack.status.can_update
    if stack is not None and at_rest and source.unchanged and _as_asked(given, request, stack):
        return replace(_nothing(stack), policy=source.policy)
    return _plan_by_change_set(gateway, request, stack, source, given, now, upload)


def refuse_missing(request: UpRequest, stack: Stack | None, template_keys: Collection[str]) -> None:
    """Raise UsageError naming the required parameters of the template that nobody provides."""
    absent = [key for key in missing(parameter_options.REQUIRED, request.given, stack) if key in template_keys]
    if absent:
        wanted = " ".join(f"{parameter_options.option(key)} …" for key in absent)
        raise UsageError(
            f"The stack needs {', '.join(absent)}, and no value is given.",
            f"Give: {wanted}",
            code="missing-parameter",
        )


def _settled_without_asking(request: UpRequest, stack: Stack) -> bool:
    own = stack.status.can_update and parameters_only(request, stack)  # one that failed has values without effect
    return own and _as_asked(request.given, request, stack)


def _as_asked(given: Mapping[str, str], request: UpRequest, stack: Stack) -> bool:
    """Whether the stack has every value and setting already."""
    return already_so(given, stack) and not request.settings.differ(stack)


def _settings_notes(request: UpRequest, stack: Stack | None, change_set: ChangeSet) -> Iterator[str]:
    if not change_set.empty:
        yield from request.settings.notes(None if stack is None or stack.status.only_planned else stack)


def _unset_notes(request: UpRequest, stack: Stack | None, change_set: ChangeSet) -> Iterator[str]:
    if change_set.empty and stack is not None and request.settings.differ(stack):
        yield "CloudFormation sets a role or notification topics only with another change; neither was set."


def _review_notes(stack: Stack | None) -> Iterator[str]:
    if stack is not None and stack.status.only_planned:
        yield (
            f"The stack {stack.name} stood in REVIEW_IN_PROGRESS before: it was planned and not created. Creating it "
            "voids the change sets that others have made for it."
        )


def _nothing(stack: Stack) -> UpPlan:
    return UpPlan(stack.name, stack.stack_id, creates=False, change_set=None, token="", stack=stack)


def _plan_by_change_set(
    gateway: Gateway,
    request: UpRequest,
    stack: Stack | None,
    source: TemplateSource,
    given: dict[str, str],
    now: datetime,
    upload: Upload | None,
) -> UpPlan:
    token, creates = new_token(now), stack is None or stack.status.only_planned
    parameters = (
        choose(given, stack, source.keys)
        | _renewed(given, stack, source)
        | renamed(given, stack, source.keys if source.body else ())
    )
    _require_room(gateway, request, None if creates else stack, source, parameters)
    wanted = ChangeSetRequest(
        stack_name=gateway.deployment.stack_name,
        name=token,
        creates=creates,
        template_body=source.body,
        parameters=parameters,
        description=request.why,
        tags=request.settings.tags,
        role_arn=request.settings.role_arn,
        notification_arns=request.settings.notification_arns,
    )
    wanted = _within_the_call(wanted, upload)
    made_for_it = wanted.stack_name if stack is None else ""
    change_set_id = create(gateway, wanted, made_for_it)
    with dropped_on_error(gateway, change_set_id, made_for_it, token):
        change_set = wait_for_change_set(gateway, change_set_id)
        _require_as_sent(gateway, request, wanted, change_set)
        request = _with_untouchable(gateway, request, stack, source, change_set)
        request = _with_stopped(gateway, request, stack, change_set, now)
        if change_set.empty:
            gateway.cloudformation.delete_change_set(change_set.change_set_id)
            if stack is not None:  # nothing to change is no success after an update that failed
                states.require_updatable(stack, gateway.commands)
    return UpPlan(
        stack_name=wanted.stack_name,
        stack_id=change_set.stack_id,
        creates=creates,
        change_set=None if change_set.empty else change_set,
        token=token,
        given=tuple(sorted(request.given)),
        template=_template(request, source),
        objections=guard.objections(change_set.changes, request),
        protect=creates and not (stack is not None and stack.termination_protection),
        made_stack=stack is None,
        policy=source.policy,
        lifts=frozenset() if creates else request.allow_replacement | _replaced(source),
        replaces=source.replaces,
        policy_changes=source.policy_changes,
        versions=() if change_set.empty else source.versions,
        notes=(*source.notes, *_sent_notes(request, wanted), *_unset_notes(request, stack, change_set)),
        plan_notes=(*_settings_notes(request, stack, change_set), *_review_notes(stack)),
        disable_rollback=request.settings.disable_rollback,
        stack=stack if change_set.empty else None,
    )


def _require_room(
    gateway: Gateway,
    request: UpRequest,
    stack: Stack | None,
    source: TemplateSource,
    parameters: Mapping[str, str | None],
) -> None:
    """Raise Refused where a policy would be longer than AWS takes. Reads the stack's template where that is used."""
    if source.body is None and not policy_room.may_reach_a_policy(request):
        return
    known = {} if stack is None else stack.parameters
    values = {key: known.get(key, "") if value is None else value for key, value in parameters.items()}
    template = source.body or gateway.cloudformation.get_template(gateway.deployment.stack_name)
    policy_room.require_room(gateway, template, {**values, **request.room_for}, stack)


def _within_the_call(wanted: ChangeSetRequest, upload: Upload | None) -> ChangeSetRequest:
    """The request, its template uploaded where there is a bucket. Raises UsageError for one too large to be sent."""
    if wanted.template_body is None:
        return wanted
    if upload:
        return replace(wanted, template_url=upload(wanted.template_body))
    size = len(wanted.template_body.encode())
    if size > TEMPLATE_LIMIT_BYTES:
        raise UsageError(
            f"The template has {size:,} bytes, and CloudFormation takes {TEMPLATE_LIMIT_BYTES:,} in a call.",
            "Give a bucket of yours, from which CloudFormation reads it: --s3-bucket NAME",
            code="template-too-large",
        )
    return wanted


def _require_as_sent(gateway: Gateway, request: UpRequest, wanted: ChangeSetRequest, change_set: ChangeSet) -> None:
    """Raise Refused where the change set has another template than the one made of what was verified. One call.

    Of a published template that is not ASCII it can compare no more than what CloudFormation gives back.
    """
    from generator.template.lost_characters import as_given_back

    if request.template is None or wanted.template_body is None:
        return
    sent = wanted.template_body
    has = gateway.cloudformation.get_template(change_set.stack_id, change_set.change_set_id)
    if has.strip() not in (sent.strip(), as_given_back(sent).strip()):  # CloudFormation may cut white space at the ends
        raise Refused(
            "Nothing was changed: the change set's template has the SHA-256 "
            f"{sha256_of(has.encode())}, and {sha256_of(sent.encode())} was sent.",
            "Run it again. If it stays so, look at what changes calls on the way to CloudFormation.",
            code="template-changed",
        )


def _template(request: UpRequest, source: TemplateSource) -> str:
    if source.body is None:
        return "unchanged"
    return "published" if request.template is not None else "new"


def _sent_notes(request: UpRequest, wanted: ChangeSetRequest) -> Iterator[str]:
    """What was sent is not what was verified where the stack's own instance was carried over: both digests are told."""
    if request.template is not None and wanted.template_body is not None:
        sent = sha256_of(wanted.template_body.encode())
        yield f"The change set has the template that was made of it: SHA-256 {sent}."


def _replaced(source: TemplateSource) -> frozenset[str]:
    return frozenset({str(Resource.INSTANCE)} if source.replaces else ())


def _with_untouchable(
    gateway: Gateway, request: UpRequest, stack: Stack | None, source: TemplateSource, change_set: ChangeSet
) -> UpRequest:
    """The request with what it must not touch, where an update by the stack's own template turns out to touch it."""
    touched = any(change.logical_id == Resource.INSTANCE for change in change_set.changes)
    if stack is None or source.body is not None or request.untouchable or not touched:
        return request
    return replace(request, untouchable=untouchable(gateway, stack))


def _with_stopped(
    gateway: Gateway, request: UpRequest, stack: Stack | None, change_set: ChangeSet, now: datetime
) -> UpRequest:
    """The request with what was stopped directly, which only the verbs of `access` may permit again."""
    if request.by_access or stack is None or stack.status.only_planned:
        return request
    return replace(request, stopped=stopped_access.find(gateway, stack, request.given, change_set.changes, now))


def choose(given: Mapping[str, str], stack: Stack | None, template_keys: Collection[str]) -> dict[str, str | None]:
    """Map parameter keys to a value, or to None for the previous value.

    Given: the value. Untouched and known to the stack: previous, so that nothing falls back to a default.
    New in the template: left out, its default applies. Gone from the template: dropped.
    Raises UsageError for a key the template does not have. Source: CloudFormation API, Parameter.UsePreviousValue.
    """
    refuse_unknown(given, template_keys)
    known = {} if stack is None or stack.status.only_planned else stack.parameters
    chosen: dict[str, str | None] = {key: None for key in template_keys if key in known}
    chosen.update(given)
    return chosen


def _renewed(given: Mapping[str, str], stack: Stack | None, source: TemplateSource) -> dict[str, str]:
    """What a new template takes in place of a value that the stack keeps: an older one had "" for no end of access."""
    until = str(Parameter.SUPPORT_ACCESS_UNTIL)
    applies = source.body is not None and until in source.keys and until not in given
    return {until: NO_END} if applies and stack and stack.parameters.get(until) == "" else {}


def renamed(given: Mapping[str, str], stack: Stack | None, template_keys: Collection[str]) -> dict[str, str]:
    """The values of parameters that have another name in a new template. Raises UsageError for one that is masked."""
    if stack is None:
        return {}
    names = {old: new for old, new in RENAMED_PARAMETERS.items() if old in stack.parameters and new in template_keys}
    values = {new: old for old, new in names.items() if new not in given and new not in stack.parameters}
    for new, old in values.items():
        if stack.masks(old):
            raise UsageError(
                f"The parameter {old} is {new} in this version's template, and AWS does not show its value.",
                f"Give it again: {parameter_options.option(new)} …",
                code="renamed-parameter",
            )
    return {new: stack.parameters[old] for new, old in values.items()}


def refuse_unknown(given: Mapping[str, str], template_keys: Collection[str]) -> None:
    """Raise UsageError for the first given key that is not a parameter of the template."""
    for key in given:
        if key not in template_keys:
            near = difflib.get_close_matches(key, sorted(template_keys), n=1)
            hint = f"Did you mean {near[0]}?" if near else f"It has: {', '.join(sorted(template_keys))}."
            raise UsageError(f"The template has no parameter {key}.", hint, code="unknown-parameter")


def already_so(given: Mapping[str, str], stack: Stack) -> bool:
    """Whether every given value is the one the stack has; a masked (NoEcho) value can never be known to be."""
    return all(
        key in stack.parameters and not stack.masks(key) and stack.parameters[key] == v for key, v in given.items()
    )
