"""What the operator may not read or do is not proven, and the permission is named; whatever is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import Session

from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, Outcome, environment

STACK, OPERATOR = "refused", "operator"
READS = (
    "cloudformation:ListStackResources",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetLoginProfile",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:GetUser",
    "iam:GetUserPolicy",
    "iam:ListAccessKeys",
    "iam:ListAttachedRolePolicies",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListInstanceProfilesForRole",
    "iam:ListMFADevices",
    "iam:ListRolePolicies",
    "iam:ListSSHPublicKeys",
    "iam:ListServiceSpecificCredentials",
    "iam:ListSigningCertificates",
    "iam:ListUserPolicies",
    "iam:SimulatePrincipalPolicy",
    "kms:GetKeyPolicy",
    "kms:ListGrants",
    "lambda:GetPolicy",
    "lambda:ListAliases",
    "lambda:ListFunctionUrlConfigs",
    "lambda:ListVersionsByFunction",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "secretsmanager:GetSecretValue",
    "ssm:DescribeSessions",
)
WRITES = (
    "cloudformation:CreateChangeSet",
    "cloudformation:ExecuteChangeSet",
    "iam:DeleteAccessKey",
    "iam:PutRolePolicy",
    "iam:UpdateAccessKey",
    "iam:UpdateAssumeRolePolicy",
    "kms:PutKeyPolicy",
    "secretsmanager:DeleteResourcePolicy",
    "ssm:TerminateSession",
)
RECORDS = ("logs:CreateLogStream", "logs:PutLogEvents")
"""What records the report in the stack's log: access is proven without, and the evidence is not on record."""
WHERE_NOT_RECORDED = "logs:DescribeLogGroups"
"""Whether the log is there, asked where it took nothing."""
ASIDE = ("ec2:DescribeInstances",)
"""What a sentence of the report stands on, and no verdict."""
AFTER_A_FAILURE = {
    "kms:DescribeKey": "secretsmanager:GetSecretValue",
    "cloudformation:DeleteChangeSet": "cloudformation:ExecuteChangeSet",
}
"""What says why something failed, or throws away what may not be executed: called only then, and no verdict's."""
STACKS_OWN = {"DescribeStacks", "DescribeChangeSet", "DescribeStackEvents", "GetTemplate"}
"""Without these there is no revocation, or its update cannot be followed: no verdict hangs on them."""
NEVER_REFUSED = {"GetCallerIdentity"}
"""It needs no permission."""


@pytest.fixture(scope="module")
def both(sandbox_environment: dict[str, str]) -> Iterator[Deployer]:
    """A stack with a support user and a support role, to which nobody is let in."""
    with environment(sandbox_environment):
        made = Deployer(STACK, "--output", "json")
        made.create("--support-role", "yes")
        assert made("access", "revoke", "--all", "--yes").code == 0
        yield made


@pytest.fixture(scope="module")
def operator(both: Deployer) -> dict[str, str]:
    """Somebody who may do everything, and has no permission but by policies."""
    iam = Session().create_client("iam")
    iam.create_user(UserName=OPERATOR)
    put(iam, "may", "Allow", "*")
    pair = iam.create_access_key(UserName=OPERATOR)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": pair["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": pair["SecretAccessKey"]}


def put(iam: Any, name: str, effect: str, action: str | list[str]) -> None:
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=OPERATOR, PolicyName=name, PolicyDocument=policy)


