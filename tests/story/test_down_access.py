"""down while somebody is let in: the plan says who and what ends, the result what was asked afterwards."""

from __future__ import annotations

from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session as Aws

from generator.errors import AwsError
from generator.gateway.iam import IAM
from generator.gateway.secretsmanager import SecretsManager
from generator.model.down import AccessBefore
from generator.model.up import AccessLoss, SupportIdentity
from generator.operations.stack import down_access
from tests.embedded import VENDOR_ROLE, Deployer, environment
from tests.story.test_flip_sessions import granted, live, of_the_role, of_the_user, open_session, operator_without

DELETE = ("down", "--yes", "--output", "json")
__all__ = ["granted"]


def works(credentials: dict[str, str]) -> bool:
    """Whether AWS takes them."""
    try:
        Aws().create_client("sts", **credentials).get_caller_identity()
    except ClientError:
        return False
    return True


def may_see_sessions(credentials: dict[str, str]) -> bool:
    try:
        Aws().create_client("ec2", **credentials).describe_instances()
    except ClientError:
        return False
    return True


def test_who_is_let_in_is_in_the_plan_and_is_asked_for_afterwards(granted: Deployer) -> None:
    """A key that somebody copied, and credentials of the role, open nothing once the deletion is over."""
    key, role = of_the_user(granted), of_the_role(granted)
    theirs = {open_session(granted, key), open_session(granted, role)}
    assert works(key) and may_see_sessions(role)
    ran = granted(*DELETE)
    assert ran.code == 0, ran.err
    lines = ran.err
    assert f"granted by the stack's record to: {VENDOR_ROLE} until " in lines
    assert all(session in lines for session in theirs) and "they end with the instance" in lines
    assert "ends open sessions at once" in lines and "deployer access revoke --all" in lines
    checks = {check["subject"].split(" deepsql")[0]: check["holds"] for check in ran.result["checks"]}
    assert len(checks) >= 4 and all(checks.values()), ran.result["checks"]
    assert not live(granted) & theirs and not works(key) and not may_see_sessions(role)


def test_sessions_that_may_not_be_listed_are_not_called_ended(
    granted: Deployer, sandbox_environment: dict[str, str]
) -> None:
    with environment({**sandbox_environment, **operator_without(granted, "ssm:DescribeSessions")}):
        ran = granted(*DELETE)
    wrong = [check["answer"] for check in ran.result["checks"] if not check["holds"]]
    assert ran.code == 3 and wrong and all("ssm:DescribeSessions" in answer for answer in wrong), ran.out
    assert ran.err.count("not known: ") == 1


def test_a_stack_without_user_and_role_says_nothing_of_access(deployer: Deployer) -> None:
    deployer.create("--support-user=no")
    ran = deployer(*DELETE)
    assert ran.code == 0 and ran.result["checks"] == [] and "access to it" not in ran.err


HOLDERS = (SupportIdentity("user", "u", removed=True), SupportIdentity("role", "r", removed=True))
BEFORE = AccessBefore((), "", AccessLoss(HOLDERS), "", secret="arn:gone")


@pytest.mark.parametrize(
    ("asked", "subject"),
    [("user_exists", "support user u"), ("role_exists", "support role r"), ("secret_exists", "support secret")],
)
@pytest.mark.parametrize("refused", [False, True])
def test_what_is_there_afterwards_or_cannot_be_asked_about_does_not_hold(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, asked: str, subject: str, refused: bool
) -> None:
    def ask(self: object, name: str) -> bool:
        if refused:
            raise AwsError("Not authorized.", operation="Get", aws_code="AccessDenied")
        return True

    service = SecretsManager if asked == "secret_exists" else IAM
    monkeypatch.setattr(service, asked, ask)
    secret = BEFORE.secret if asked == "secret_exists" else ""
    (wrong,) = (each for each in down_access.check(deployer.gateway, replace(BEFORE, secret=secret)) if not each.holds)
    assert wrong.subject == subject and wrong.answer.startswith("not known" if refused else "still exists")
