"""How each plan is shown and what is asked about it: the one table from a plan's type to its words."""

from __future__ import annotations

from typing import Any

from generator.cli import db_text, publish_text, session_text, stack_text
from generator.cli.plan_view import PlanView
from generator.model.connect import ConnectPlan
from generator.model.database_changes import BootstrapPlan, DropUserPlan, EndSessionPlan, ListedUsersPlan, ShutOutPlan
from generator.model.database_client import Connected, OpenTunnel, UnnamedDatabase
from generator.model.down import DownPlan
from generator.model.first_up import DefaultsPlan
from generator.model.kubectl import KubectlPlan
from generator.model.network import PublicSubnet
from generator.model.preferences import PreferencesPlan
from generator.model.recovery import RecoveryGroup
from generator.model.release import PublishPlan
from generator.model.run_command import CommandRequest, HostProgress
from generator.model.session import EndPlan
from generator.model.up import UpPlan


def view_of(plan: object) -> PlanView[Any]:
    """The view of this plan's type. A type that is not in the tables is a defect (KeyError)."""
    if (view := VIEWS.get(type(plan))) is not None:
        return view
    from generator.cli.access_views import ACCESS_VIEWS  # only here: it loads the verbs of `access`

    return ACCESS_VIEWS[type(plan)]


def _delete_stack(plan: DownPlan) -> str:
    return f"Delete the stack {plan.stack_name}"


def _use_public_subnet(plan: PublicSubnet) -> str:
    return f"Put the instance into the subnet {plan.subnet_id} anyway"


VIEWS: dict[type[Any], PlanView[Any]] = {
    DownPlan: PlanView(
        stack_text.down_plan_lines, _delete_stack, action=_delete_stack, typed_name=lambda plan: plan.stack_name
    ),
    UpPlan: PlanView(stack_text.up_plan_lines, stack_text.question, action=stack_text.action),
    DefaultsPlan: PlanView(stack_text.defaults_lines),
    PublicSubnet: PlanView(stack_text.public_subnet_lines, _use_public_subnet),
    RecoveryGroup: PlanView(stack_text.recovery_change_lines),
    PreferencesPlan: PlanView(
        session_text.preference_plan_lines,
        lambda plan: "Change the session preferences for everybody",
        action=lambda plan: "Change the session preferences",
    ),
    BootstrapPlan: PlanView(
        db_text.bootstrap_plan_lines, db_text.bootstrap_question, action=db_text.bootstrap_question
    ),
    ListedUsersPlan: PlanView(
        db_text.listed_users_plan_lines, db_text.listed_users_question, action=db_text.listed_users_question
    ),
    DropUserPlan: PlanView(db_text.drop_user_plan_lines, db_text.drop_user_question, action=db_text.drop_user_question),
    ShutOutPlan: PlanView(db_text.shut_out_plan_lines, db_text.shut_out_question, action=db_text.shut_out_question),
    EndSessionPlan: PlanView(db_text.end_session_lines, db_text.end_session_question),
    ConnectPlan: PlanView(session_text.opening_lines),
    CommandRequest: PlanView(session_text.run_script_lines, action=session_text.run_action),
    KubectlPlan: PlanView(
        session_text.kubectl_plan_lines, session_text.kubectl_action, action=session_text.kubectl_action
    ),
    HostProgress: PlanView(session_text.progress_lines),
    EndPlan: PlanView(session_text.end_plan_lines, session_text.end_question),
    Connected: PlanView(db_text.connected_lines),
    UnnamedDatabase: PlanView(db_text.unnamed_database_lines),
    OpenTunnel: PlanView(db_text.tunnel_lines),
    PublishPlan: PlanView(publish_text.plan_lines, publish_text.action, action=publish_text.action),
}
