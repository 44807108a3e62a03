"""The verbs of access: plan, show, ask, act, follow, verify, in this order; who declines changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from generator.errors import Declined, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.model.evidence import sha256_of
from generator.model.principal import parse_principal
from generator.model.stack import StackEvent
from generator.operations.access.grant import GrantResult, grant
from generator.operations.access.grant_plan import AccessPlan, GrantRequest
from generator.operations.access.pause import pause, resume
from generator.operations.access.policy_attachment import Attached, PolicyRequest, support_policy
from generator.operations.access.report import verify
from generator.operations.access.reveal import DISCLOSURE, reveal
from generator.operations.access.revocation import RevokeRequest
from generator.operations.access.revoke import revoke
from tests.verbs.conftest import NotingCaller

VENDOR = parse_principal("arn:aws:iam::444455556666:role/deepsql-support")
REQUEST = GrantRequest((VENDOR,), reason="T-1")
ASKED = ["CreateChangeSet", "show AccessPlan", "confirm AccessPlan"]


@dataclass
class Secrets:
    """Allows a secret to be shown, or not, and notes which it was."""

    allows: bool = True
    asked: list[str] = field(default_factory=list)

    def allow_secret(self, secret: str) -> None:
        self.asked.append(secret)
        if not self.allows:
            raise Declined("Nothing was read.")


def granted(gateway: Gateway) -> tuple[str, ...]:
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    return tuple(filter(None, stack.parameters["VendorPrincipals"].split(",")))


def test_a_grant_from_its_plan_to_its_revocation(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None], tmp_path: Path
) -> None:
    create()
    caller.journal.clear()
    planned = grant(gateway, replace(REQUEST, plan_only=True), caller)
    assert isinstance(planned, AccessPlan) and caller.journal == ["CreateChangeSet", "DeleteChangeSet"]
    caller.journal.clear()

    done = grant(gateway, REQUEST, caller)
    assert [entry for entry in caller.journal if entry != "events"][:4] == [*ASKED, "ExecuteChangeSet"]
    assert caller.journal.count("events") == 1 and granted(gateway) == (VENDOR.arn,)
    assert isinstance(done, GrantResult) and done.changed and all(check.holds for check in done.checks)
    caller.journal.clear()
    again = grant(gateway, REQUEST, caller)
    assert caller.journal == ["show AccessPlan"] and isinstance(again, GrantResult) and not again.changed

    secrets = Secrets()
    assert isinstance(reveal(gateway, secrets).value, dict) and secrets.asked == [DISCLOSURE]
    with pytest.raises(Declined):
        reveal(gateway, Secrets(allows=False))

    caller.journal.clear()
    assert all(check.holds for check in pause(gateway, caller).checks)
    assert "UpdateAccessKey" in caller.journal and not any(entry.startswith("confirm") for entry in caller.journal)
    caller.journal.clear()
    assert all(check.holds for check in resume(gateway, caller).checks)
    changes = ["CreateChangeSet", "ExecuteChangeSet", "events"]  # the stack's record says paused, role or not
    assert caller.journal == ["confirm ResumePlan", *changes, "UpdateAccessKey"]

    caller.journal.clear()
    with pytest.raises(UsageError, match="No such file"):
        revoke(gateway, RevokeRequest(report=tmp_path / "none" / "report"), caller)
    assert caller.journal == []
    revoked = revoke(gateway, RevokeRequest(report=tmp_path / "report"), caller)
    assert caller.journal[0] == "confirm Revocation" and granted(gateway) == ()
    shown = [entry for entry in caller.journal if entry == "show Evidence"]
    assert revoked.complete and len(shown) == len(revoked.report.evidence)
    assert caller.journal[-3:] == ["CreateLogStream", "PutLogEvents", "page"]

    data, page = revoked.files
    assert [file.stat().st_mode & 0o777 for file in revoked.files] == [0o600, 0o600]
    assert page.read_text() == sha256_of(data.read_bytes())
    line = verify(gateway, data).line
    assert line is not None and (line.verdict, line.stack_name) == ("proven", gateway.deployment.stack_name)
    data.write_text(data.read_text().replace('"complete": true', '"complete": 1'))
    assert verify(gateway, data).line is None
    with pytest.raises(UsageError, match="is not the JSON file"):
        verify(gateway, page)
    with pytest.raises(NotFound, match="no log group"):
        verify(gateway, data, "another")


def test_who_declines_changes_nothing(gateway: Gateway, caller: NotingCaller, create: Callable[..., None]) -> None:
    create()
    caller.journal.clear()
    caller.declines = True
    with pytest.raises(Declined):
        grant(gateway, REQUEST, caller)
    with pytest.raises(Declined):
        resume(gateway, caller)
    with pytest.raises(Declined):
        revoke(gateway, RevokeRequest(), caller)
    assert caller.journal == [*ASKED, "DeleteChangeSet", "confirm ResumePlan", "confirm Revocation"]


def test_a_policy_is_printed_without_aws_and_attached_after_a_question(
    gateway: Gateway, caller: NotingCaller, create: Callable[..., None]
) -> None:
    def unopened() -> Gateway:
        raise AssertionError("a document needs no AWS")

    assert isinstance(support_policy(PolicyRequest(), caller, unopened), dict) and caller.journal == []
    with pytest.raises(UsageError, match="whose policy"):
        support_policy(PolicyRequest(undo=True), caller, unopened)
    create()
    user, instance = f"by-hand-{gateway.deployment.stack_name}", gateway.ec2.find_targets()[0].instance_id
    gateway.client("iam").create_user(UserName=user)
    caller.journal.clear()
    request = PolicyRequest(attach_to=user, instances=(instance,))
    for asked, written in ((request, "PutUserPolicy"), (replace(request, undo=True), "DeleteUserPolicy")):
        done = support_policy(asked, caller, lambda: gateway)
        assert caller.journal[:3] == ["show Attachment", "confirm Attachment", written]
        assert isinstance(done, Attached) and all(check.holds for check in done.checks)
        caller.journal.clear()


@pytest.mark.parametrize("gone", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_nobody_who_reads_it_is_no_reason_to_leave_a_revocation_half_done(
    gone: OSError, gateway: Gateway, caller: NotingCaller, create: Callable[..., None], tmp_path: Path
) -> None:
    create()
    grant(gateway, REQUEST, caller)
    unread = Unread(gone)
    done = revoke(gateway, RevokeRequest(report=tmp_path / "report"), unread)
    assert done.complete and done.recorded and len(done.files) == 2 and granted(gateway) == ()
    assert {"confirm Revocation", "show Evidence", "events"} <= {*unread.journal}
    grant(gateway, REQUEST, caller)
    assert all(check.holds for check in pause(gateway, unread).checks)


class Unread(NotingCaller):
    """Asks and is answered; then whoever reads what it prints has gone."""

    def __init__(self, gone: OSError) -> None:
        super().__init__()
        self._gone = gone

    def show(self, plan: object) -> None:
        super().show(plan)
        raise self._gone

    def say(self, sentence: str) -> None:
        super().say(sentence)
        raise self._gone

    def events(self, events: Iterable[StackEvent]) -> None:
        self.journal.append("events")
        next(iter(events))
        raise self._gone
