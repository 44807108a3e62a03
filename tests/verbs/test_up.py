"""up and upgrade: plan, show, ask, execute, follow, verify, in this order; with a plan alone nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from generator.errors import Declined, Refused, StackNotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.network import PublicSubnet
from generator.model.up import Choice, UpPlan, UpRequest, UpResult
from generator.operations.stack.up import up, upgrade
from tests.verbs.conftest import PLACE, NotingCaller

CREATED = ["CreateChangeSet", "show UpPlan", "confirm UpPlan"]
EXECUTED = ["UpdateTerminationProtection", "ExecuteChangeSet", "events", "SetStackPolicy"]


def request(**given: str) -> UpRequest:
    return UpRequest(given=given)


def status(gateway: Gateway) -> str:
    return str(gateway.cloudformation.describe_stack(gateway.deployment.stack_name).status)


def test_it_plans_shows_asks_executes_and_follows_in_this_order(gateway: Gateway, caller: NotingCaller) -> None:
    result = up(gateway, request(**PLACE), caller)
    assert [entry for entry in caller.journal if entry != "events"] == [
        *CREATED,
        *(entry for entry in EXECUTED if entry != "events"),
    ]
    assert isinstance(result, UpResult) and result.changed and result.status == "CREATE_COMPLETE"


def test_a_plan_alone_is_returned_unshown_and_leaves_nothing(gateway: Gateway, caller: NotingCaller) -> None:
    plan = up(gateway, replace(request(**PLACE), plan_only=True), caller)
    assert isinstance(plan, UpPlan) and plan.creates and len(plan.changes) > 10
    assert caller.journal == ["CreateChangeSet", "DeleteChangeSet", "DeleteStack"]
    with pytest.raises(StackNotFound):
        status(gateway)


def test_who_declines_changes_nothing_and_leaves_no_change_set(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    caller.declines = True
    with pytest.raises(Declined):
        up(gateway, request(CreateSupportUser="No"), caller)
    assert caller.journal == [*CREATED, "DeleteChangeSet"] and status(gateway) == "CREATE_COMPLETE"


def test_what_goes_beyond_the_request_is_shown_and_not_asked(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    with pytest.raises(Refused, match="Instance"):
        up(gateway, request(ImageId="ami-0123456789abcdef0"), caller)
    assert caller.journal == ["CreateChangeSet", "show UpPlan", "DeleteChangeSet"]


def test_an_update_ends_sessions_first_and_asks_the_services_afterwards(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    result = up(gateway, request(CreateSupportUser="No"), caller)
    assert caller.journal[:3] == CREATED and "UpdateAccessKey" in caller.journal
    assert caller.journal.index("UpdateAccessKey") < caller.journal.index("ExecuteChangeSet")
    assert isinstance(result, UpResult) and len(result.checks) == 5 and all(check.holds for check in result.checks)


def test_with_nothing_to_do_that_is_shown_and_nobody_is_asked(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    caller.journal.clear()
    result = up(gateway, request(CreateSupportUser="Yes"), caller)
    assert caller.journal == ["show UpPlan"]
    assert isinstance(result, UpResult) and not result.changed


def test_what_is_missing_is_asked_for_and_a_public_subnet_confirmed(gateway: Gateway, caller: NotingCaller) -> None:
    subnets = gateway.ec2.describe_subnets(PLACE["VpcId"])
    public = next(subnet.subnet_id for subnet in subnets if subnet.is_public)
    caller.answers = {**PLACE, "SubnetId": public}
    plan = up(gateway, UpRequest(plan_only=True), caller)
    asked = [entry for entry in caller.journal if entry.startswith("value")]
    assert asked == ["value VpcId", "value SubnetId", "value AdminEmail"]
    assert caller.shown == [PublicSubnet(public)] and "confirm PublicSubnet" in caller.journal
    assert isinstance(plan, UpPlan) and plan.given == tuple(sorted(PLACE))
    assert "this creates it" in caller.sentences[0]


class Retyping(NotingCaller):
    """Mistypes every value that is typed freely, once."""

    def value(self, key: str, choices: Sequence[Choice]) -> str:
        first = f"value {key}" not in self.journal
        answer = super().value(key, choices)
        return "nobody" if first and not choices else answer


def test_a_typed_value_is_checked_when_it_is_typed(gateway: Gateway) -> None:
    caller = Retyping(answers=PLACE)
    plan = up(gateway, UpRequest(plan_only=True), caller)
    assert isinstance(plan, UpPlan) and caller.journal.count("value AdminEmail") == 2
    assert any("nobody cannot be this value" in sentence for sentence in caller.sentences)


def test_all_that_is_missing_is_named_at_once_where_nobody_can_be_asked(gateway: Gateway) -> None:
    caller = NotingCaller(interactive=False)
    with pytest.raises(UsageError) as refused:
        up(gateway, UpRequest(given={"SubnetId": PLACE["SubnetId"]}, plan_only=True), caller)
    name = gateway.deployment.stack_name
    assert refused.value.message == (
        f"There is no stack {name} in us-east-1 of this account, and a new one needs values for VpcId and AdminEmail."
    )
    assert "create it give --vpc-id and --admin-email." in refused.value.hint and PLACE["VpcId"] in refused.value.hint
    assert not caller.journal


@pytest.mark.parametrize("option", ["recreate", "continue_rollback"])
def test_an_option_for_a_failed_stack_is_not_ignored_in_silence_on_a_healthy_one(
    option: Any, gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    asked = replace(request(CreateSupportUser="Yes"), **{option: True})
    up(gateway, asked, caller)
    name = f"--{option.replace('_', '-')}"
    assert caller.sentences == [
        f"{name} is not needed: the stack {gateway.deployment.stack_name} is CREATE_COMPLETE, which can be updated."
    ]


def test_an_upgrade_needs_a_stack_and_sets_its_policy(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    with pytest.raises(StackNotFound):
        upgrade(gateway, UpRequest(), caller)
    create()
    gateway.cloudformation.set_stack_policy(gateway.deployment.stack_name, ALLOW_ALL)
    caller.journal.clear()
    result = upgrade(gateway, UpRequest(), caller)
    assert isinstance(result, UpResult) and not result.changed
    assert caller.journal == ["show UpPlan", "SetStackPolicy"]


def test_an_upgrade_planned_alone_sets_nothing(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    create()
    gateway.cloudformation.set_stack_policy(gateway.deployment.stack_name, ALLOW_ALL)
    caller.journal.clear()
    assert isinstance(upgrade(gateway, UpRequest(plan_only=True), caller), UpPlan)
    assert caller.journal == []


def test_ctrl_c_leaves_a_lifted_policy_until_the_same_command_runs_again(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    create()
    before = gateway.cloudformation.get_stack_policy(gateway.deployment.stack_name)
    asked = replace(request(ImageId="ami-0123456789abcdef0"), allow_replacement=frozenset({"Instance"}))

    def interrupted(events: Any) -> None:
        next(iter(events))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(caller, "events", interrupted)
        patch.setattr("generator.operations.stack.stack_policy._goes_on", lambda gateway, stack_id: True)
        up(gateway, asked, caller)
    lifted = gateway.cloudformation.get_stack_policy(gateway.deployment.stack_name)
    assert 'LogicalResourceId/Instance"' in before and 'LogicalResourceId/Instance"' not in lifted
    assert "stays lifted while the update goes on" in caller.sentences[-1]
    up(gateway, asked, caller)
    assert gateway.cloudformation.get_stack_policy(gateway.deployment.stack_name) == before


ALLOW_ALL = '{"Statement": [{"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}'
