"""The rhythm of the key's rotation that a person set (`access rotate --every`), through an update that resets it.

CloudFormation writes a rotation schedule when its part of the template changes, and writes the template's days then
(docs/decisions/0016). A person's days are those that differ from the days in the template the stack has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.plan import Check, UpPlan


@dataclass(frozen=True)
class Rhythm:
    """Days between two rotations, of the secret `arn`."""

    arn: str
    days: int


def find(gateway: Gateway, plan: UpPlan) -> Rhythm | None:
    """The rhythm that this plan would set back; None where it does not touch it. At most two calls."""
    touched = [c for c in plan.changes if c.logical_id == Resource.SUPPORT_KEY_ROTATION and c.action == "Modify"]
    if not touched:
        return None
    arn = touched[0].physical_id  # a schedule's Ref is its secret's ARN
    days = gateway.secretsmanager.describe_secret(arn).rotation_days
    return None if days in (0, _template_days(gateway, plan)) else Rhythm(arn, days)


@contextmanager
def named_when_lost(gateway: Gateway, kept: Rhythm | None) -> Iterator[None]:
    """Have an error that keeps us from restoring the schedule say how to set it again."""
    try:
        yield
    except DeployerError as error:
        if kept is None:
            raise
        again = gateway.command(f"access rotate --every {kept.days}d")
        also = f"Set the key's rotation every {kept.days} days again with: {again}"
        raise error.explained(also=also) from error


def restore(gateway: Gateway, kept: Rhythm | None) -> tuple[Check, ...]:
    """Set the rhythm again, without a rotation now, and read it back."""
    if kept is None:
        return ()
    try:
        gateway.secretsmanager.rotate_secret(kept.arn, every_days=kept.days, now=False)
    except AwsError as error:
        if error.transient:
            raise
        again = f"deployer access rotate --every {kept.days}d"
        return (Check("rotation of the key", False, f"{error.message} Set it again with: {again}"),)
    days = gateway.secretsmanager.describe_secret(kept.arn).rotation_days
    return (Check("rotation of the key", days == kept.days, f"every {days} days"),)


def _template_days(gateway: Gateway, plan: UpPlan) -> int:
    """The days in the template the stack has now; 0 where it says none."""
    found = re.search(r'AutomaticallyAfterDays"?:\s*"?(\d+)', gateway.cloudformation.get_template(plan.stack_id))
    return int(found[1]) if found else 0
