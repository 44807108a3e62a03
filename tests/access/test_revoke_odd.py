"""Nothing that AWS answers, and no date, stops a revocation; and nobody stays in by somebody else's grant."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import Session

from generator.operations.access import revocation, revoke
from generator.operations.clock import Clock
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, Outcome, environment, run

STACK = "odd"
OTHER = "arn:aws:iam::444455556666:role/another-team"
ROOT = "arn:aws:iam::444455556666:root"
THIRD = "arn:aws:iam::777788889999:root"


@pytest.fixture(scope="module")
def odd(sandbox_environment: dict[str, str]) -> Iterator[Deployer]:
    """A stack with a support user and a support role."""
    with environment(sandbox_environment):
        made = Deployer(STACK, "--output", "json")
        made.create("--support-role", "yes")
        yield made


@pytest.fixture
def let_in(odd: Deployer) -> Iterator[Callable[..., Deployer]]:
    """Let principals in; afterwards nobody is."""

    def grant(*principals: str) -> Deployer:
        named = [word for principal in principals for word in ("--principal", principal)]
        ran = odd("access", "grant", *named, "--for", "2h", "--yes")
        assert ran.code == 0, ran.err
        return odd

    yield grant
    odd("access", "revoke", "--all", "--yes")


def rows(ran: Outcome, proven: bool | None = False) -> dict[str, str]:
    return {row["step"]: row["left"] for row in ran.result["evidence"] if row["proven"] is proven}


def client(service: str) -> Any:
    return Session().create_client(service)


@pytest.mark.parametrize(
    "value",
    [
        {"SecretString": "the key is under the mat"},
        {"SecretString": '["AKIA", "x"]'},
        {"SecretString": '{"username": "support"}'},
        {"SecretString": '{"AccessKeyId": 7, "SecretAccessKey": null}'},
        {"SecretBinary": b"\xff\x00"},
    ],
)
def test_a_secret_that_holds_no_key_of_ours_stops_nothing_and_is_not_proven(
    value: dict[str, Any], let_in: Callable[..., Deployer]
) -> None:
    deployer = let_in(SUPPORT)
    outputs, secrets = deployer.outputs, client("secretsmanager")
    was = secrets.get_secret_value(SecretId=outputs["SupportSecretArn"])["SecretString"]
    secrets.put_secret_value(SecretId=outputs["SupportSecretArn"], **value)
    try:
        ran = deployer("access", "revoke", "--all", "--yes")
    finally:
        secrets.put_secret_value(SecretId=outputs["SupportSecretArn"], SecretString=was)
    assert ran.code == 3 and set(rows(ran)) == {"old key is refused"}, rows(ran)
    assert "deployer up --support-user=no --stack-name odd" in rows(ran)["old key is refused"]
    assert client("iam").list_access_keys(UserName=outputs["SupportUserName"])["AccessKeyMetadata"] == []
    assert "under the mat" not in ran.out + ran.err
    assert deployer("access", "revoke", "--all", "--yes").code == 0


def no_condition(statement: dict[str, Any]) -> Any:
    return [{name: part for name, part in statement.items() if name != "Condition"}]


def one_object(statement: dict[str, Any]) -> Any:
    return statement


def other_operator(statement: dict[str, Any]) -> Any:
    conditions = statement["Condition"]
    return [{**statement, "Condition": {**conditions, "ArnEquals": conditions["ArnLike"], "ArnLike": {}}}]


@pytest.mark.parametrize("everybody", [True, False], ids=["all", "one"])
@pytest.mark.parametrize("change", [no_condition, one_object, other_operator])
def test_a_vendors_statement_that_is_not_as_the_template_makes_it_is_closed(
    change: Callable[[dict[str, Any]], Any],
    everybody: bool,
    let_in: Callable[..., Deployer],
) -> None:
    deployer = let_in(SUPPORT, OTHER)
    outputs = deployer.outputs
    secret, key, role = outputs["SupportSecretArn"], outputs["StackKeyArn"], outputs["SupportRoleArn"].split("/")[-1]
    secrets, kms, iam = client("secretsmanager"), client("kms"), client("iam")

    def changed(document: dict[str, Any], sid: str) -> str:
        [ours] = [s for s in document["Statement"] if s.get("Sid") == sid]
        others = [s for s in document["Statement"] if s is not ours]
        now = change(ours)
        return json.dumps({**document, "Statement": [*others, *now] if isinstance(now, list) or others else now})

    text = secrets.get_resource_policy(SecretId=secret)["ResourcePolicy"]
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy=changed(json.loads(text), "VendorReadsTheSecret"))
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=changed(trust, "VendorAssumes"))
    if change is no_condition:
        policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=changed(policy, "VendorDecryptViaSecretsManager"))
    whom = ["--all"] if everybody else ["--principal", OTHER]
    ran = deployer("access", "revoke", *whom, "--yes")
    assert ran.code == 0, rows(ran)
    policy = json.loads(secrets.get_resource_policy(SecretId=secret).get("ResourcePolicy") or "{}")
    assert ("VendorReadsTheSecret" in str(policy)) is not everybody and OTHER not in str(policy)


def test_a_revocation_goes_on_where_a_step_meets_what_nobody_foresaw(
    let_in: Callable[..., Deployer], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer = let_in(SUPPORT)

    def strange(*_: Any) -> Any:
        raise KeyError("wJalrXUtnFEMI")

    with monkeypatch.context() as patch:
        patch.setattr(revoke.lockdown, "end_sessions", strange)
        patch.setattr("generator.gateway.iam.IAM.simulation", strange)
        ran = deployer("access", "revoke", "--all", "--yes")
    assert set(rows(ran)) == {
        "live sessions ended",
        "older role sessions are refused",
        "a new session would be refused",
    }
    assert ran.code == 3 and "KeyError at" in ran.out and "wJalr" not in ran.out + ran.err


@pytest.mark.parametrize("day", [(2028, 2, 29), (2027, 12, 31)])
def test_no_date_stops_a_revocation(day: tuple[int, int, int], let_in: Callable[..., Deployer]) -> None:
    clock = Clock(now=lambda: datetime(*day, 12, tzinfo=UTC))
    begun = revocation.begin(
        let_in(SUPPORT).gateway, revocation.RevokeRequest(), lambda events: [*events].clear(), clock
    )
    left = [item for item in revoke.run(begun) if item.proven is False]
    assert "older role sessions are refused" not in {item.step for item in left}, left


@pytest.mark.parametrize(
    ("name", "text"),
    [("SupportAccessUntil", "2026-99-99T00:00:00Z"), ("SupportSessionsNotBefore", "2026-99-99T00:00:00Z")],
)
def test_a_time_on_the_stack_that_is_none_stops_nothing(name: str, text: str, let_in: Callable[..., Deployer]) -> None:
    deployer = let_in(SUPPORT)
    cloudformation = client("cloudformation")
    known = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
    values = [{"ParameterKey": p["ParameterKey"], "UsePreviousValue": True} for p in known]
    given = [{"ParameterKey": name, "ParameterValue": text} if v["ParameterKey"] == name else v for v in values]
    cloudformation.update_stack(
        StackName=STACK,
        UsePreviousTemplate=True,
        Parameters=given,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
    ran = deployer("access", "revoke", "--all", "--yes")
    assert ran.code == 0, rows(ran)


def test_a_session_whose_owner_was_removed_is_not_taken_for_the_customers(let_in: Callable[..., Deployer]) -> None:
    deployer = let_in(SUPPORT)
    iam, outputs = client("iam"), deployer.outputs
    may_all = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    iam.create_user(UserName="leaver")
    iam.put_user_policy(UserName="leaver", PolicyName="all", PolicyDocument=json.dumps(may_all))
    pair = iam.create_access_key(UserName="leaver")["AccessKey"]
    keys = {"aws_access_key_id": pair["AccessKeyId"], "aws_secret_access_key": pair["SecretAccessKey"]}
    ssm = Session().create_client("ssm", **keys)
    asked = {"Target": outputs["InstanceId"], "DocumentName": outputs["ShellDocumentName"]}
    session = ssm.start_session(**asked)["SessionId"]
    working = deployer("access", "revoke", "--all", "--yes")
    assert working.code == 0, "somebody of the customer's is working"
    [row] = [each for each in working.result["evidence"] if each["step"] == "no session is open"]
    assert f"taken for your own: {session} of " in row["answered"] and row["answered"].endswith(":user/leaver")
    iam.delete_access_key(UserName="leaver", AccessKeyId=pair["AccessKeyId"])
    iam.delete_user_policy(UserName="leaver", PolicyName="all")
    iam.delete_user(UserName="leaver")
    ran = deployer("access", "revoke", "--all", "--yes")
    assert ran.code == 3 and set(rows(ran)) == {"no session is open"}
    assert f"terminate-session --session-id {session}" in rows(ran)["no session is open"]
    client("ssm").terminate_session(SessionId=session)
    assert deployer("access", "revoke", "--all", "--yes").code == 0


def test_a_principal_that_another_grant_covers_is_not_called_out(
    let_in: Callable[..., Deployer],
) -> None:
    deployer = let_in(ROOT, SUPPORT)
    gateway = deployer.gateway
    events = gateway.cloudformation.stack_events(STACK)
    refused = deployer("access", "revoke", "--principal", SUPPORT, "--yes")
    assert (refused.code, refused.error["code"]) == (3, "still-covered")
    assert SUPPORT in refused.error["message"] and ROOT in refused.error["message"]
    assert gateway.cloudformation.stack_events(STACK) == events, "nothing was changed"
    command = shlex.split(refused.error["hint"].partition(": ")[2])
    assert command[0] == "deployer"
    ran = run(*command[1:], "--yes", "--output", "json")
    assert ran.code == 0, ran.out
    assert ROOT in ran.result["revoked"] and SUPPORT in ran.result["revoked"]


def test_whom_only_another_grant_lets_in_is_named_with_that_grant(let_in: Callable[..., Deployer]) -> None:
    deployer = let_in(ROOT)
    refused = deployer("access", "revoke", "--principal", SUPPORT, "--yes")
    assert (refused.code, refused.error["code"]) == (3, "still-covered")
    assert f"--principal {ROOT}" in refused.error["hint"] and f"--principal {SUPPORT}" not in refused.error["hint"]


def test_the_whole_account_goes_and_one_of_its_roles_stays(let_in: Callable[..., Deployer]) -> None:
    deployer = let_in(ROOT, SUPPORT)
    ran = deployer("access", "revoke", "--principal", ROOT, "--yes")
    assert ran.code == 0, rows(ran)
    assert ran.result["revoked"] == [ROOT]


def test_a_grant_that_adds_nothing_says_so(let_in: Callable[..., Deployer]) -> None:
    deployer = let_in(ROOT)
    ran = deployer("access", "grant", "--principal", SUPPORT, "--yes")
    assert ran.code == 0 and f"{SUPPORT} gets nothing new: {ROOT} covers it." in ran.err
    assert ran.result["overlaps"] == [{"principal": SUPPORT, "covered_by": ROOT, "foreign": False}]
    assert not deployer("access", "grant", "--principal", THIRD, "--yes").result["overlaps"]


def test_a_grant_that_was_left_when_the_support_user_was_removed_by_hand_is_ended_as_the_row_says(
    odd: Deployer, let_in: Callable[..., Deployer]
) -> None:
    """No update takes out a grant that nothing in the stack is for: the same revocation again would never prove it."""
    let_in(SUPPORT).update_outside(CreateSupportUser="No", CreateSupportRole="No")
    left = odd("access", "revoke", "--all", "--yes")
    assert left.code == 3 and list(rows(left)) == ["grant on the stack"]
    first, again = rows(left)["grant on the stack"].split("; then: ")
    assert run(*shlex.split(first)[1:], "--yes").code == 0
    ended = run(*shlex.split(again)[1:], "--yes", "--output", "json")
    assert ended.code == 0 and rows(ended, proven=None)["role closed"] == ""
    assert odd.up("--support-role=yes").code == 0
