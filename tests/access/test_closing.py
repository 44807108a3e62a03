"""The approval as one plan, and the message that closes the ticket."""

from __future__ import annotations

import hashlib
import itertools
import json
from pathlib import Path

import pytest

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
        assert words in shown and "is revoked, which was proven" in shown


def test_nothing_is_closed_while_somebody_has_access_or_only_lost_it_by_its_end(both: Deployer) -> None:
    never = both("access", "confirm", "--closed")
    assert never.code == 3 and "No revocation has left a record" in never.err and "--report FILE" in never.err
    assert both(*GRANT, "--yes").code == 0
    still = both("access", "confirm", "--closed")
    assert still.code == 3 and f"{VENDOR_ROLE} still has access to the stack" in still.err


def test_a_grant_that_ended_by_itself_is_not_closed(both: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert both(*GRANT, "--yes").code == 0
    monkeypatch.setattr("generator.model.grant.Grant.live", lambda self, now: ())
    ended = both("access", "confirm", "--closed")
    assert ended.code == 3 and "lost access by its end, and was not revoked on" in ended.err


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
