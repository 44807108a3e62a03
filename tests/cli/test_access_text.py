"""access show, as a person reads it: by which path somebody has access, until when."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from generator.cli.access_text import _ending_lines, grant_lines, state_lines, unchanged_line
from generator.model.access import AccessKey, AccessPolicy, AccessState
from generator.model.access_path import OtherPaths
from generator.model.command_line import CommandLine
from generator.model.contract import PAUSED
from generator.model.grant import Grant
from generator.model.policy import PolicyStatement
from generator.model.principal import parse_principal
from generator.model.stack import Stack, StackStatus
from generator.model.up import Check
from generator.operations.access.grant import GrantResult
from generator.operations.access.stack_access import StackAccess

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
VENDOR = parse_principal("arn:aws:iam::444455556666:role/support")
SECRET, ROLE = "by the secret, which holds the support user's key", "by the role, which the vendor assumes"
ROLE_POLICY = (AccessPolicy("support role"),)
GRANTED = Grant((VENDOR,))


def shown(grant: Grant, **state: object) -> dict[str, str]:
    lines = state_lines(AccessState("s", "eu-west-1", "1", "i-1", grant, at=NOW, **state))  # type: ignore[arg-type]
    return {line[:11].strip(): line[13:] for line in lines[:6]}


def key(status: str) -> tuple[AccessKey, ...]:
    return (AccessKey("AKIA1", "support", status),)


@pytest.mark.parametrize(
    ("grant", "state", "paths"),
    [
        (Grant(), {}, "none: there is neither a support user nor a support role"),
        (GRANTED, {"support_user": "u", "keys": key("Active")}, SECRET),
        (GRANTED, {"support_user": "u", "keys": key("Inactive")}, f"{SECRET}: it is inactive"),
        (GRANTED, {"support_user": "u"}, f"{SECRET}: it has none now"),
        (Grant((VENDOR,), not_before=PAUSED), {"policies": ROLE_POLICY}, f"{ROLE}: it is paused"),
        (GRANTED, {"support_user": "u", "keys": key("Active"), "policies": ROLE_POLICY}, f"{SECRET} and {ROLE}"),
        (Grant((VENDOR,), via="role"), {"support_user": "u", "keys": key("Active"), "policies": ROLE_POLICY}, ROLE),
    ],
)
def test_the_access_paths_are_shown_with_what_blocks_them(grant: Grant, state: dict[str, object], paths: str) -> None:
    assert shown(grant, **state)["access path"] == paths


def test_the_end_is_shown_with_how_far_it_is() -> None:
    grant = Grant((VENDOR,), NOW + timedelta(hours=2))
    assert shown(grant, ends=(grant.until,))["until"] == "2026-01-01T14:00:00Z (in 2 h 00 min)"
    assert shown(Grant((VENDOR,), NOW))["until"] == "2026-01-01T12:00:00Z (over)"
    assert shown(Grant((VENDOR,)))["until"] == "no end"


@pytest.mark.parametrize("ends", [(), (None,), (NOW,), (NOW, None)])
def test_granted_to_nobody_it_names_no_end_and_what_a_grant_would_open(ends: tuple[datetime | None, ...]) -> None:
    rows = shown(Grant(reason="T-1"), support_user="u", ends=ends)
    assert rows["reason"] == "T-1 (of the last grant)"
    assert rows["granted to"] == "nobody" and rows["until"] == "-"
    assert rows["access path"] == f"none by a grant; one would open it {SECRET}"


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        (Grant(), "Nobody has access to the stack s: nothing to change."),
        (Grant((VENDOR,)), "They already have this access, without an end: nothing to change."),
        (Grant((VENDOR,), NOW), "They already have this access, until 2026-01-01T12:00:00Z: nothing to change."),
    ],
)
def test_a_grant_that_changes_nothing_says_until_when_it_is(grant: Grant, said: str) -> None:
    stack = Stack("s", "id", StackStatus("UPDATE_COMPLETE"))
    assert unchanged_line(Mock(access=StackAccess(stack, grant), after=grant)) == said


def test_a_policys_statements_stand_under_its_name() -> None:
    policy = AccessPolicy("support user", (PolicyStatement("Enter", "Allow"),), policy="session-policy")
    lines = state_lines(AccessState("s", "eu-west-1", "1", "i-1", Grant(), policies=(policy,)))
    at = lines.index("  support user (session-policy)")
    assert lines[at + 1].split() == ["Allow", "Enter", "its", "holder"]


@pytest.mark.parametrize(("changed", "holds"), [(False, False), (False, True), (True, False), (True, True)])
def test_a_grant_on_record_that_aws_does_not_have_names_the_next_step(changed: bool, holds: bool) -> None:
    checks = (Check("policy of the key", True, "agrees"), Check("policy of the secret", holds, "differs"))
    stack = StackAccess(Stack("s", "arn:aws:cloudformation:eu-west-1:1:stack/s/1", StackStatus("X")), Grant())
    lines = grant_lines(GrantResult(changed, Grant(), checks, None, (), OtherPaths(), stack), CommandLine("s"))
    named = "  next: deployer access revoke --all --stack-name s" in lines
    assert named == (not changed and not holds)


@pytest.mark.parametrize("cluster", ["", "orders"])
def test_a_grants_plan_says_what_the_end_does_not_close(cluster: str) -> None:
    stack = Stack("s", "id", StackStatus("UPDATE_COMPLETE"), parameters={"EksClusterName": cluster})
    access, after = StackAccess(stack, Grant()), Grant((VENDOR,))
    lines = _ending_lines(Mock(access=access, after=after))
    assert [line for line in lines if "EKS cluster orders until access is revoked, past the end too" in line] == [
        line for line in lines if "EKS" in line
    ]
    assert any("EKS" in line for line in lines) is bool(cluster)
