"""upgrade: to this version's template with the stack's own instance, held by a stack policy that AWS enforces."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.operations.stack import guard, stack_policy
from generator.sandbox import lifecycle
from generator.template.emit import wire
from tests.embedded import Deployer

IMAGE = ("--image-id", "ami-0123456789abcdef0")


def fail_next(logical_id: str, action: str) -> None:
    running = lifecycle.status()
    assert running is not None
    lifecycle.fail_next(running, logical_id, action, "asked for by the test")


def policy(deployer: Deployer) -> dict[str, list[str]]:
    """Action -> the logical IDs that the stack's policy denies it."""
    body = deployer.gateway.cloudformation.get_stack_policy(deployer.stack_name)
    denials = [each for each in json.loads(body)["Statement"] if each["Effect"] == "Deny"] if body else []
    return {
        action: [name.removeprefix("LogicalResourceId/") for name in denial["Resource"]]
        for denial in denials
        for action in denial["Action"]
    }


def instance(deployer: Deployer) -> Any:
    return deployer.gateway.ec2.describe_instance(deployer.physical_ids()["Instance"])


def rewrite(published: Deployer, old: str, new: str) -> None:
    """Change the text of the stack's template, as its owner may."""
    client = published.gateway.client("cloudformation")
    live = client.get_template(StackName=published.stack_name)["TemplateBody"]
    assert old in live
    keys = published.gateway.cloudformation.describe_stack(published.stack_name).parameters
    client.update_stack(
        StackName=published.stack_name,
        TemplateBody=live.replace(old, new),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "UsePreviousValue": True} for key in keys],
    )
    client.get_waiter("stack_update_complete").wait(StackName=published.stack_name, WaiterConfig={"Delay": 1})


def test_up_without_values_never_upgrades(published: Deployer) -> None:
    resources = published.physical_ids()
    asked = published.up()
    assert (asked.code, "has an earlier template, and no value was given" in asked.err) == (0, True)
    assert f"next: deployer upgrade --plan --stack-name {published.stack_name}" in asked.err
    refused = published.up("--support-role=yes")
    assert (refused.code, refused.out) == (2, "")
    assert "has no parameter CreateSupportRole: it is of another version" in refused.err
    assert "deployer upgrade --stack-name" in refused.err
    assert published.physical_ids() == resources


def test_an_adopted_stack_keeps_its_instance_through_all_that_follows(published: Deployer) -> None:
    before = instance(published)
    planned = published("upgrade", "--plan")
    assert "SupportUserPolicy" in planned.out and "loses: Describe instances for lookup" in planned.out
    assert "stop working for the vendor" in planned.out
    assert "What changes with version 0.1.0:" in planned.out and "    - Open sessions end with" in planned.out
    assert published.upgrade().code == 0
    assert policy(published)["Update:*"] == ["Instance"]
    assert (
        "StackKey" in policy(published)["Update:Replace"] and "AdminSecret" not in policy(published)["Update:Replace"]
    )
    for flip in ("--support-user=no", "--support-user=yes"):
        assert published.up(flip).code == 0
    again = published.upgrade()
    assert (again.code, "is up to date" in again.err) == (0, True)
    for change in ("--instance-type=m7g.large", "--instance-name=other", "--volume-size-gib=60"):
        refused = published.up(change, "--allow-replacement", "Instance")
        assert refused.code == 3 and "whose image AWS looks up again" in refused.err, change
    assert instance(published) == before


def test_a_value_of_any_name_that_reaches_such_an_instance_is_refused(published: Deployer) -> None:
    rewrite(published, "{Key: Name, Value: !Ref InstanceName}, {", "{Key: U, Value: !Ref SupportUserName}, {")
    before = instance(published)
    refused = published.up("--support-user-name=other", "--allow-replacement", "SupportUser")
    assert refused.code == 3 and "would have its image looked up again" in refused.err
    assert instance(published) == before


def test_characters_that_cloudformation_does_not_give_back_are_told_and_never_written(published: Deployer) -> None:
    rewrite(published, "set -eux", "set -eux # f\u00fcr uns")
    before = instance(published)
    planned = published("upgrade", "--plan")
    assert "has a ? in Resources/Instance/Properties/UserData." in planned.out + planned.err
    refused = published.upgrade()
    assert refused.code == 3 and "would have its image looked up again" in refused.err
    assert instance(published) == before


def test_a_stack_that_does_not_name_its_instance_is_asked_to(published: Deployer) -> None:
    rewrite(published, "  InstanceId: {Value: !Ref Instance}\n", "")
    refused = published.upgrade("--replace-instance")
    assert refused.code == 3 and "has no output InstanceId" in refused.err


def test_one_way_makes_the_instance_ours_and_leaves_the_old_one_running(published: Deployer) -> None:
    assert published.upgrade().code == 0
    before = instance(published)
    planned = published("upgrade", "--replace-instance", "--plan")
    assert planned.code == 0 and f"The instance {before.instance_id} leaves the stack and keeps running" in planned.out
    assert f"aws ec2 terminate-instances --instance-ids {before.instance_id}" in planned.out
    assert instance(published) == before and not before.retained_volumes
    assert published.upgrade("--replace-instance").code == 0
    after = instance(published)
    assert after.instance_id != before.instance_id and after.retained_volumes
    left = published.gateway.ec2.describe_instance(before.instance_id)
    assert (left.state, left.retained_volumes) == ("running", before.volumes)
    assert set(policy(published)) == {"Update:Replace", "Update:Delete"}
    assert "AdminSecret" in policy(published)["Update:Replace"]
    assert published.up("--instance-type=m7g.large", "--allow-replacement", "Instance").code == 0


