"""The key's rotation schedule that a person set (`access rotate --every`), kept through an update that resets it.

CloudFormation writes a rotation schedule when its part of the template changes, and writes the template's days then
(docs/decisions/0016). A person's days are those that differ from the days in the template the stack has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.model.contract import Resource
from generator.model.up import Check, RotationSchedule, UpPlan


def find(gateway: Gateway, plan: UpPlan) -> RotationSchedule | None:
    """The schedule that this plan would reset; None where it does not touch it. At most two calls."""
    touched = [c for c in plan.changes if c.logical_id == Resource.SUPPORT_KEY_ROTATION and c.action == "Modify"]
    if not touched:
        return None
    arn = touched[0].physical_id  # a schedule's Ref is its secret's ARN
    days = gateway.secretsmanager.describe_secret(arn).rotation_days
    return None if days in (0, _template_days(gateway, plan)) else RotationSchedule(arn, days)


@contextmanager
def named_when_lost(gateway: Gateway, schedule: RotationSchedule | None) -> Iterator[None]:
    """Have an error that keeps us from restoring the schedule say how to set it again."""
    try:
        yield
    except DeployerError as error:
        if schedule is None:
            raise
        again = _set_again(gateway, schedule)
        also = f"Set the key's rotation every {schedule.days} days again with: {again}"
        raise error.explained(also=also) from error


def restore(gateway: Gateway, schedule: RotationSchedule | None) -> tuple[Check, ...]:
    """Set the schedule again, without a rotation now, and read it back."""
    if schedule is None:
        return ()
    try:
        gateway.secretsmanager.rotate_secret(schedule.arn, every_days=schedule.days, now=False)
    except AwsError as error:
        if error.transient:
            raise
        again = _set_again(gateway, schedule)
        return (Check("rotation of the key", False, f"{error.message} Set it again with: {again}"),)
    days = gateway.secretsmanager.describe_secret(schedule.arn).rotation_days
    return (Check("rotation of the key", days == schedule.days, f"every {days} days"),)


def _set_again(gateway: Gateway, schedule: RotationSchedule) -> str:
    """The command that sets the schedule again."""
    return gateway.commands.deployer("access", "rotate", "--every", f"{schedule.days}d")


def _template_days(gateway: Gateway, plan: UpPlan) -> int:
    """The days in the template the stack has now; 0 where it says none."""
    days = re.search(r'AutomaticallyAfterDays"?:\s*"?(\d+)', gateway.cloudformation.get_template(plan.stack_id))
    return int(days[1]) if days else 0
