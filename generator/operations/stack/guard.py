"""A change set held against what was asked: what may be touched, what may be lost. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from generator.errors import Refused
from generator.model import contract
from generator.model.change_set import Change, harmless_echoes
from generator.model.command_line import CommandLine
from generator.model.up import Objection, UpPlan, UpRequest

# Losing one of these loses data or evidence, whatever its logical id is called.
PROTECTED_TYPES = frozenset(
    {
        "AWS::EC2::Instance",
        "AWS::EC2::Volume",
        "AWS::KMS::Key",
        "AWS::SecretsManager::Secret",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
    }
)

OUTSIDE = "is not part of this request"
LOST = "and its data would be lost"
REREAD = "would have its image looked up again, which may replace it"
GARBLED = "would be written with ? for characters that AWS does not give back"
REOPENS = "would permit access again that was stopped directly"

Guard = Callable[[Change, UpRequest], str]


def outside_scope(change: Change, request: UpRequest) -> str:
    """Refuse what a scoped request (a support flip, a grant) does not name."""
    return OUTSIDE if _is_scoped(change, request) and change.logical_id not in (request.scope or ()) else ""


def more_of_a_shared_resource(change: Change, request: UpRequest) -> str:
    """Refuse to a scoped request more of the shared key than its policy."""
    only = _SHARED.get(change.logical_id)
    if only is None or not _is_scoped(change, request):
        return ""
    in_place = change.action == "Modify" and not change.loses
    return "" if in_place and set(change.properties) <= only else OUTSIDE


def would_permit_what_was_stopped(change: Change, request: UpRequest) -> str:
    """Refuse to write a policy from which a pause or revocation took the vendor, before the stack agrees with it."""
    return REOPENS if change.logical_id in request.stopped and not change.removes else ""


def would_be_removed(change: Change, request: UpRequest) -> str:
    """Refuse the removal of what holds state or evidence, unless the request names it."""
    return f"would be removed, {LOST}" if _protected(change, request) and change.removes else ""


def would_be_replaced(change: Change, request: UpRequest) -> str:
    """Refuse a certain or possible replacement of the same, and an action that is not known."""
    replaced = change.loses and not change.removes
    return f"would be replaced, {LOST}" if _protected(change, request) and replaced else ""


def would_reread_the_image(change: Change, request: UpRequest) -> str:
    """Refuse any touch of an instance whose image is a dynamic reference; a change set does not show what it gives."""
    return REREAD if change.logical_id in request.untouchable and change.touches_properties else ""


def would_write_what_was_lost(change: Change, request: UpRequest) -> str:
    """Refuse any touch of what is only carried over, where a `?` in it may have been another character."""
    return GARBLED if change.logical_id in request.garbled and change.touches_properties else ""


GUARDS: tuple[Guard, ...] = (
    outside_scope,
    more_of_a_shared_resource,
    would_permit_what_was_stopped,
    would_reread_the_image,
    would_write_what_was_lost,
    would_be_removed,
    would_be_replaced,
)
"""Every reason to refuse a change, the first that applies being named. Applied by `objections` alone."""

_SHARED = {str(key): value for key, value in contract.SUPPORT_MODIFIED_ONLY.items()}


def objections(changes: Iterable[Change], request: UpRequest) -> tuple[Objection, ...]:
    """Every change that goes beyond the request, with the reason; empty when the plan may be executed."""
    listed = list(changes)
    echoes = harmless_echoes(listed)
    judged = ((change, _reason(change, request)) for change in listed if change.logical_id not in echoes)
    return tuple(Objection(change, reason) for change, reason in judged if reason)


def _reason(change: Change, request: UpRequest) -> str:
    return next((reason for guard in GUARDS if (reason := guard(change, request))), "")


def _is_scoped(change: Change, request: UpRequest) -> bool:
    """Whether the request has a scope, and the change touches a live resource that is not named as an exception."""
    excused = change.logical_id in request.allow_replacement
    return request.scope is not None and change.touches_properties and not excused


def _protected(change: Change, request: UpRequest) -> bool:
    listed = change.resource_type in PROTECTED_TYPES or change.logical_id in contract.PROTECTED_RESOURCES
    return listed and change.logical_id not in request.named | request.allow_replacement


def require_no_objection(plan: UpPlan, commands: CommandLine) -> None:
    """Raise Refused (exit 3) naming the first objection and the way on; one that costs data before others.

    What was not asked for comes with a scoped change where the stack's template is not this version's.
    """
    if not plan.objections:
        return
    first = min(plan.objections, key=lambda objection: not _loses_data(objection.change))
    others = len(plan.objections) - 1
    more = f" ({others} more)" if others else ""
    name = first.change.logical_id
    raise Refused(
        f"Nothing was changed: {name} ({first.change.resource_type}) {first.reason}{more}.",
        _next_step(first, commands),
        code="access-stopped" if first.reason == REOPENS else "replacement-refused",
    )


def _loses_data(change: Change) -> bool:
    return change.loses and change.resource_type in PROTECTED_TYPES


def _next_step(objection: Objection, commands: CommandLine) -> str:
    if objection.reason == OUTSIDE:
        return f"Upgrade the stack to this version's template first: {commands.deployer('upgrade')}"
    if objection.reason == REOPENS:
        pause, revoke = commands.deployer("access", "pause"), commands.deployer("access", "revoke", "--all")
        return f"Bring the stack up to date with the stop first, then run this again: {pause}\nOr: {revoke}"
    if objection.reason == GARBLED:
        again = commands.deployer("upgrade", "--plan")
        return (
            "Leave out the values that reach it. If it says so without them, write those characters in the stack's own "
            f'template as escapes, such as "\\u00e9", and update the stack with that first; then: {again}'
        )
    if objection.reason == REREAD:
        return "Leave out the value that reaches the instance; the same command with --plan shows what each one changes"
    return f"If that is what you want, allow it: --allow-replacement {objection.change.logical_id}"
