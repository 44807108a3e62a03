"""What is said about the end of open sessions is true also where the stack's keeper cannot end them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import Session

from generator.model.policy import Policy, parse_policy
from generator.operations.access.keeper_faults import admits
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, environment, run
from tests.story.test_flip_sessions import operator_without

GRANT = ("access", "grant", "--principal", SUPPORT, "--for", "8h", "--yes")
ENDS = "the stack ends them within two minutes of the end"
GO_ON = "they go on after the end until access is revoked: "
DENY = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "ssm:Terminate*", "Resource": "*"}}


def client(service: str) -> Any:
    return Session().create_client(service)


def stopped(ids: dict[str, str]) -> None:
    client("lambda").put_function_concurrency(FunctionName=ids["KeeperFunction"], ReservedConcurrentExecutions=0)


def closed_to_the_rule(ids: dict[str, str]) -> None:
    client("lambda").remove_permission(FunctionName=ids["KeeperFunction"], StatementId=ids["AccessEndPermission"])


def without_its_policy(ids: dict[str, str]) -> None:
    client("iam").delete_role_policy(RoleName=ids["KeeperRole"], PolicyName="access-end")


def denied(ids: dict[str, str]) -> None:
    client("iam").put_role_policy(RoleName=ids["KeeperRole"], PolicyName="by-hand", PolicyDocument=json.dumps(DENY))


STATES: dict[str, tuple[Callable[[dict[str, str]], None], str, str]] = {
    "stopped": (stopped, "its reserved concurrency is 0", "aws lambda delete-function-concurrency"),
    "closed to the rule": (closed_to_the_rule, "may no longer call the function", "deployer access revoke --all"),
    "without its policy": (without_its_policy, "may not call ssm:DescribeSessions", "deployer access revoke --all"),
    "denied": (
        denied,
        "may not call ssm:TerminateSession (explicitDeny)",
        "aws iam list-role-policies --role-name",
    ),
}


@pytest.fixture
def granted(deployer: Deployer) -> Iterator[dict[str, str]]:
    """The stack's physical IDs while somebody is let in; what a test did to the keeper is undone."""
    assert deployer(*GRANT).code == 0
    ids = deployer.physical_ids()
    yield ids
    client("lambda").delete_function_concurrency(FunctionName=ids["KeeperFunction"])
    if "by-hand" in client("iam").list_role_policies(RoleName=ids["KeeperRole"])["PolicyNames"]:
        client("iam").delete_role_policy(RoleName=ids["KeeperRole"], PolicyName="by-hand")
    assert deployer("access", "revoke", "--all", "--yes").code == 0


def told(deployer: Deployer) -> tuple[str, dict[str, str]]:
    """What the vendor's text says of open sessions, and what access show warns of, by subject."""
    text = deployer("access", "confirm", "--format", "json").out
    shown = deployer("access", "show").result["findings"]
    return text, {each["subject"]: f"{each['warning']} {each['hint']}" for each in shown}


@pytest.mark.parametrize("state", STATES)
def test_sessions_that_the_keeper_cannot_end_are_said_to_go_on(
    state: str, deployer: Deployer, granted: dict[str, str]
) -> None:
    act, why, repair = STATES[state]
    text, warnings = told(deployer)
    assert ENDS in text and "sessions" not in warnings
    act(granted)
    text, warnings = told(deployer)
    assert ENDS not in text and GO_ON in text and why in text
    assert GO_ON in warnings["sessions"] and why in warnings["sessions"] and repair in warnings["sessions"]
    planned = run(*GRANT[:-3], "--for", "9h", "--plan", "--stack-name", deployer.stack_name).out
    if state == "stopped":  # the others are in what the grant writes, or known once it is written
        assert "support's open sessions go on" in planned and why in planned and repair in planned
    assert ("within two minutes" in planned) == (state != "stopped")
    again = deployer(*GRANT[:-3], "--for", "9h", "--yes")
    assert again.code == 0 and why in again.result["vendor"]["sessions"]


@pytest.mark.parametrize("action", ["events:ListTargetsByRule", "events:DescribeRule", "lambda:GetPolicy"])
def test_what_may_not_be_read_of_the_rule_promises_nothing(
    action: str, deployer: Deployer, granted: dict[str, str], sandbox_environment: dict[str, str]
) -> None:
    with environment({**sandbox_environment, **operator_without(deployer, action)}):
        text, warnings = told(deployer)
        again = deployer(*GRANT)
    unknown = "not known whether the stack ends them"
    assert ENDS not in text and unknown in text and action in warnings["sessions"]
    assert unknown in again.result["vendor"]["sessions"] and ENDS not in again.out


RULE = "arn:aws:events:us-east-1:111122223333:rule/end"


@pytest.mark.parametrize(
    ("principal", "more", "answer"),
    [
        ({"Service": "events.amazonaws.com"}, {"Condition": {"ArnLike": {"AWS:SourceArn": RULE}}}, True),
        ({"Service": "events.amazonaws.com"}, {}, True),
        ({"Service": "events.amazonaws.com"}, {"Condition": {"ArnLike": {"AWS:SourceArn": RULE + "-other"}}}, False),
        ({"Service": "sns.amazonaws.com"}, {}, False),
        ({"Service": "events.amazonaws.com"}, {"Action": "lambda:UpdateFunctionCode"}, False),
        ({"Service": "events.amazonaws.com"}, {"Effect": "Deny"}, False),
    ],
)
def test_only_a_statement_for_the_rule_lets_it_call_the_keeper(
    principal: dict[str, str], more: dict[str, object], answer: bool
) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "lambda:InvokeFunction", **more}
    assert admits(parse_policy({"Statement": [statement]}), RULE) is answer
    assert not admits(Policy(), RULE)
