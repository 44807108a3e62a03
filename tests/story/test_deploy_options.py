"""Tags, service role and topics of a stack: given with up, kept by later updates, shown by status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.session import Session

from tests.embedded import PLACE, Deployer

ROLE = "arn:aws:iam::111122223333:role/cloudformation"
TOPIC = "arn:aws:sns:us-east-1:111122223333:stack-events"


def may_everything(role: str) -> None:
    """A service role for CloudFormation with every permission."""
    iam = Session().create_client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="everything", PolicyDocument=json.dumps(everything))


def settings(deployer: Deployer) -> tuple[dict[str, str], str | None, tuple[str, ...]]:
    stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    return dict(stack.tags), stack.role_arn, stack.notification_arns


def test_they_are_set_kept_by_an_update_that_gives_none_and_shown(deployer: Deployer) -> None:
    may_everything("cloudformation")
    deployer.create("--tags", "team=data", "--tags", "note=a=b", "--role-arn", ROLE, "--notification-arns", TOPIC)
    wanted = ({"team": "data", "note": "a=b"}, ROLE, (TOPIC,))
    assert settings(deployer) == wanted
    assert deployer.up("--session-log-retention-days=30").code == 0
    assert settings(deployer) == wanted
    shown = deployer("status").out
    assert "note=a=b, team=data" in shown and ROLE in shown and TOPIC in shown


def test_tags_alone_are_a_change_and_the_plan_names_those_that_go(deployer: Deployer) -> None:
    deployer.create("--tags", "team=data", "--tags", "cost=1")
    instance = deployer.physical_ids()["Instance"]
    planned = deployer("up", "--tags", "team=ops", "--plan")
    assert "The stack's tags become: team=ops." in planned.out
    assert "These tags are removed, as they were not given: cost." in planned.out
    assert settings(deployer)[0] == {"team": "data", "cost": "1"}
    done = deployer.up("--tags", "team=ops", "--disable-rollback")
    assert done.code == 0, done.err
    assert done.err.count("If this fails, nothing is rolled back") == 1, "before, and not when it is done"
    assert settings(deployer)[0] == {"team": "ops"} and deployer.physical_ids()["Instance"] == instance
    assert "nothing to change" in deployer.up("--tags", "team=ops").err


def test_a_stack_can_be_deleted_with_another_role(deployer: Deployer) -> None:
    may_everything("cloudformation")
    deployer.create()
    refused = deployer("down", "--role-arn", "x", "--yes")
    assert (refused.code, "--role-arn takes the ARN of an IAM role" in refused.err) == (2, True)
    done = deployer("down", "--role-arn", ROLE, "--yes")
    assert done.code == 0, done.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None


def test_a_role_without_another_change_is_said_not_to_be_set(deployer: Deployer) -> None:
    may_everything("cloudformation")
    deployer.create()
    alone = deployer.up("--role-arn", ROLE)
    assert alone.code == 0 and "only with another change; neither was set" in alone.err
    assert settings(deployer)[1] is None


def test_tags_of_a_stack_with_a_carried_instance_are_refused_with_the_reason(published: Deployer) -> None:
    assert published.upgrade().code == 0
    for command in (published.up, published.upgrade):
        refused = command("--tags", "team=data")
        assert refused.code == 3 and "CloudFormation would give the tags to the instance" in refused.err
    assert settings(published)[0] == {}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--tags", "team"), "--tags takes KEY=VALUE, and 'team' has no value."),
        (("--tags", "aws:x=1"), "begins with aws:"),
        (("--tags", "a=1,b=2"), "The tag a=1,b=2 has a character that IAM takes in no tag"),
        (("--tags", "a=1", "--tags", "a=2"), "The tag a is given twice."),
        (("--tags", f"{'k' * 129}=1"), "is too long or has no key"),
        (("--role-arn", "admin"), "--role-arn takes the ARN of an IAM role, and 'admin' is none."),
        (("--role-arn", "arn:aws:iam::111122223333:user/a"), "--role-arn takes the ARN of an IAM role"),
        (("--notification-arns", ROLE), "--notification-arns takes the ARN of an SNS topic"),
    ],
)
def test_what_cloudformation_would_refuse_is_refused_before_any_call(
    words: tuple[str, ...], sentence: str, deployer: Deployer
) -> None:
    refused = deployer.up(*words, "--output", "json")
    assert refused.code == 2 and sentence in json.loads(refused.out)["error"]["message"]


def test_a_plan_without_rollback_says_so(deployer: Deployer) -> None:
    assert "nothing is rolled back (--disable-rollback)" in deployer("up", *PLACE, "--disable-rollback", "--plan").out


def test_a_parameter_file_gives_values_and_tags_and_what_is_typed_goes_before_it(
    deployer: Deployer, tmp_path: Path
) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text("Parameters:\n  InstanceName: of-file\n  CreateSupportUser: no\nTags: {team: data}\n")
    deployer.create("--parameter-file", str(file), "--instance-name", "typed")
    stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    assert (stack.parameters["InstanceName"], stack.parameters["CreateSupportUser"]) == ("typed", "No")
    assert dict(stack.tags) == {"team": "data"}
    file.write_text("Parameters:\n  SupportAccessUntil: 2026-12-01T00:00:00Z\n")
    assert deployer.up("--parameter-file", str(file)).code == 2
