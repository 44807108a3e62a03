"""down: plan, show, ask, delete, follow, in this order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from generator.errors import Declined, StackNotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.down import DownPlan
from generator.operations.stack import down as module
from generator.operations.stack.down import down
from tests.verbs.conftest import NotingCaller

NOTHING: frozenset[str] = frozenset()


def test_it_shows_asks_and_deletes_in_this_order(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    result = down(gateway, NOTHING, caller)
    order = ["show DownPlan", "confirm DownPlan", "UpdateTerminationProtection", "DeleteStack", "events"]
    assert caller.journal == order
    (plan,) = caller.shown
    assert isinstance(plan, DownPlan) and result.removed == len(plan.lost) > 10
    assert sorted(each.name.split()[0] for each in result.retained) == ["KMS", "log", "log", "volume"]
    groups = {each.name.split()[-1] for each in result.retained if each.name.startswith("log")}
    assert all(gateway.logs.find_log_group(name) for name in groups), "the record of revocations outlives the stack"
    with pytest.raises(StackNotFound):
        gateway.cloudformation.describe_stack(result.stack_name)


def test_who_declines_keeps_stack_and_protection(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    caller.declines = True
    with pytest.raises(Declined):
        down(gateway, NOTHING, caller)
    assert caller.journal == ["show DownPlan", "confirm DownPlan"]
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    assert stack.status == "CREATE_COMPLETE" and stack.termination_protection


def test_a_wrong_request_is_refused_before_anything_is_shown(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    with pytest.raises(StackNotFound):
        down(gateway, NOTHING, caller)
    create()
    caller.journal.clear()
    with pytest.raises(UsageError, match="CREATE_COMPLETE"):
        down(gateway, frozenset({"DeepSQLInstance"}), caller)
    assert caller.journal == []


def test_a_deletion_that_runs_is_joined_without_a_question(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    create()
    planned = module.plan_down(gateway)
    gateway.cloudformation.update_termination_protection(planned.stack_id, False)
    gateway.cloudformation.delete_stack(planned.stack_id, planned.token, NOTHING)
    caller.journal.clear()
    running = module.plan_down(gateway)
    assert running.joins and running.token == planned.token
    down(gateway, NOTHING, caller)
    assert caller.journal == ["show DownPlan", "events"]
