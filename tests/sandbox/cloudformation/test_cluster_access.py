"""AWS::EKS::AccessEntry in a stack: made, changed, removed, and refused where there is no such cluster."""

import json

import pytest

from generator.template.emit import wire
from tests.sandbox.cloudformation.conftest import Client, Stacks

PRINCIPAL = "arn:aws:iam::111122223333:role/somebody"
VIEW, ADMIN = (f"arn:aws:eks::aws:cluster-access-policy/AmazonEKS{name}Policy" for name in ("View", "ClusterAdmin"))
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"},
        ],
    }
)
TEMPLATE = json.dumps(
    {
        "Parameters": {name: {"Type": "String"} for name in ("Cluster", "Policy", "Wanted")},
        "Conditions": {"IsWanted": {"Fn::Equals": [{"Ref": "Wanted"}, "Yes"]}},
        "Resources": {
            "Topic": {"Type": "AWS::SNS::Topic"},
            "Entry": {
                "Type": "AWS::EKS::AccessEntry",
                "Condition": "IsWanted",
                "Properties": {
                    "ClusterName": {"Ref": "Cluster"},
                    "PrincipalArn": PRINCIPAL,
                    "AccessPolicies": [{"PolicyArn": {"Ref": "Policy"}, "AccessScope": {"Type": "cluster"}}],
                },
            },
        },
    }
)


OURS = wire()


@pytest.fixture
def cluster(client: Client) -> str:
    role = client("iam").create_role(RoleName="eks", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    made = client("eks").create_cluster(name="cell-1", roleArn=role, resourcesVpcConfig={})
    return str(made["cluster"]["name"])


def given(**values: str) -> list[dict[str, str]]:
    wanted = {"Cluster": "cell-1", "Policy": VIEW, "Wanted": "Yes"} | values
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items()]


def test_an_entry_lives_with_its_stack(stacks: Stacks, client: Client, cluster: str) -> None:
    eks = client("eks")
    asked = {"clusterName": cluster, "principalArn": PRINCIPAL}

    def policies() -> list[str]:
        entries = eks.list_associated_access_policies(**asked)["associatedAccessPolicies"]
        return [policy["policyArn"] for policy in entries]

    assert stacks.execute(stacks.change_set(given(), TEMPLATE, "CREATE")) == "CREATE_COMPLETE"
    assert eks.describe_access_entry(**asked)["accessEntry"]["type"] == "STANDARD"
    assert (stacks.resources()["Entry"], policies()) == (f"{PRINCIPAL}|cell-1", [VIEW])
    assert stacks.execute(stacks.change_set(given(Policy=ADMIN))) == "UPDATE_COMPLETE"
    assert policies() == [ADMIN]
    assert stacks.execute(stacks.change_set(given(Policy=ADMIN, Wanted="No"))) == "UPDATE_COMPLETE"
    assert PRINCIPAL not in eks.list_access_entries(clusterName="cell-1")["accessEntries"]


def test_without_the_cluster_the_stack_says_so(stacks: Stacks) -> None:
    assert stacks.execute(stacks.change_set(given(Cluster="gone"), TEMPLATE, "CREATE")) == "ROLLBACK_COMPLETE"
    reasons = [event.get("ResourceStatusReason", "") for event in stacks.history()]
    assert any("No cluster found for name: gone" in reason for reason in reasons)


def test_the_instance_enters_the_cell_its_stack_names(stacks: Stacks, client: Client, cluster: str) -> None:
    wanted = {
        "VpcId": "vpc-00000001",
        "SubnetId": "subnet-00000002",
        "AdminEmail": "admin@example.com",
        "EksClusterName": cluster,
        "EksAccessPolicy": "AmazonEKSViewPolicy",
        "VendorAccounts": "444455556666",
        "VendorPrincipals": "arn:aws:iam::444455556666:role/deepsql-support",
    }
    asked = [{"ParameterKey": name, "ParameterValue": value} for name, value in wanted.items()]
    assert stacks.execute(stacks.change_set(asked, OURS, "CREATE")) == "CREATE_COMPLETE"
    role = client("iam").get_role(RoleName=stacks.resources()["InstanceRole"])["Role"]["Arn"]
    entries = client("eks").list_associated_access_policies(clusterName=cluster, principalArn=role)
    assert [policy["policyArn"] for policy in entries["associatedAccessPolicies"]] == [VIEW]
