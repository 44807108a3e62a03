"""What somebody has disabled or deleted by hand: every verb says the same sentence, and what it prints restores it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, Outcome, environment, run

STACK = "by-hand"
AWS = Path(sys.executable).with_name("aws")
GRANT = ("access", "grant", "--principal", SUPPORT, "--reason", "T-1", "--yes")
CHANGING = {
    "grant": GRANT,
    "resume": ("access", "resume", "--yes"),
    "rotate": ("access", "rotate"),
    "confirm": ("access", "confirm"),
}
"""Verbs that refuse before they change or promise anything."""
UNFINISHED = ("user deleted", "role deleted", "secret scheduled for deletion")
"""States in which a revocation cannot update the stack."""


@dataclass(frozen=True)
class ByHand:
    """A state: what a person did, the words that tell it, which verbs refuse, and what may be restored by hand only."""

    act: Callable[[dict[str, str]], object]
    words: str
    commands: tuple[str, ...]
    refusing: tuple[str, ...] = tuple(CHANGING)
    unreadable: bool = False
    updates: tuple[tuple[str, ...], ...] = ()


def client(service: str) -> Any:
    return Session().create_client(service)


def delete_user(stack: dict[str, str]) -> None:
    iam, user = client("iam"), stack["SupportUserName"]
    for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
        iam.delete_user_policy(UserName=user, PolicyName=name)
    for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
        iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])
    iam.delete_user(UserName=user)


def delete_role(stack: dict[str, str]) -> None:
    iam, role = client("iam"), stack["SupportRoleArn"].rpartition("/")[2]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def physical(logical_id: str) -> str:
    return Deployer(STACK).physical_ids()[logical_id]


def log_group(operation: str, **given: str) -> Callable[[dict[str, str]], object]:
    def act(stack: dict[str, str]) -> None:
        getattr(client("logs"), operation)(logGroupName=stack["SessionLogGroupName"], **given)

    return act


def made_anew(stack: dict[str, str]) -> None:
    log_group("delete_log_group")(stack)
    log_group("create_log_group")(stack)


FLIP_USER = ("deployer up --support-user=no", "deployer up --support-user=yes")
STATES = {
    "key disabled": ByHand(
        lambda stack: client("kms").disable_key(KeyId=stack["StackKeyArn"]),
        "The key arn:aws:kms:.* is disabled: the secret cannot be read",
        ("aws kms enable-key",),
        unreadable=True,
    ),
    "key pending deletion": ByHand(
        lambda stack: client("kms").schedule_key_deletion(KeyId=stack["StackKeyArn"], PendingWindowInDays=7),
        r"The key arn:aws:kms:.* is pending deletion \(on 20\d\d-\d\d-\d\d\): the secret cannot be read",
        ("aws kms cancel-key-deletion", "aws kms enable-key"),
        unreadable=True,
    ),
    "secret scheduled for deletion": ByHand(
        lambda stack: client("secretsmanager").delete_secret(SecretId=stack["SupportSecretArn"]),
        "The support secret arn:.* is scheduled for deletion: nobody can read it",
        ("aws secretsmanager restore-secret",),
        unreadable=True,
    ),
    "secret deleted": ByHand(
        lambda stack: client("secretsmanager").delete_secret(
            SecretId=stack["SupportSecretArn"], ForceDeleteWithoutRecovery=True
        ),
        "The support secret arn:.* is deleted: nobody can read it",
        FLIP_USER,
        unreadable=True,
    ),
    "user deleted": ByHand(
        delete_user,
        "The support user .* is deleted: its keys are gone",
        FLIP_USER,
        updates=(("--support-user=yes",), ("--support-ssh=yes",)),
    ),
    "role deleted": ByHand(
        delete_role,
        "The support role .* is deleted: nobody can assume it",
        ("deployer up --support-role=no", "deployer up --support-role=yes"),
        ("grant", "resume", "confirm"),
        updates=(("--support-role=yes",),),
    ),
    "log group deleted": ByHand(
        log_group("delete_log_group"),
        "[Ss]ession log group .*deleted: shells of support do not start",
        ("aws logs create-log-group", "aws logs put-retention-policy"),
        ("grant", "confirm"),
        updates=(("--session-log-retention-days=30",),),
    ),
    "log group made anew": ByHand(
        made_anew,
        "[Ss]ession log group .*without its key: shells of support do not start",
        ("aws logs associate-kms-key", "aws logs put-retention-policy"),
        ("grant", "confirm"),
    ),
    "rule disabled": ByHand(
        lambda stack: client("events").disable_rule(Name=physical("AccessEndRule")),
        "rule .* disabled: open sessions go on after the end of access",
        ("aws events enable-rule",),
        (),
    ),
    "log group without retention": ByHand(
        log_group("delete_retention_policy"),
        "[Ss]ession log group .*keeping its lines for ever, not 365 days",
        ("aws logs put-retention-policy",),
        (),
    ),
}


@pytest.fixture(scope="module")
def by_hand(sandbox_environment: dict[str, str]) -> Iterator[Deployer]:
    """A stack of its own with user and role."""
    with environment(sandbox_environment):
        Deployer(STACK).create("--support-role=yes")
    yield Deployer(STACK, "--output", "json")


def told(done: Outcome) -> tuple[str, str]:
    return done.error["message"], done.error["hint"]


@pytest.mark.parametrize("name", STATES)
def test_every_verb_says_it_and_what_is_printed_restores_it(name: str, by_hand: Deployer, embedded_aws: None) -> None:
    state, deployer = STATES[name], by_hand
    granted = deployer(*GRANT)
    assert granted.code == 0, granted.out
    state.act(deployer.outputs)
    events = len(list(deployer.gateway.cloudformation.events_newest_first(STACK)))
    for verb in state.refusing:
        refused = deployer(*CHANGING[verb])
        message, hint = told(refused)
        assert refused.code == 3 and re.search(state.words, message), (verb, message)
        assert [hint.count(command) for command in state.commands] == [1] * len(state.commands), (verb, hint)
    assert len(list(deployer.gateway.cloudformation.events_newest_first(STACK))) == events, "something was changed"
    for words in state.updates:
        message, hint = told(deployer("up", *words, "--yes"))
        assert message.startswith("Nothing was changed. The ") and re.search(state.words, message), (words, message)
        assert state.commands[0] in hint
        planned = deployer("up", *words, "--plan")
        assert state.commands[0] in str(planned.result["notes"]), (planned.out, planned.err)
    if state.unreadable:
        done = deployer("upgrade", "--yes")
        assert done.code == 0 and not done.result["changed"] and state.commands[0] in str(done.result["notes"])
        assert re.search(state.words, done.err), done.err
        message, hint = told(deployer("access", "reveal", "--stdout"))
        assert re.search(state.words, message) and state.commands[0] in hint
        says_no_policy_is_missing(deployer, state)
    shown = (
        [{}]
        if name == "rule disabled"
        else [f for f in deployer("access", "show").result["findings"] if state.commands[0] in f["hint"]]
    )
    assert len(shown) == 1, shown
    row = found(deployer, state)
    assert row["verdict"] == ("note" if name == "log group without retention" else "missing")
    revoked = Deployer(STACK)("access", "revoke", "--all", "--yes")
    assert "stack updated" in revoked.out + revoked.err, "it was stopped"
    if state.unreadable and state.commands != FLIP_USER:
        assert state.commands[0] in revoked.out and "deployer doctor" not in revoked.out, revoked.out
    if name in UNFINISHED:
        assert revoked.code == 3 and re.search(state.words, revoked.err), revoked.err
        assert state.commands[0] in revoked.err
    for line in commands(row["hint"]):
        restored(line, state)
    assert found(deployer, state) == {}
    if deployer.gateway.cloudformation.describe_stack(STACK).parameters["VendorPrincipals"]:
        again = Deployer(STACK)(*GRANT)  # the update of the revocation failed, so the grant is on record yet
        differs = "differs from the grant" in again.out
        assert (again.code, "next: deployer access revoke --all" in again.out) == (3 * differs, differs), again.out
        assert deployer("access", "revoke", "--all", "--yes").code == 0
    again = deployer(*GRANT)
    assert again.code == 0, again.err


def says_no_policy_is_missing(deployer: Deployer, state: ByHand) -> None:
    secret = ("--secret-id", deployer.outputs["SupportSecretArn"], "--profile", "vendor")
    checked = deployer("vendor", "check", *secret)
    assert checked.code == 3 and checked.result["missing"] == [], checked.out
    assert deployer("vendor", "credentials", *secret).code in (1, 4)
    if state.commands != FLIP_USER:  # of a secret that is gone AWS says only that
        assert "No policy is missing. Send this to the customer" in checked.result["hint"]
        assert "Send this to the customer" in deployer("vendor", "credentials", *secret).error["hint"]


def found(deployer: Deployer, state: ByHand) -> dict[str, str]:
    """Doctor's row for the state; none is one whose next step is doctor."""
    rows = deployer("doctor").result
    assert not any("deployer doctor" in row["hint"] for row in rows)
    return next((row for row in rows if state.commands[0] in row["hint"]), {})