@pytest.fixture
def as_without(both: Deployer, operator: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run a command as an operator who lacks a permission, or several."""

    def ran(action: str | list[str], *words: str) -> Outcome:
        put(Session().create_client("iam"), "lacks", "Deny", action)
        with monkeypatch.context() as patch:
            for name, value in operator.items():
                patch.setenv(name, value)
            return both(*words)

    return ran


@pytest.fixture
def revokes_without(as_without: Callable[..., Outcome]) -> Callable[..., Outcome]:
    """Revoke everybody as an operator who lacks a permission, or several."""
    return lambda action: as_without(action, "access", "revoke", "--all", "--yes")


def opened(both: Deployer) -> None:
    """Let support in, and have it open a session with its key."""
    granted = both("access", "grant", "--principal", SUPPORT, "--for", "2h", "--yes")
    assert granted.code == 0, [c for c in granted.result["checks"] if not c["holds"]]
    outputs = both.outputs
    secret = Session().create_client("secretsmanager").get_secret_value(SecretId=outputs["SupportSecretArn"])
    pair = json.loads(secret["SecretString"])
    keys = {"aws_access_key_id": pair["AccessKeyId"], "aws_secret_access_key": pair["SecretAccessKey"]}
    asked = {"Target": outputs["InstanceId"], "DocumentName": outputs["ShellDocumentName"]}
    Session().create_client("ssm", **keys).start_session(**asked)


def unproven(ran: Outcome) -> str:
    return "\n".join(f"{row['step']}: {row['left']}" for row in ran.result["evidence"] if row["proven"] is False)


@pytest.mark.parametrize("action", READS)
def test_what_may_not_be_read_is_not_proven(action: str, revokes_without: Callable[[str], Outcome]) -> None:
    ran = revokes_without(action)
    assert ran.code == 3 and not json.loads(ran.out)["ok"]
    assert f"Needs {action}: " in unproven(ran) and "Traceback" not in ran.err


@pytest.mark.parametrize("action", WRITES)
def test_what_may_not_be_done_is_not_proven_and_the_rest_is_done(
    action: str, both: Deployer, revokes_without: Callable[[str], Outcome]
) -> None:
    opened(both)
    ran = revokes_without(action)
    assert ran.code == 3 and f"Needs {action}: " in unproven(ran) and "Traceback" not in ran.err
    refused = [row["step"] for row in ran.result["evidence"] if action in row["left"]]
    done = {row["step"] for row in ran.result["evidence"] if row["proven"]}
    assert refused and len(done) >= 9, unproven(ran)
    again = both("access", "revoke", "--all", "--yes")
    assert again.code == 0, unproven(again)


@pytest.mark.parametrize("name", sorted(STACKS_OWN))
def test_without_what_the_stacks_own_update_needs_nothing_is_called_proven(
    name: str, both: Deployer, revokes_without: Callable[[str], Outcome]
) -> None:
    opened(both)
    ran = revokes_without(f"cloudformation:{name}")
    complete = name == "GetTemplate"  # the update goes by the template that the stack has
    assert ((ran.code == 0), json.loads(ran.out)["ok"]) == (complete, complete) and "Traceback" not in ran.err
    again = both("access", "revoke", "--all", "--yes")
    assert again.code == 0, unproven(again)


@pytest.mark.parametrize("action", AFTER_A_FAILURE)
def test_what_is_called_after_a_failure_may_be_refused_too(
    action: str, both: Deployer, revokes_without: Callable[..., Outcome]
) -> None:
    opened(both)
    ran = revokes_without([action, AFTER_A_FAILURE[action]])
    assert ran.code == 3 and f"Needs {AFTER_A_FAILURE[action]}: " in unproven(ran) and "Traceback" not in ran.err
    assert both("access", "revoke", "--all", "--yes").code == 0


@pytest.mark.parametrize("action", RECORDS)
def test_a_report_that_is_not_on_record_is_not_complete(action: str, revokes_without: Callable[..., Outcome]) -> None:
    ran = revokes_without(action)
    recorded = ran.result["recorded"]
    assert ran.code == 3 and ran.result["complete"] and not unproven(ran)
    assert not recorded["holds"] and f"Needs {action}" in recorded["answer"]


def test_whether_the_log_is_there_may_be_refused_too(revokes_without: Callable[..., Outcome]) -> None:
    ran = revokes_without([RECORDS[1], WHERE_NOT_RECORDED])
    assert ran.code == 3 and not ran.result["recorded"]["holds"] and not unproven(ran) and "Traceback" not in ran.err


@pytest.mark.parametrize("action", ASIDE)
def test_a_sentence_says_what_it_could_not_see(action: str, revokes_without: Callable[..., Outcome]) -> None:
    ran = revokes_without(action)
    assert ran.code == 0 and f"needs {action}" in ran.result["not_asked"][1]


def test_a_pause_shuts_the_role_also_where_the_key_may_not_be_seen(
    both: Deployer, as_without: Callable[..., Outcome]
) -> None:
    opened(both)
    assert as_without("iam:ListAccessKeys", "access", "pause").code == 1
    role = both.outputs["SupportRoleArn"].rpartition("/")[2]
    trust = Session().create_client("iam").get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert [statement["Sid"] for statement in trust["Statement"]] == ["NobodyAssumes"]
    assert both("access", "revoke", "--all", "--yes").code == 0


def test_every_call_of_a_revocation_was_refused_once_above(
    both: Deployer, revokes_without: Callable[[str], Outcome]
) -> None:
    opened(both)
    assert revokes_without("s3:ListAllMyBuckets").code == 0
    asked = {"AttributeKey": "Username", "AttributeValue": OPERATOR}
    pages = Session().create_client("cloudtrail").get_paginator("lookup_events").paginate(LookupAttributes=[asked])
    made = {event["EventName"] for page in pages for event in page["Events"]}
    assert made - STACKS_OWN - NEVER_REFUSED <= {
        action.partition(":")[2] for action in (*READS, *WRITES, *RECORDS, WHERE_NOT_RECORDED, *ASIDE, *AFTER_A_FAILURE)
    }
