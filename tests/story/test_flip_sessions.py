"""What removes the support user or role ends what they have open, says so first, and looks afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import Session as Aws

from generator.operations.access import key, lockdown, secret_value
from tests.embedded import VENDOR_ROLE, Deployer, environment
from tests.story.test_states import fail_next


def operator_without(deployer: Deployer, action: str) -> dict[str, str]:
    """The environment of somebody who may do everything but this."""
    iam, name = deployer.gateway.client("iam"), f"operator-of-{deployer.stack_name}-{action.replace(':', '-')}"
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": action, "Resource": "*"}]
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def open_session(deployer: Deployer, credentials: dict[str, str] | None = None) -> str:
    """A shell on the instance as whoever has these credentials, by default the customer; its id."""
    client = Aws().create_client("ssm", **(credentials or {}))
    shell = deployer.outputs["ShellDocumentName" if credentials else "CustomerShellDocumentName"]
    asked = {"Target": deployer.outputs["InstanceId"], "DocumentName": shell}
    return str(client.start_session(**asked)["SessionId"])


def of_the_user(deployer: Deployer) -> dict[str, str]:
    held = secret_value.read_secret_key(deployer.gateway, deployer.outputs["SupportSecretArn"])
    assert held is not None
    return {"aws_access_key_id": held.key_id, "aws_secret_access_key": held.pair.secret_access_key}


def of_the_role(deployer: Deployer) -> dict[str, str]:
    outputs = deployer.outputs
    sts = Aws(profile="vendor").create_client("sts")
    became = sts.assume_role(
        RoleArn=outputs["SupportRoleArn"], RoleSessionName="ada", ExternalId=outputs["SupportRoleExternalId"]
    )["Credentials"]
    return {
        "aws_access_key_id": became["AccessKeyId"],
        "aws_secret_access_key": became["SecretAccessKey"],
        "aws_session_token": became["SessionToken"],
    }


def live(deployer: Deployer) -> set[str]:
    return {session.session_id for session in deployer.gateway.ssm.list_sessions()}


def sessions_check(result: Any) -> dict[str, tuple[bool, str]]:
    found = [c for c in result["checks"] if c["subject"].startswith("live sessions of")]
    return {c["subject"].removeprefix("live sessions of "): (c["holds"], c["answer"]) for c in found}


@pytest.fixture
def granted(deployer: Deployer) -> Deployer:
    deployer.create("--support-role=yes", "--support-user-name", f"support-{deployer.stack_name}")
    ran = deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")
    assert ran.code == 0, ran.err
    return deployer


def test_the_users_sessions_end_with_it_and_nobody_elses(granted: Deployer) -> None:
    user = granted.outputs["SupportUserName"]
    theirs, also = open_session(granted, of_the_user(granted)), open_session(granted, of_the_user(granted))
    kept = {open_session(granted), open_session(granted, of_the_role(granted))}

    planned = granted("up", "--support-user=no", "--plan", "--output", "json")
    assert {s["session_id"] for s in planned.result["access_loss"]["sessions"]} == {theirs, also}
    shown = granted("up", "--support-user=no", "--plan").out
    assert f"2 open sessions of the support user {user} will be ended" in shown
    assert live(granted) >= kept | {theirs, also}, "a plan ends nothing"
    asked = granted("up", "--support-user=no")
    assert (
        asked.code == 2
        and ", and end 2 open sessions, in the sandbox (account 111122223333, region us-east-1)?" in asked.err
    )

    ran = granted.up("--support-user=no", "--output", "json")
    assert ran.code == 0, ran.err
    assert sessions_check(ran.result) == {user: (True, "none")}
    assert live(granted) >= kept and not live(granted) & {theirs, also}


def test_the_roles_sessions_end_with_it(granted: Deployer) -> None:
    role = granted.outputs["SupportRoleArn"].rpartition("/")[2]
    theirs, kept = open_session(granted, of_the_role(granted)), open_session(granted, of_the_user(granted))
    ran = granted.up("--support-role=no", "--output", "json")
    assert ran.code == 0, ran.err
    assert f"1 open session of the support role {role} will be ended: {theirs}" in ran.err
    assert sessions_check(ran.result) == {role: (True, "none")}
    assert kept in live(granted) and theirs not in live(granted)
    assert {"subject": f"support role {role}", "holds": True, "answer": "gone (NoSuchEntity)"} in ran.result["checks"]


def test_the_key_is_inactive_before_the_first_session_ends(granted: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    user, seen = granted.outputs["SupportUserName"], []
    open_session(granted, of_the_user(granted))
    real = lockdown.end

    def noted(*asked: Any) -> Any:
        seen.append([found.status for found in key.list_keys(granted.gateway, user)])
        return real(*asked)

    monkeypatch.setattr(lockdown, "end", noted)
    assert granted.up("--support-user=no").code == 0
    assert seen == [["Inactive"], []], "before the update, and after it"


def test_a_renamed_user_loses_its_sessions_and_the_new_one_has_a_working_key(granted: Deployer) -> None:
    old, theirs = granted.outputs["SupportUserName"], open_session(granted, of_the_user(granted))
    ran = granted.up("--support-user-name", f"{old}-b", "--output", "json")
    assert ran.code == 0, ran.err
    assert sessions_check(ran.result) == {old: (True, "none")} and theirs not in live(granted)
    assert [found.active for found in key.list_keys(granted.gateway, f"{old}-b")] == [True]


def test_a_renamed_role_loses_its_sessions(granted: Deployer) -> None:
    old, theirs = granted.outputs["SupportRoleArn"].rpartition("/")[2], open_session(granted, of_the_role(granted))
    ran = granted.up("--support-role-name", f"role-of-{granted.stack_name}", "--output", "json")
    assert ran.code == 0, ran.err
    assert sessions_check(ran.result) == {old: (True, "none")} and theirs not in live(granted)
    assert open_session(granted, of_the_role(granted)), "the new role admits as the old one did"


def test_run_again_it_ends_and_checks_what_a_flip_in_the_console_left_open(granted: Deployer) -> None:
    user, role = granted.outputs["SupportUserName"], granted.outputs["SupportRoleArn"].rpartition("/")[2]
    theirs = {open_session(granted, of_the_user(granted)), open_session(granted, of_the_role(granted))}
    granted.update_outside(CreateSupportUser="No")
    granted.update_outside(CreateSupportRole="No")
    assert live(granted) >= theirs
    ran = granted.up("--support-user=no", "--support-role=no", "--output", "json")
    assert ran.code == 0 and "nothing to change" in ran.err
    assert sessions_check(ran.result) == {user: (True, "none"), role: (True, "none")} and not live(granted) & theirs


@pytest.mark.parametrize("action", ["ssm:TerminateSession", "ssm:DescribeSessions"])
def test_what_the_operator_may_not_end_or_see_does_not_stop_the_flip_and_is_not_called_ended(
    granted: Deployer, sandbox_environment: dict[str, str], action: str
) -> None:
    user, theirs = granted.outputs["SupportUserName"], open_session(granted, of_the_user(granted))
    with environment({**sandbox_environment, **operator_without(granted, action)}):
        ran = granted.up("--support-user=no", "--output", "json")
    assert ran.code == 3, ran.err
    (holds, answer), gone = sessions_check(ran.result)[user], not granted.gateway.iam.user_exists(user)
    assert not holds and gone and action.partition(":")[2] in answer
    assert (theirs in answer) == (action == "ssm:TerminateSession") and theirs in live(granted)


def test_a_pause_ends_supports_sessions_and_nobody_elses(granted: Deployer) -> None:
    theirs = {open_session(granted, of_the_user(granted)), open_session(granted, of_the_role(granted))}
    own = open_session(granted)
    ran = granted("access", "pause", "--output", "json")
    assert ran.code == 0, ran.out
    assert {"subject": "open sessions of support", "holds": True, "answer": "none"} in ran.result["checks"]
    assert own in live(granted) and not live(granted) & theirs


def test_a_pause_that_may_not_end_sessions_stops_access_and_says_so(
    granted: Deployer, sandbox_environment: dict[str, str]
) -> None:
    theirs = open_session(granted, of_the_user(granted))
    with environment({**sandbox_environment, **operator_without(granted, "ssm:TerminateSession")}):
        ran = granted("access", "pause", "--output", "json")
    failed = [check for check in ran.result["checks"] if not check["holds"]]
    assert ran.code == 3 and [check["subject"] for check in failed] == ["open sessions of support"]
    assert "TerminateSession" in failed[0]["answer"] and theirs in live(granted)
    user = granted.outputs["SupportUserName"]
    assert [found.active for found in key.list_keys(granted.gateway, user)] == [False]


def test_an_update_that_fails_says_how_access_comes_back(granted: Deployer) -> None:
    fail_next("PortDocument", "update")
    failed = granted.up("--support-user=no", "--support-role=no", "--support-ports", "3035,5432")
    assert failed.code == 1 and "UPDATE_ROLLBACK_COMPLETE" in failed.err
    assert "remains stopped; to allow it again: deployer access pause" in failed.err
    assert [found.active for found in key.list_keys(granted.gateway, granted.outputs["SupportUserName"])] == [False]
    for verb in ("pause", "resume"):
        assert granted("access", verb, "--yes").code == 0
    assert open_session(granted, of_the_user(granted)) and open_session(granted, of_the_role(granted))