def commands(hint: str) -> list[str]:
    return [line.partition(": ")[2] for line in hint.splitlines() if line.startswith(("Restore it with: ", "Then: "))]


def restored(line: str, state: ByHand) -> None:
    """Type the line as it was printed."""
    assert any(line.startswith(command) for command in state.commands), line
    words = shlex.split(line)
    if words[0] == "deployer":
        done = run(*words[1:], "--yes")
        assert done.code == 0, done.err
    else:
        subprocess.run([AWS, *words[1:]], check=True, capture_output=True, timeout=60)


def test_a_record_of_revocations_that_is_lost_is_said_and_kept_again(by_hand: Deployer, embedded_aws: None) -> None:
    deployer, group = Deployer(STACK), physical("KeeperLogGroup")
    for _ in range(2):
        assert deployer("access", "revoke", "--all", "--yes").code == 0
    assert "Accounts revoked" not in deployer("access", "confirm", "--closed").out, "the second revoked nobody"
    client("logs").delete_log_group(logGroupName=group)
    words = f"The log group {group} is deleted: revocations leave no record, and earlier records are lost."
    revoked = deployer("access", "revoke", "--all", "--yes")
    assert revoked.code == 3 and words in revoked.err and "NOT recorded" in revoked.out + revoked.err, revoked.err
    refused = by_hand("access", "confirm", "--closed")
    message, hint = told(refused)
    assert refused.code == 3 and message == f"Nothing was confirmed. {words}"
    [row] = [row for row in by_hand("doctor").result if row["hint"] == hint]
    assert row["verdict"] == "missing" and len(commands(hint)) == 2
    for line in commands(hint):
        subprocess.run([AWS, *shlex.split(line)[1:]], check=True, capture_output=True, timeout=60)
    found = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert [each["retentionInDays"] for each in found] == [365]
    assert by_hand("access", "confirm", "--closed").error["code"] == "no-revocation"
    assert deployer("access", "revoke", "--all", "--yes").code == 0
    assert deployer("access", "confirm", "--closed").code == 0


