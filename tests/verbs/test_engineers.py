"""engineers: plan, show, ask, execute, follow, verify, in this order; and what a stack in another state is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.errors import Declined, DeployerError, StackBusy, StackNotFound
from generator.gateway.aws import Gateway
from generator.model.engineers import EngineersRequest
from generator.model.stack import StackStatus
from generator.model.up import UpPlan, UpResult
from generator.operations.engineers import status as other_verbs
from generator.operations.engineers.up import up
from tests.verbs.conftest import NotingCaller

PORTS = EngineersRequest({"AllowedPorts": "8080"})


def test_it_shows_asks_executes_and_asks_what_came_of_it(gateway: Gateway, caller: NotingCaller) -> None:
    result = up(gateway, PORTS, caller)
    assert caller.journal == ["CreateChangeSet", "show UpPlan", "confirm UpPlan", "ExecuteChangeSet", "events"]
    assert isinstance(result, UpResult) and result.changed
    name = f"{gateway.deployment.stack_name}-port"
    assert [(check.subject, check.holds) for check in result.checks] == [(f"document {name}", True)]
    caller.journal.clear()
    again = up(gateway, EngineersRequest(), caller)
    assert isinstance(again, UpResult) and not again.changed
    assert caller.journal == ["CreateChangeSet", "DeleteChangeSet", "show UpPlan"]


@pytest.mark.parametrize("declines", [True, False], ids=["declined", "only planned"])
def test_who_declines_or_only_plans_leaves_nothing_behind(
    declines: bool, gateway: Gateway, caller: NotingCaller
) -> None:
    caller.declines = declines
    if declines:
        with pytest.raises(Declined):
            up(gateway, PORTS, caller)
    else:
        assert isinstance(up(gateway, replace(PORTS, plan_only=True), caller), UpPlan)
        assert "confirm UpPlan" not in caller.journal
    assert gateway.cloudformation.find_stack(gateway.deployment.stack_name) is None


def test_a_document_that_is_not_there_afterwards_is_a_check_that_fails(
    gateway: Gateway, caller: NotingCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(gateway.ssm), "find_document", lambda self, name: None)
    result = up(gateway, PORTS, caller)
    assert isinstance(result, UpResult) and [check.holds for check in result.checks] == [False]


def test_another_tag_changes_the_policies_and_stays(gateway: Gateway, caller: NotingCaller) -> None:
    up(gateway, replace(PORTS, tag="squad"), caller)
    up(gateway, EngineersRequest({"AllowedPorts": "8081"}), caller)
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    assert (stack.outputs["TagKey"], stack.parameters["AllowedPorts"]) == ("squad", "8081")
    statements = gateway.iam.managed_policy(stack.outputs["RolesPolicyArn"]).statements
    assert any("aws:PrincipalTag/squad" in str(statement) for statement in statements)


@pytest.mark.parametrize(
    ("state", "error", "hint"),
    [
        ("UPDATE_IN_PROGRESS", StackBusy, "events --follow"),
        ("ROLLBACK_COMPLETE", DeployerError, "engineers down"),
        ("UPDATE_ROLLBACK_FAILED", DeployerError, "engineers down"),
    ],
)
def test_a_stack_in_another_state_is_not_touched(
    state: str, error: type[DeployerError], hint: str, gateway: Gateway, caller: NotingCaller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    up(gateway, PORTS, caller)
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    monkeypatch.setattr(
        type(gateway.cloudformation), "find_stack", lambda self, name: replace(stack, status=StackStatus(state))
    )
    caller.journal.clear()
    with pytest.raises(error) as refused:
        up(gateway, EngineersRequest({"AllowedPorts": "1"}), caller)
    assert hint in refused.value.hint and caller.journal == []


def test_down_shows_asks_and_deletes_and_then_there_is_nothing_to_show(gateway: Gateway, caller: NotingCaller) -> None:
    up(gateway, PORTS, caller)
    caller.journal.clear()
    result = other_verbs.down(gateway, caller)
    assert caller.journal == ["show DownPlan", "confirm DownPlan", "DeleteStack", "events"]
    assert result.removed == 5 and result.retained == ()
    with pytest.raises(StackNotFound):
        other_verbs.status(gateway)
