"""The bastion's group: only where it is asked for, empty or with one host, and nothing the vendor's support reaches."""

import json
from collections.abc import Callable

import pytest

from generator.model.contract import BASTION_TAG_KEY, IMAGE_PARAMETER, TAG_KEY, Output, Resource
from tests.template.rendered import CLI_CREATES, PUBLISHED_STACK, Rendered, adopted, ours

PARTS = {Resource.BASTION_ROLE, Resource.BASTION_PROFILE, Resource.BASTION_LAUNCH_TEMPLATE, Resource.BASTION_GROUP}
ON_DEMAND, PERMANENT = {"RecoveryBastion": "Yes"}, {"DeployBastionHost": "Yes"}


@pytest.mark.parametrize("asked", [ON_DEMAND, PERMANENT, ON_DEMAND | PERMANENT], ids=["on demand", "permanent", "both"])
@pytest.mark.parametrize(
    ("stack", "given"), [(ours, CLI_CREATES), (adopted, PUBLISHED_STACK)], ids=["new", "published"]
)
def test_it_adds_its_own_resources_and_changes_none(
    stack: Callable[..., Rendered], given: dict[str, str], asked: dict[str, str]
) -> None:
    without, with_it = stack(**given), stack(**given, **asked)
    assert set(with_it.resources) - set(without.resources) == PARTS
    assert all(with_it.properties(name) == without.properties(name) for name in without.resources)
    assert set(with_it.outputs()) - set(without.outputs()) == {Output.BASTION_GROUP_NAME}


def test_its_host_runs_permanently_or_on_demand() -> None:
    sizes = {"0": ON_DEMAND, "1": PERMANENT}
    for least, asked in (*sizes.items(), ("1", ON_DEMAND | PERMANENT)):
        group = ours(**CLI_CREATES, **asked).properties(Resource.BASTION_GROUP)
        assert (group["MinSize"], group["MaxSize"]) == (least, "1") and "DesiredCapacity" not in group
        assert group["MaxInstanceLifetime"] == 30 * 86400
        tags = {tag["Key"]: tag["Value"] for tag in group["Tags"] if tag["PropagateAtLaunch"]}
        assert tags == {"Name": "deepsql-selfhost-bastion", BASTION_TAG_KEY: "deepsql-selfhost"}


def test_its_host_is_closed_new_at_each_launch_and_without_the_tag_of_support() -> None:
    stack = ours(**CLI_CREATES, **PERMANENT)
    data = stack.properties(Resource.BASTION_LAUNCH_TEMPLATE)
    host = data["LaunchTemplateData"]
    assert (host["InstanceType"], host["ImageId"]) == ("t4g.nano", f"resolve:ssm:{IMAGE_PARAMETER}")
    assert host["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert [(i["AssociatePublicIpAddress"], i["Groups"]) for i in host["NetworkInterfaces"]] == [
        (False, ["<InstanceSecurityGroup>"])
    ]
    assert [m["Ebs"]["Encrypted"] for m in host["BlockDeviceMappings"]] == [True]
    assert {"KeyName", "UserData"}.isdisjoint(host)
    assert TAG_KEY not in json.dumps([data, stack.properties(Resource.BASTION_GROUP)])


def test_the_agent_reads_documents_of_aws_and_none_of_an_account() -> None:
    policy = ours(**CLI_CREATES).properties(Resource.AGENT_POLICY)["PolicyDocument"]
    [reads] = [each for each in policy["Statement"] if "ssm:GetDocument" in each["Action"]]
    assert reads["Resource"].endswith("::document/*") and ":ssm:" in reads["Resource"]
    assert sum("Document" in action for each in policy["Statement"] for action in each["Action"]) == 2


def test_its_role_may_what_an_agent_needs_and_has_nothing_beside() -> None:
    role = ours(**CLI_CREATES, **PERMANENT).properties(Resource.BASTION_ROLE)
    assert role["ManagedPolicyArns"] == ["<AgentPolicy>"] and "Policies" not in role
