"""Handlers run with the stack's service role, where it has one, and not with the permissions of the person."""

from __future__ import annotations

import json

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from tests.embedded import Deployer, run
from tests.permissions.conftest import Employ

TEMPLATE = {
    "Resources": {"InstallSettings": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}}
}


@pytest.mark.parametrize(("permitted", "status"), [(True, "CREATE_COMPLETE"), (False, "ROLLBACK_COMPLETE")])
def test_the_service_role_is_asked_and_the_person_is_not(
    deployer: Deployer, employ: Employ, permitted: bool, status: str
) -> None:
    name = f"cfn-{deployer.stack_name}"
    words = ("permissions", "up", "--stack-name", deployer.stack_name, "--service-role", name, "--output", "json")
    printed, iam = run(*words).result, Gateway(Deployment()).client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(printed["trust"]))["Role"]["Arn"]
    for policy in printed["policies"] if permitted else ():
        if policy["whose"] == "service role":
            document = json.dumps(policy["document"])
            iam.put_role_policy(RoleName=name, PolicyName=policy["name"], PolicyDocument=document)
    with employ(deployer.stack_name, "up").acting("ssm:PutParameter"):
        client = deployer.gateway.client("cloudformation")
        made = client.create_change_set(
            StackName=deployer.stack_name,
            ChangeSetName="first",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(TEMPLATE),
            RoleARN=role,
        )
        client.get_waiter("change_set_create_complete").wait(ChangeSetName=made["Id"], WaiterConfig={"Delay": 1})
        client.execute_change_set(ChangeSetName=made["Id"])
    for _ in range(100):
        stack = client.describe_stacks(StackName=deployer.stack_name)["Stacks"][0]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
    assert stack["StackStatus"] == status
