"""access revoke: out, proven, and the same wherever it was stopped."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session as Aws

from generator.errors import StackBusy
from generator.gateway.aws import Gateway
from generator.model.principal import parse_principal
from generator.operations.access import observations, revocation, revoke, secret_value, verdicts
from generator.operations.access.revocation import RevokeRequest
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer

NOT_THERE = {
    "role closed",
    "instance profiles of the support role",
    "EKS access",
    "older temporary credentials refused",
    "policy of the support role",
    "older role sessions are refused",
    "database",
}
"""What does not apply to a stack without a role, a database and a cluster, whose user's policies end."""
OTHER = "arn:aws:iam::444455556666:role/another-team"


@pytest.fixture
def granted(deployer: Deployer) -> Deployer:
    """Begins with both roles let in and an active key."""
    deployer("access", "resume", "--yes")
    ran = deployer("access", "grant", "--principal", SUPPORT, "--principal", OTHER, "--reason", "T-1", "--yes")
    assert ran.code == 0, ran.out + ran.err
    return deployer


def started(gateway: Gateway, stack: dict[str, str], as_support: bool) -> str:
    """A session on the instance: as the support user with the key from the secret, or as the customer."""
    keys: dict[str, str] = {}
    if as_support:
        held = secret_value.read_secret_key(gateway, stack["SupportSecretArn"])
        assert held is not None
        keys = {"aws_access_key_id": held.key_id, "aws_secret_access_key": held.pair.secret_access_key}
    ssm = Aws().create_client("ssm", **keys)
    asked = {"Target": stack["InstanceId"], "DocumentName": stack["ShellDocumentName"]}
    return str(ssm.start_session(**asked)["SessionId"])


def open_sessions(gateway: Gateway) -> set[str]:
    return {session.session_id for session in gateway.ssm.list_sessions()}


def test_everybody_is_out_and_the_report_says_how_that_is_known(
    granted: Deployer, gateway: Gateway, stack: dict[str, str], reads: Callable[[str], str], tmp_path: Path
) -> None:
    theirs, ours = started(gateway, stack, True), started(gateway, stack, False)
    old = secret_value.read_secret_key(gateway, stack["SupportSecretArn"])
    assert old is not None
    ran = granted("access", "revoke", "--all", "--report", str(tmp_path / "report"), "--yes")
    assert ran.code == 0, ran.err
    assert theirs not in open_sessions(gateway) and ours in open_sessions(gateway)
    assert reads("vendor") == "AccessDeniedException"
    assert gateway.iam.list_access_keys(stack["SupportUserName"]) == []
    written = json.loads((tmp_path / "report.json").read_text())
    answers = {item["step"]: item["answered"] for item in written["evidence"]}
    assert written["complete"] and theirs in answers["live sessions ended"]
    assert (answers["old key is refused"], answers["a new session would be refused"]) == (
        "InvalidClientTokenId",
        "implicitDeny",
    )
    assert {name: ran.result[name] for name in written} == written, "what is printed is what is written"
    verified = granted("access", "verify", str(tmp_path / "report.json"))
    assert verified.code == 0 and verified.result["sha256"] == ran.result["sha256"]
    page = (tmp_path / "report.html").read_text()
    assert ran.result["sha256"] in page
    (tmp_path / "report.json").write_text(json.dumps(written))
    assert granted("access", "verify", str(tmp_path / "report.json")).code == 3
    assert (
        "Every check that applies is proven." in page
        and old.pair.secret_access_key not in page + json.dumps(written) + ran.out
    )


