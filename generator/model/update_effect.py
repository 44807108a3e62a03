"""What an update of a property does to a resource, where CloudFormation leaves it open.

CloudFormation calls a property conditional when it depends on the resource whether a change of it replaces the resource
(conditionalCreateOnlyProperties of the resource's schema). A change set then says Conditional, whatever the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum


class Replacement(Enum):
    """Whether a resource would be made anew. Values AWS adds later count as CONDITIONAL."""

    NO = "no"
    CONDITIONAL = "conditional"
    YES = "yes"

    @classmethod
    def of(cls, value: str | None) -> Replacement:
        """From ResourceChange.Replacement: True, False, Conditional, or absent (add, remove)."""
        return {None: cls.NO, "": cls.NO, "False": cls.NO, "True": cls.YES}.get(value, cls.CONDITIONAL)


class Effect(Enum):
    """What happens to a resource that stays."""

    IN_PLACE = "changed in place"
    INTERRUPTION = "stopped and started"


EFFECTS: Mapping[tuple[str, str], Effect] = {
    ("AWS::EC2::Instance", "InstanceType"): Effect.INTERRUPTION,
    ("AWS::EC2::Instance", "EbsOptimized"): Effect.INTERRUPTION,
    ("AWS::EC2::Instance", "UserData"): Effect.INTERRUPTION,
    ("AWS::EC2::Instance", "SecurityGroupIds"): Effect.IN_PLACE,
    ("AWS::SSM::Document", "Content"): Effect.IN_PLACE,
}
"""The conditional properties whose condition is known here; any other one may replace its resource.

An instance of an allowed type has its root volume in EBS and runs in a VPC: only without either is it replaced
(CloudFormation template reference, AWS::EC2::Instance, "Update requires"). A document's is in `_CONDITIONS`.
"""

_CONDITIONS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("AWS::SSM::Document", "Content"): ("UpdateMethod", "NewVersion")
}
"""What another property must be after the update for that effect (template reference, AWS::SSM::Document)."""


@dataclass(frozen=True)
class Touched:
    """A property that a change set lists: its name ("" for another attribute) and its RequiresRecreation."""

    name: str
    recreation: str


def judge(
    resource_type: str, stated: Replacement, touched: Iterable[Touched], after: Mapping[str, object]
) -> tuple[Replacement, bool]:
    """Whether a modified resource is replaced, and whether it is interrupted where it is not.

    `stated` is CloudFormation's word, `after` the resource's properties after the update as far as they are known.
    """
    listed = list(touched)
    open_ones = [each for each in listed if each.recreation != "Never"]
    effects = [_effect(resource_type, each, after) for each in open_ones]
    if stated is Replacement.CONDITIONAL and effects and all(effects):
        return Replacement.NO, Effect.INTERRUPTION in effects
    return stated, False


def _effect(resource_type: str, touched: Touched, after: Mapping[str, object]) -> Effect | None:
    key = (resource_type, touched.name)
    if touched.recreation != "Conditionally":
        return None
    name, wanted = _CONDITIONS.get(key, ("", ""))
    return EFFECTS.get(key) if not name or after.get(name) == wanted else None
