"""Resources that let somebody in by properties of their own, without a policy document."""

from __future__ import annotations

from collections.abc import Iterator

from generator.lint.conditions import may_not_limit
from generator.lint.policy_values import anyone, is_everything
from generator.lint.traverse import Path, Tree, mapping, resources
from generator.lint.values import NO_VALUE, Known, branches

LIMITS: dict[str, tuple[str, ...]] = {
    "AWS::Lambda::Permission": ("SourceAccount", "SourceArn", "PrincipalOrgID", "EventSourceToken"),
    "AWS::Lambda::LayerVersionPermission": ("OrganizationId",),
    "AWS::Events::EventBusPolicy": ("Condition",),
}
"""The types whose `Principal` is who may call, and the properties that limit it."""


def open_permissions(template: Tree, known: Known) -> Iterator[tuple[Path, str]]:
    """The place and the name of each that lets everyone in."""
    for name, kind, properties in resources(template):
        place: Path = ("Resources", name, "Properties", "Principal")
        here = known.at(template, place[:3])
        if kind in LIMITS and anyone(properties.get("Principal"), here) and not _is_limited(kind, properties, here):
            yield place, name


def _is_limited(kind: str, properties: Tree, known: Known) -> bool:
    return not all(_may_not_limit(properties.get(key), known) for key in LIMITS[kind])


def _may_not_limit(value: object, known: Known) -> bool:
    """Whether what would limit may be absent, or fit everything."""
    for branch, inner in branches(value, known):
        condition = mapping(branch)
        if branch is None or branch == NO_VALUE or is_everything(branch, inner):
            return True
        if "Type" in condition:  # of an event bus: one key of a condition, in its parts
            return may_not_limit(
                {str(condition["Type"]): {str(condition.get("Key")): condition.get("Value")}}, inner, caller=True
            )
    return False