def test_what_was_observed_can_be_recorded_and_judged_again_without_aws(
    granted: Deployer, stack: dict[str, str], gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded: list[Any] = []
    observe, judge = observations.observe, verdicts.judge
    old = secret_value.read_secret_key(gateway, stack["SupportSecretArn"])

    def record(seen: Any, wanted: Any) -> Any:
        recorded.append((seen, wanted))
        return judge(seen, wanted)

    monkeypatch.setattr(observations, "observe", lambda *asked: recorded.append(observe(*asked)) or recorded[0])
    monkeypatch.setattr(verdicts, "judge", record)
    ran = granted("access", "revoke", "--all", "--yes")
    [observed, (seen, wanted)] = recorded
    assert ran.code == 0, ran.out
    assert seen is observed and old is not None
    again = judge(pickle.loads(pickle.dumps(seen)), wanted)
    assert again == judge(seen, wanted) and len(again) == len(verdicts.VERDICTS)
    told = [(item["step"], item["answered"], item["proven"]) for item in ran.result["evidence"][-len(again) :]]
    assert [(item.step, item.answered, item.proven) for item in again] == told
    assert old.pair.secret_access_key not in repr(recorded) + str(pickle.dumps(seen, 0))


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 6, 7])
def test_stopped_after_any_step_it_can_be_run_again(steps: int, granted: Deployer, gateway: Gateway) -> None:
    stopped = revocation.begin(gateway, RevokeRequest(), lambda events: list(events) and None)
    list(islice(revoke.run(stopped), steps))
    ran = granted("access", "revoke", "--all", "--yes")
    assert ran.code == 0, ran.err
    assert {item["step"] for item in ran.result["evidence"] if not item["proven"]} == NOT_THERE


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_one_of_two_goes_and_the_other_gets_a_new_key(
    steps: int, granted: Deployer, gateway: Gateway, stack: dict[str, str], reads: Callable[[str], str]
) -> None:
    before = reads("vendor")
    request = RevokeRequest((parse_principal(OTHER),))
    list(islice(revoke.run(revocation.begin(gateway, request, lambda events: list(events) and None)), steps))
    ran = granted("access", "revoke", "--principal", OTHER, "--yes")
    assert ran.code == 0, ran.err
    after = reads("vendor")
    assert after.startswith("AKIA") and after != before and reads("stranger") == "AccessDeniedException"
    assert before not in {k.key_id for k in gateway.iam.list_access_keys(stack["SupportUserName"])}


def test_a_busy_stack_does_not_keep_the_door_open_and_the_report_says_what_is_left(
    granted: Deployer, reads: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> Iterator[Any]:
        raise StackBusy("The stack deepsql-selfhost is UPDATE_IN_PROGRESS.", "deployer events --follow")

    with monkeypatch.context() as patch:
        patch.setattr(revoke, "reconcile_stack", busy)
        ran = granted("access", "revoke", "--all", "--yes")
    assert ran.code == 3 and "left: deployer events --follow" in "\n".join(
        f"left: {item['left']}" for item in ran.result["evidence"] if not item["proven"]
    )
    assert reads("vendor") == "AccessDeniedException"
    assert granted("access", "revoke", "--all", "--yes").code == 0


def test_what_a_person_let_in_by_hand_is_not_called_proven(
    granted: Deployer, gateway: Gateway, stack: dict[str, str]
) -> None:
    foreign = {
        "Sid": "ByHand",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::777788889999:root"},
        "Action": "kms:Decrypt",
        "Resource": "*",
    }
    granted("access", "revoke", "--all", "--yes")
    document = dict(gateway.kms.get_key_policy_document(stack["StackKeyArn"]))
    gateway.kms.put_key_policy(stack["StackKeyArn"], {**document, "Statement": [*document["Statement"], foreign]})
    try:
        ran = granted("access", "revoke", "--all", "--yes")
        assert ran.code == 3 and any("777788889999" in item["left"] for item in ran.result["evidence"])
    finally:
        gateway.kms.put_key_policy(stack["StackKeyArn"], document)


def test_the_report_names_what_it_does_not_ask_about(granted: Deployer, stack: dict[str, str]) -> None:
    ran = granted("access", "revoke", "--all", "--yes")
    inside, own_role, taken_before, ways, others = ran.result["not_asked"]
    assert f"deployer connect {stack['InstanceId']}" in inside
    assert "policy/deepsql-selfhost-" in own_role and "6 hours" in own_role
    assert "another role" in taken_before and "12 hours" in taken_before
    assert all(way in ways for way in ("Instance Connect Endpoint", "serial console", "clusters of other regions"))
    assert "aws iam list-users" in others and "aws iam list-delegation-requests" in others


def test_another_profile_of_the_instance_is_named_and_not_the_stacks_role(
    granted: Deployer, gateway: Gateway, stack: dict[str, str]
) -> None:
    iam, ec2 = gateway.client("iam"), gateway.client("ec2")
    iam.create_instance_profile(InstanceProfileName="by-hand")
    mine = [{"Name": "instance-id", "Values": [stack["InstanceId"]]}]
    was = ec2.describe_iam_instance_profile_associations(Filters=mine)["IamInstanceProfileAssociations"][0]
    swap = {"AssociationId": was["AssociationId"], "IamInstanceProfile": {"Name": "by-hand"}}
    now = ec2.replace_iam_instance_profile_association(**swap)["IamInstanceProfileAssociation"]
    try:
        own_role = granted("access", "revoke", "--all", "--yes").result["not_asked"][1]
        assert "get-instance-profile --instance-profile-name by-hand" in own_role and "6 hours" in own_role
        assert "keeps its permissions" not in own_role
    finally:
        back = {"AssociationId": now["AssociationId"], "IamInstanceProfile": {"Arn": was["IamInstanceProfile"]["Arn"]}}
        ec2.replace_iam_instance_profile_association(**back)
        iam.delete_instance_profile(InstanceProfileName="by-hand")
