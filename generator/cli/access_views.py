"""How the plans of `access` are shown, and what is asked about them."""

from __future__ import annotations

from typing import Any

from generator.cli import access_text, stack_text
from generator.cli.plan_view import PlanView
from generator.model.evidence import Evidence
from generator.model.up import Check
from generator.operations.access.grant_plan import AccessPlan
from generator.operations.access.key import RotatePlan
from generator.operations.access.pause import ResumePlan
from generator.operations.access.policy_attachment import Attachment
from generator.operations.access.revocation import Revocation


def _grant_question(plan: AccessPlan) -> str:
    return stack_text.action(plan.up) or "Restore the permissions boundary"


def _resume(plan: ResumePlan) -> str:
    return f"Resume support's access to the stack {plan.stack_name}"


def _rotate(plan: RotatePlan) -> str:
    return f"Rotate the support key of the stack {plan.stack_name}"


ACCESS_VIEWS: dict[type[Any], PlanView[Any]] = {
    AccessPlan: PlanView(
        access_text.plan_lines, _grant_question, action=lambda plan: f"Access to the stack {plan.access.stack.name}"
    ),
    Revocation: PlanView(lambda plan: [], access_text.revoke_action, note=access_text.revoke_note),
    ResumePlan: PlanView(lambda plan: [], _resume),
    RotatePlan: PlanView(access_text.rotate_plan_lines, _rotate, action=_rotate),
    Attachment: PlanView(
        access_text.attachment_lines, access_text.attachment_action, action=access_text.attachment_action
    ),
    Evidence: PlanView(lambda item: [access_text.evidence_line(item)]),
    Check: PlanView(lambda check: access_text.check_lines((check,))),
}