def test_aws_itself_stops_a_replacement_that_we_would_have_let_pass(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployer.create()
    before, kept = instance(deployer), policy(deployer)
    monkeypatch.setattr(guard, "GUARDS", ())
    failed = deployer.up(*IMAGE)
    assert failed.code == 1 and "Action denied by stack policy" in failed.err
    assert instance(deployer) == before and policy(deployer) == kept


def test_a_named_replacement_lifts_the_policy_for_that_update_only(deployer: Deployer) -> None:
    deployer.create()
    before, kept = instance(deployer), policy(deployer)
    assert kept["Update:Delete"] == kept["Update:Replace"] and "Instance" in kept["Update:Replace"]
    assert deployer.up(*IMAGE, "--allow-replacement", "Instance").code == 0
    assert instance(deployer).instance_id != before.instance_id and policy(deployer) == kept


def test_an_upgrade_sets_a_lost_policy_again_and_leaves_one_of_others(deployer: Deployer) -> None:
    deployer.create()
    kept, cloudformation = policy(deployer), deployer.gateway.cloudformation
    everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    cloudformation.set_stack_policy(deployer.stack_name, json.dumps({"Statement": [everything]}))
    assert deployer.upgrade().code == 0 and policy(deployer) == kept
    theirs = {**everything, "Effect": "Deny", "Action": ["Update:*"], "Resource": ["LogicalResourceId/KeeperRole"]}
    cloudformation.set_stack_policy(deployer.stack_name, json.dumps({"Statement": [everything, theirs]}))
    assert deployer.upgrade().code == 0 and policy(deployer) == {"Update:*": ["KeeperRole"]}


def doctor(deployer: Deployer) -> dict[str, Any]:
    findings = deployer("doctor", "--output", "json").result
    return next(each for each in findings if each["subject"] == "stack policy")


def test_doctor_says_whether_aws_holds_updates_to_their_plan(deployer: Deployer) -> None:
    deployer.create()
    assert doctor(deployer)["verdict"] == "ok"
    everything = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}
    deployer.gateway.cloudformation.set_stack_policy(deployer.stack_name, json.dumps({"Statement": [everything]}))
    lost = doctor(deployer)
    assert lost["verdict"] == "missing" and lost["hint"].startswith("deployer upgrade --stack-name")
    assert deployer.upgrade().code == 0
    whole = deployer.gateway.cloudformation.get_stack_policy(deployer.stack_name)
    deployer.gateway.cloudformation.set_stack_policy(deployer.stack_name, stack_policy.without(whole, {"StackKey"}))
    assert "StackKey" in doctor(deployer)["answer"] and doctor(deployer)["verdict"] == "missing"
    theirs = {"Statement": [everything, {**everything, "Effect": "Deny", "Resource": "LogicalResourceId/KeeperRole"}]}
    deployer.gateway.cloudformation.set_stack_policy(deployer.stack_name, json.dumps(theirs))
    assert doctor(deployer)["verdict"] == "note"


def test_there_is_no_upgrade_of_a_stack_that_does_not_exist(deployer: Deployer) -> None:
    assert deployer.upgrade().code == 4


def older(deployer: Deployer, **values: str) -> None:
    """A stack of an earlier version, in which a parameter had another name."""
    template = wire().replace("SupportDatabaseLevel", "SupportDatabaseGrade")
    client = deployer.gateway.client("cloudformation")
    given = {"VpcId": "vpc-00000001", "SubnetId": "subnet-00000002", "AdminEmail": "admin@example.com", **values}
    client.create_stack(
        StackName=deployer.stack_name,
        TemplateBody=template,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    client.get_waiter("stack_create_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})


DATABASE = {
    "DatabaseEndpoint": "app.cluster-c1.us-east-1.rds.amazonaws.com",
    "DatabaseResourceId": "cluster-ABCDEFGHIJKL",
    "SupportDatabaseGrade": "w",
}


def test_the_value_of_a_parameter_that_has_another_name_now_is_carried_over(deployer: Deployer) -> None:
    older(deployer, **DATABASE)
    before = instance(deployer)
    done = deployer.upgrade()
    assert done.code == 0, done.err
    parameters = deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters
    assert parameters["SupportDatabaseLevel"] == "w" and "SupportDatabaseGrade" not in parameters
    assert instance(deployer) == before


def test_an_upgrade_that_fails_in_the_middle_leaves_the_stack_as_it_was_and_the_next_one_works(
    published: Deployer,
) -> None:
    before, template = instance(published), published.gateway.cloudformation.get_template(published.stack_name)
    ids = published.physical_ids()
    policy_before = policy(published)
    fail_next("KeeperFunction", "create")
    failed = published.upgrade()
    assert failed.code == 1 and "UPDATE_ROLLBACK_COMPLETE: KeeperFunction" in failed.err
    assert instance(published) == before and published.physical_ids() == ids
    assert published.gateway.cloudformation.get_template(published.stack_name) == template
    assert policy(published) == policy_before
    done = published.upgrade()
    assert done.code == 0, done.err
    assert instance(published) == before and policy(published)["Update:*"] == ["Instance"]


def test_a_replaced_instance_whose_upgrade_fails_stays_and_so_does_the_policy_that_was_lifted(
    published: Deployer,
) -> None:
    assert published.upgrade().code == 0
    before, kept = instance(published), policy(published)
    fail_next("Instance", "create")
    failed = published.upgrade("--replace-instance")
    assert failed.code == 1 and "UPDATE_ROLLBACK_COMPLETE" in failed.err
    after = instance(published)
    assert (after.instance_id, after.state, policy(published)) == (before.instance_id, before.state, kept)
