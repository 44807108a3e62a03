"""A change set held against what was asked: what may be touched, what may be lost. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from generator.errors import Refused
from generator.model import contract
from generator.model.changeset import Change, harmless_echoes
from generator.model.plan import Objection, UpPlan, UpRequest

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

OUTSIDE = "is not part of what was asked"


def objections(changes: Iterable[Change], request: UpRequest) -> tuple[Objection, ...]:
    """Every change that goes beyond the request, with the reason; empty when the plan may be executed."""
    listed = list(changes)
    echoes = harmless_echoes(listed)
    judged = ((change, _reason(change, request)) for change in listed if change.logical_id not in echoes)
    return tuple(Objection(change, reason) for change, reason in judged if reason)


def _reason(change: Change, request: UpRequest) -> str:
    if change.logical_id in request.allow_replacement:
        return ""
    if request.scope is not None and not _within(change, request.scope):
        return OUTSIDE
    if change.logical_id in request.named:
        return ""
    if _protected(change) and (change.removes or change.loses):
        return f"would be {'removed' if change.removes else 'replaced'}, and what it holds would be lost"
    return ""


def _protected(change: Change) -> bool:
    return change.resource_type in PROTECTED_TYPES or change.logical_id in contract.PROTECTED_RESOURCES


def _within(change: Change, scope: frozenset[str]) -> bool:
    """A narrow operation touches what it names, and of the shared key no more than its policy."""
    if not change.touches_properties:
        return True
    only = {str(key): value for key, value in contract.SUPPORT_MODIFIED_ONLY.items()}.get(change.logical_id)
    if only is not None and change.logical_id in scope:
        return change.action == "Modify" and not change.loses and set(change.properties) <= only
    return change.logical_id in scope


def require_no_objection(plan: UpPlan) -> None:
    """Raise Refused (exit 3) naming the first objection and the way on.

    What was not asked for comes with a narrow change where the stack's template is not this version's.
    """
    if not plan.objections:
        return
    first, *others = plan.objections
    more = f" ({len(others)} more)" if others else ""
    name = first.change.logical_id
    raise Refused(
        f"Nothing was changed: {name} ({first.change.resource_type}) {first.reason}{more}.",
        f"Bring the stack to this version's template first: deployer up --upgrade --stack-name {plan.stack_name}"
        if first.reason == OUTSIDE
        else f"If that is what you want, say so: --allow-replacement {name}",
        code="replacement-refused",
    )
