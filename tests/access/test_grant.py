"""access grant, show, reveal, policy: as typed, on the sandbox, seen from the vendor's side too."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.session import Session

from generator.cli.main import main
from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.model.principal import parse_principal
from generator.operations.access import access_policies, stack_access
from generator.operations.access import grant_plan as granting
from generator.operations.access.grant_plan import GrantRequest
from generator.operations.access.live_policies import read_policies
from generator.operations.stack import apply
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer, run

OTHER = "arn:aws:iam::444455556666:role/other"
ENDING = {"AccessEndRule", "AccessEndPolicy", "AccessEndPermission"}
TOUCHED = ENDING | {"StackKey", "SupportSecretPolicy", "SupportSessionPolicy", "SupportUserPolicy"}


@pytest.fixture(autouse=True)
def closed(deployer: Deployer) -> None:
    """Each test begins with nobody let in and an active key."""
    deployer("access", "revoke", "--all", "--yes")


def test_the_granted_role_reads_the_secret_and_its_neighbour_does_not(
    deployer: Deployer, reads: Callable[[str], str]
) -> None:
    assert reads("vendor") == reads("stranger") == "AccessDeniedException"
    granted = deployer("access", "grant", "--principal", SUPPORT, "--for", "2h", "--reason", "T-1", "--yes")
    assert granted.code == 0 and granted.result["changed"], granted.err
    assert reads("vendor").startswith("AKIA") and reads("stranger") == "AccessDeniedException"
    assert deployer("access", "revoke", "--principal", SUPPORT, "--yes").code == 0
    assert reads("vendor") == "AccessDeniedException"


def test_the_end_is_read_from_every_policy_and_one_that_is_missing_is_noticed(
    deployer: Deployer, gateway: Gateway, stack: dict[str, str]
) -> None:
    granted = deployer("access", "grant", "--principal", SUPPORT, "--for", "2h", "--yes")
    until, user = granted.result["grant"]["until"], stack["SupportUserName"]
    shown = deployer("access", "show").result
    assert shown["ends"] == [until] and shown["findings"] == []
    policies = [policy["policy"] for policy in shown["policies"] if policy["name"] == "support user"]
    assert policies == ["deepsql-support-ssm"]
    iam, policy = Session().create_client("iam"), {"UserName": user, "PolicyName": "deepsql-support-ssm"}
    text = json.dumps(iam.get_user_policy(**policy)["PolicyDocument"])
    iam.delete_user_policy(**policy)
    try:
        access = stack_access.read_access(gateway)
        checks = access_policies.verify(access, read_policies(gateway, access))
        missing = "lack StartSessionsOnThisInstance, StartSessionsWithTheseDocuments"
        answers = [check.answer for check in checks if not check.holds]
        assert answers == [f"{missing}; a grant with another end writes them again"]
    finally:
        iam.put_user_policy(**policy, PolicyDocument=text)


def test_a_grant_says_what_changes_for_those_who_are_in_already(deployer: Deployer) -> None:
    typed = Deployer(deployer.stack_name)
    first = ("access", "grant", "--principal", SUPPORT, "--for", "2h")
    assert deployer(*first, "--reason", "T-1", "--yes").code == 0
    grant = ("access", "grant", "--principal", OTHER, "--for", "4h", "--plan")
    plan = typed(*grant, "--reason", "T-2").out
    assert "The end changes for these too; it was" in plan and f"    {SUPPORT}\n" in plan, plan
    assert "this one replaces it for all; it was: T-1" in plan, plan
    for same in ((*grant, "--reason", "T-1"), grant, (*first, "--reason", "T-1", "--plan")):
        assert "replaces it" not in typed(*same).out
    assert "changes for these" not in typed(*first, "--plan").out


def test_granting_twice_writes_nothing(deployer: Deployer, gateway: Gateway) -> None:
    words = ("access", "grant", "--principal", SUPPORT, "--for", "2h", "--reason", "T-1", "--yes")
    assert deployer(*words).code == 0
    events = gateway.cloudformation.stack_events("deepsql-selfhost")
    again = deployer(*words)
    assert again.code == 0 and not again.result["changed"] and "nothing to change" in again.err
    assert gateway.cloudformation.stack_events("deepsql-selfhost") == events


def test_a_second_principal_joins_the_first(deployer: Deployer) -> None:
    deployer("access", "grant", "--principal", SUPPORT, "--yes")
    both = deployer("access", "grant", "--principal", OTHER, "--yes")
    assert both.result["vendor"]["principals"] == [SUPPORT, OTHER]
    again = deployer("access", "grant", "--principal", SUPPORT, "--yes")
    assert not again.result["changed"] and again.result["vendor"]["principals"] == [SUPPORT, OTHER]


def test_a_plan_changes_nothing_and_names_what_it_would(deployer: Deployer, reads: Callable[[str], str]) -> None:
    words = ("access", "grant", "--principal", SUPPORT, "--plan")
    planned = deployer(*words)
    touched = {c["logical_id"] for c in planned.result["up"]["change_set"]["changes"] if not c["echo_of"]}
    assert planned.code == 0 and touched == TOUCHED
    assert reads("vendor") == "AccessDeniedException"
    shown = run(*words)
    assert "Vendor reads the secret" in shown.out and "Vendor reads the secret" not in shown.err
    assert shown.out.count("AccessEndRule") == 1


def test_a_grant_that_came_in_between_is_not_lost(
    deployer: Deployer, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_from, raced = granting.stack_plan.plan_from, []

    def race(*words: Any) -> Any:
        if not raced:
            raced.append(True)
            assert deployer("access", "grant", "--principal", OTHER, "--yes").code == 0
        return plan_from(*words)

    monkeypatch.setattr(granting.stack_plan, "plan_from", race)
    planned = granting.plan_grant(gateway, GrantRequest((parse_principal(SUPPORT),)))
    granting.change_set.discard(gateway, planned.up)
    assert [p.arn for p in planned.after.principals] == [SUPPORT, OTHER]


def test_of_two_plans_the_second_is_void_once_the_first_is_executed(gateway: Gateway) -> None:
    first = granting.plan_grant(gateway, GrantRequest((parse_principal(SUPPORT),)))
    second = granting.plan_grant(gateway, GrantRequest((parse_principal(OTHER),)))
    apply.start(gateway, first.up)
    list(apply.watch(gateway, first.up))
    with pytest.raises(NotFound, match="void"):
        apply.start(gateway, second.up)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("grant", "--principal", "*"), "principal"),
        (("grant", "--principal", "arn:aws-cn:iam::444455556666:role/x"), "principal"),
        (("grant", "--principal", SUPPORT, "--for", "soon"), "duration"),
        (("grant", "--principal", SUPPORT, "--for", "1h", "--no-expiry"), "usage"),
        (("grant", "--principal", SUPPORT, "--reason", "a#b"), "reason"),
        (("revoke",), "usage"),
        (("revoke", "--all", "--principal", SUPPORT), "usage"),
        (("reveal",), "needs-stdout"),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_asked(
    words: tuple[str, ...], code: str, deployer: Deployer
) -> None:
    ran = deployer("access", *words, "--yes")
    assert (ran.code, ran.error["code"]) == (2, code) and ran.error["hint"]


@pytest.mark.parametrize(
    "words",
    [
        "access grant --principal arn:aws:iam::444455556666:role/x",
        "access pause",
        "access resume",
        "access revoke --all",
        "access rotate",
        "down",
    ],
)
def test_a_stack_that_is_not_there_is_said_before_anything_is_asked(words: str, embedded_aws: None) -> None:
    ran = run(*words.split(), "--stack-name", "mistyped", "--output", "json")
    assert (ran.code, ran.error["code"]) == (4, "stack-not-found")


def test_revoking_whom_nobody_let_in_is_said(deployer: Deployer) -> None:
    ran = deployer("access", "revoke", "--principal", OTHER, "--yes")
    assert (ran.code, ran.error["code"]) == (4, "not-granted")


def test_show_tells_what_a_person_put_into_the_policies_by_hand(
    deployer: Deployer, gateway: Gateway, stack: dict[str, str]
) -> None:
    by_hand = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ByHand",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::777788889999:root"},
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            }
        ],
    }
    gateway.secretsmanager.put_resource_policy(stack["SupportSecretArn"], by_hand)
    try:
        warnings = [f["warning"] for f in deployer("access", "show").result["findings"]]
        assert any("ByHand was added by hand" in warning for warning in warnings)
    finally:
        gateway.secretsmanager.delete_resource_policy(stack["SupportSecretArn"])


@pytest.mark.parametrize(("choice", "stays"), [("keep", True), ("replace", False)])
def test_a_grant_asks_what_becomes_of_statements_made_by_hand(
    choice: str, stays: bool, deployer: Deployer, gateway: Gateway, stack: dict[str, str], reads: Callable[[str], str]
) -> None:
    by_hand = {
        "Sid": "ByHand",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::777788889999:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    arn = stack["SupportSecretArn"]
    gateway.secretsmanager.put_resource_policy(arn, {"Version": "2012-10-17", "Statement": [by_hand]})
    words = ("access", "grant", "--principal", SUPPORT, "--yes")
    refused = deployer(*words)
    assert (refused.code, refused.error["code"]) == (3, "by-hand") and "ByHand" in refused.error["message"]
    assert deployer(*words, "--by-hand", choice).code == 0
    assert ("ByHand" in {s.sid for s in gateway.secretsmanager.get_resource_policy(arn).statements}) == stays
    assert reads("vendor").startswith("AKIA")


def test_reveal_hands_the_key_to_a_program_only_when_asked_to(deployer: Deployer, stack: dict[str, str]) -> None:
    revealed = deployer("access", "reveal", "--stdout")
    assert set(revealed.result) == {"AccessKeyId", "SecretAccessKey", "Region", "InstanceId"}
    assert revealed.result["InstanceId"] == stack["InstanceId"]
    assert revealed.result["SecretAccessKey"] not in revealed.err


@pytest.mark.parametrize("fmt", ["json", "yaml"])
def test_the_policy_for_manual_installs_needs_no_aws(
    fmt: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import yaml

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert main(["access", "policy", "--format", fmt, "--account", "111122223333", "--instance-id", "i-1"]) == 0
    text = capsys.readouterr().out
    document = json.loads(text) if fmt == "json" else yaml.safe_load(text)
    assert document["Statement"][0]["Resource"] == "arn:aws:ec2:REGION:111122223333:instance/i-1"