LOST = {
    "keeper": (
        lambda: client("lambda").delete_function(FunctionName=physical("KeeperFunction")),
        "function .* deleted: no key is made",
    ),
    "document": (
        lambda: client("ssm").delete_document(Name=physical("PortDocument")),
        "session document deepsql-port-i-.* deleted: sessions by it cannot be started",
    ),
    "instance": (
        lambda: client("ec2").stop_instances(InstanceIds=[physical("Instance")]),
        "instance i-.* stopped",
    ),
    "profile": (
        lambda: client("iam").remove_role_from_instance_profile(
            InstanceProfileName=physical("InstanceProfile"), RoleName=physical("InstanceRole")
        ),
        "instance profile .* without its role",
    ),
    "rule": (
        lambda: [
            client("events").remove_targets(
                Rule=physical("AccessEndRule"),
                Ids=[t["Id"] for t in client("events").list_targets_by_rule(Rule=physical("AccessEndRule"))["Targets"]],
            ),
            client("events").delete_rule(Name=physical("AccessEndRule")),
        ],
        "rule .* deleted: open sessions go on",
    ),
}


def test_what_is_lost_is_in_doctor_each_with_a_command_and_doctor_is_none(
    by_hand: Deployer, embedded_aws: None
) -> None:
    """The last test of this stack; that what is printed restores each of them is held by tests/field/test_states.py."""
    assert by_hand(*GRANT).code == 0
    for lose, _ in LOST.values():
        lose()
    rows = by_hand("doctor").result
    for _, words in LOST.values():
        [row] = [
            r for r in rows if re.search(words, f"{r['subject']} is {r['answer']}".replace(" is without", " without"))
        ]
        assert row["verdict"] == "missing" and "deployer doctor" not in row["hint"] and row["hint"], row
    other = SUPPORT.replace("role/", "role/another-")
    for words in (("access", "grant", "--principal", other, "--yes"), ("up", "--support-user=no", "--yes")):
        message, hint = told(by_hand(*words))
        assert "The function" in message and "is deleted" in message and "REVERT_DRIFT" in hint, (words, message)
    for words in (("access", "rotate"), ("access", "resume", "--yes"), ("access", "confirm")):
        refused = by_hand(*words)
        assert refused.code == 3 and re.search("^Nothing was .* The function", refused.error["message"]), refused.out
    drift = commands(refused.error["hint"])[0]
    assert "--deployment-mode REVERT_DRIFT" in drift
    for key in by_hand.gateway.cloudformation.describe_stack(STACK).parameters:
        assert f"ParameterKey={key},UsePreviousValue=true" in drift
