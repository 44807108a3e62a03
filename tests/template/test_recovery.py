"""The recovery group: only where it is asked for, empty, and nothing the vendor's support reaches."""

import json

import pytest

from generator.model.contract import TAG_KEY, Resource
from tests.template.rendered import CLI_CREATES, PUBLISHED_STACK, ours

BOTH = {Resource.RECOVERY_LAUNCH_TEMPLATE, Resource.RECOVERY_GROUP}


@pytest.mark.parametrize("stack", [CLI_CREATES, PUBLISHED_STACK], ids=["new", "published"])
def test_it_adds_two_resources_and_changes_none(stack: dict[str, str]) -> None:
    without, asked = ours(**stack), ours(**stack, RecoveryBastion="Yes")
    assert set(asked.resources) - set(without.resources) == BOTH
    assert all(asked.properties(name) == without.properties(name) for name in without.resources)


def test_its_host_is_the_instance_made_small_and_without_the_tag_of_support() -> None:
    stack = ours(**CLI_CREATES, RecoveryBastion="Yes")
    data, group = (stack.properties(name) for name in sorted(BOTH, reverse=True))
    host = data["LaunchTemplateData"]
    assert host["ImageId"] == stack.properties("Instance")["ImageId"]
    assert host["MetadataOptions"] == {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}
    assert [i["AssociatePublicIpAddress"] for i in host["NetworkInterfaces"]] == [False]
    assert [m["Ebs"]["Encrypted"] for m in host["BlockDeviceMappings"]] == [True]
    assert (group["MinSize"], group["MaxSize"]) == ("0", "1") and "DesiredCapacity" not in group
    assert TAG_KEY not in json.dumps([data, group])


def test_a_given_image_is_the_hosts_too() -> None:
    stack = ours(**CLI_CREATES, RecoveryBastion="Yes", ImageId="ami-01234567")
    assert stack.properties(Resource.RECOVERY_LAUNCH_TEMPLATE)["LaunchTemplateData"]["ImageId"] == "ami-01234567"
