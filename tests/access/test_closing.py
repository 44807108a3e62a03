"""The approval as one plan, and the message that closes the ticket."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path
from typing import NoReturn

import pytest

from generator.errors import AwsError
from generator.model.evidence import LogLine
from generator.operations.access import confirm as module
from tests.embedded import VENDOR_ROLE, Deployer

GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--for", "4h", "--reason", "T-9")


_numbers = itertools.count(1)


@pytest.fixture
def new(embedded_aws: None) -> Deployer:
    """A stack that is not there yet."""
    return Deployer(f"closing-{next(_numbers)}")


@pytest.fixture
def both(new: Deployer) -> Deployer:
    """A stack with user and role."""
    new.create("--support-role", "yes")
    return new


def test_the_plan_of_a_grant_shows_the_trust_that_it_adds_and_the_logging_that_it_verified(both: Deployer) -> None:
    planned = both(*GRANT, "--plan", "--output", "json").result
    shown = both(*GRANT, "--plan").out
    assert '"Sid": "VendorAssumes"' in shown and VENDOR_ROLE in shown
    assert "verified, so that a shell of support's is logged" in shown
    verified = {check["subject"]: check for check in planned["logging"]}
    assert list(verified) == ["session log group", "shell document", "instance's rights", "instance's agent"]
    assert all(check["holds"] for check in verified.values())
    assert both.outputs["SessionLogGroupName"] in verified["session log group"]["answer"]
    assert both(*GRANT, "--yes").code == 0
    role = both.outputs["SupportRoleArn"].rpartition("/")[2]
    trust = both.gateway.client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    [statement] = trust["Statement"]
    assert _same(planned["trust"], statement), (planned["trust"], statement)


def _same(planned: object, real: object) -> bool:
    """Whether two statements are alike, a list of one being that one; the end differs by the second of the plan."""

    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items() if key != "aws:CurrentTime"}
        if isinstance(value, list):
            return plain(value[0]) if len(value) == 1 else [plain(item) for item in value]
        return value

    return plain(planned) == plain(real)


def test_after_a_revocation_the_trust_of_the_next_grant_has_its_cut(both: Deployer) -> None:
    assert both(*GRANT, "--yes").code == 0
    assert both("access", "revoke", "--all", "--yes").code == 0
    planned = both(*GRANT, "--plan", "--output", "json").result["trust"]
    stack = both.gateway.cloudformation.describe_stack(both.stack_name)
    cut = stack.parameters["SupportSessionsNotBefore"]
    assert planned["Condition"].get("DateGreaterThanEquals", {}).get("aws:CurrentTime", "") == cut


@pytest.mark.parametrize("options", [("--support-role", "no"), ("--support-role", "yes", "--via", "secret")])
def test_without_the_role_no_trust_is_shown(options: tuple[str, ...], new: Deployer) -> None:
    new.create(*options[:2])
    assert new(*GRANT, *options[2:], "--plan", "--output", "json").result["trust"] == {}


def test_unlogged_access_shows_nothing_as_verified(both: Deployer) -> None:
    planned = both(*GRANT, "--unlogged", "--plan", "--output", "json").result
    assert planned["logging"] == []


def test_the_closing_names_the_report_of_the_revocation(both: Deployer, tmp_path: Path) -> None:
    assert both(*GRANT, "--yes").code == 0
    report = tmp_path / "report"
    assert both("access", "revoke", "--all", "--report", str(report), "--yes").code == 0
    closed = both("access", "confirm", "--closed", "--format", "json", "--output", "json").result
    digest = hashlib.sha256(report.with_name("report.json").read_bytes()).hexdigest()
    assert closed["SHA-256 of the report"] == digest and closed["Verdict"] == "proven"
    assert closed["Accounts revoked"] == "444455556666" and closed["Account"] == "111122223333"
    for form, words in (("markdown", f"| SHA-256 of the report | `{digest}` |"), ("text", digest)):
        shown = both("access", "confirm", "--closed", "--format", form).out
        assert words in shown and "is revoked, which was proven. As of 20" in shown
        assert "nobody of yours has access." in shown and "No answer" not in shown


def test_without_a_report_no_digest_is_named(both: Deployer) -> None:
    assert both(*GRANT, "--yes").code == 0
    assert both("access", "revoke", "--all", "--yes").code == 0
    closed = both("access", "confirm", "--closed")
    assert closed.code == 0 and "SHA-256" not in closed.out and "| Verdict | `proven` |" in closed.out


@pytest.mark.parametrize("ends", [("up", "--support-user=no", "--support-role=no"), ()], ids=["flip", "by hand"])
def test_what_was_granted_after_the_revocation_is_not_closed_by_it(ends: tuple[str, ...], both: Deployer) -> None:
    assert both(*GRANT, "--yes").code == 0
    assert both("access", "revoke", "--all", "--yes").code == 0
    assert both("access", "confirm", "--closed").code == 0
    assert both(*GRANT, "--yes").code == 0
    if ends:
        ended = both(*ends, "--yes")
        assert ended.code == 0, ended.err
    else:
        _set(both, VendorPrincipals="", VendorAccounts="")
    refused = both("access", "confirm", "--closed")
    assert refused.code == 3 and "was changed after its last revocation" in refused.err, refused.err
    assert "which was proven" not in refused.out


def test_a_path_that_somebody_opened_since_is_not_closed(both: Deployer) -> None:
    assert both(*GRANT, "--yes").code == 0
    assert both("access", "revoke", "--all", "--yes").code == 0
    trust = {"Effect": "Allow", "Principal": {"AWS": VENDOR_ROLE}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam, name = both.gateway.client("iam"), f"{both.stack_name}-back"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    refused = both("access", "confirm", "--closed")
    as_own = both("access", "confirm", "--closed", "--own", "444455556666")
    iam.detach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.delete_role(RoleName=name)
    assert refused.code == 3 and f"now this is open: role {name}" in refused.err, refused.err
    assert as_own.code == 2, "it was the vendor's"
    assert both("access", "confirm", "--closed").code == 0


def test_a_path_that_gave_no_answer_is_named_and_nobody_is_said_to_be_out(
    both: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert both(*GRANT, "--yes").code == 0
    assert both("access", "revoke", "--all", "--yes").code == 0

    def denied(*_: object) -> NoReturn:
        raise AwsError("No.", operation="ListRoles", aws_code="AccessDenied")

    monkeypatch.setattr("generator.gateway.iam.IAM.list_account_roles", denied)
    closed = both("access", "confirm", "--closed")
    assert closed.code == 0 and "| No answer | `iam:" in closed.out, closed.err + closed.out
    assert "no access of yours was seen" in closed.out and "nobody of yours" not in closed.out


def test_a_record_into_which_shells_are_logged_proves_nothing(both: Deployer, tmp_path: Path) -> None:
    assert both(*GRANT, "--yes").code == 0
    report = tmp_path / "report"
    assert both("access", "revoke", "--all", "--report", str(report), "--yes").code == 0
    resources = both.gateway.cloudformation.list_stack_resources(both.stack_name)
    group = next(r.physical_id for r in resources if r.logical_id == "KeeperLogGroup")
    verify = ("access", "verify", str(report.with_name("report.json")))
    assert both(*verify).code == both(*verify, "--log-group", group).code == 0
    _set(both, LogGroup=group)
    for asked in (("access", "confirm", "--closed"), verify, (*verify, "--log-group", group)):
        refused = both(*asked)
        assert refused.code == 3 and "is also where the shells of" in refused.err, (asked, refused.err)
    _set(both, LogGroup="")
    assert both(*verify).code == 0


def _set(deployer: Deployer, **values: str) -> None:
    """Update the stack as the console does, with these parameters changed alone."""
    stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    same = [{"ParameterKey": key, "UsePreviousValue": True} for key in stack.parameters if key not in values]
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    client = deployer.gateway.client("cloudformation")
    client.update_stack(
        StackName=deployer.stack_name, UsePreviousTemplate=True, Parameters=[*same, *given],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )  # fmt: skip
    client.get_waiter("stack_update_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})


def test_nothing_is_closed_while_somebody_has_access_or_only_lost_it_by_its_end(both: Deployer) -> None:
    never = both("access", "confirm", "--closed")
    assert never.code == 3 and "No revocation has left a record" in never.err and "--report FILE" in never.err
    assert both(*GRANT, "--yes").code == 0
    still = both("access", "confirm", "--closed")
    assert still.code == 3 and f"{both.stack_name} is still granted to {VENDOR_ROLE}." in still.err


def test_a_grant_that_ended_by_itself_is_not_closed(both: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert both(*GRANT, "--yes").code == 0
    monkeypatch.setattr("generator.model.grant.Grant.live", lambda self, now: ())
    ended = both("access", "confirm", "--closed")
    assert ended.code == 3 and f"ended by itself for {VENDOR_ROLE}, and was not revoked." in ended.err


def test_a_revocation_that_proved_nothing_closes_nothing(both: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    line = LogLine("s", "NOT PROVEN", "2026-11-30T16:00:00Z", "ab" * 32)
    monkeypatch.setattr(module, "last_line", lambda gateway, access: line)
    refused = both("access", "confirm", "--closed")
    assert refused.code == 3 and "ended NOT PROVEN" in refused.err and "ab" * 32 not in refused.out


def test_the_last_record_counts_and_not_an_earlier_one(both: Deployer, tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert both(*GRANT, "--yes").code == 0
        assert both("access", "revoke", "--all", "--report", str(tmp_path / name), "--yes").code == 0
    closed = both("access", "confirm", "--closed", "--output", "json").result
    data = (tmp_path / "second.json").read_bytes()
    assert closed["SHA-256 of the report"] == hashlib.sha256(data).hexdigest()
    assert json.loads(data)["verdict"] == "proven"
