"""A subnet's default route and a VPC's endpoints, against botocore's own models."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import AwsError
from generator.gateway.ec2 import EC2
from generator.model.network import DefaultRoute, IngressRule, VpcEndpoint

ASKED = {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}
LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}


def default(**target: str) -> dict[str, str]:
    return {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", **target}


def table(name: str, route: dict[str, str] | None, **association: Any) -> dict[str, Any]:
    routes = [LOCAL, *([route] if route else [])]
    return {"RouteTableId": name, "VpcId": "vpc-1", "Routes": routes, "Associations": [association]}


MAIN = table("rtb-main", default(NatGatewayId="nat-1"), Main=True)


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (None, DefaultRoute("nat-1", "rtb-main", "10.0.0.0/16")),
        (default(GatewayId="igw-1"), DefaultRoute("igw-1", "rtb-own", "10.0.0.0/16")),
        (default(TransitGatewayId="tgw-1"), DefaultRoute("tgw-1", "rtb-own", "10.0.0.0/16")),
        (default(NatGatewayId="nat-2", State="blackhole"), DefaultRoute("", "rtb-own", "10.0.0.0/16")),
        ({**LOCAL, "DestinationCidrBlock": "10.9.0.0/16"}, DefaultRoute("", "rtb-own", "10.0.0.0/16")),
    ],
    ids=("the main table", "internet gateway", "transit gateway", "black hole", "no default route"),
)
def test_where_a_subnet_leads(stubbed: Any, own: dict[str, str] | None, expected: DefaultRoute) -> None:
    client, stub = stubbed.client("ec2")
    tables = [MAIN, *([table("rtb-own", own, SubnetId="subnet-1", Main=False)] if own else [])]
    stub.add_response("describe_route_tables", {"RouteTables": tables}, ASKED)
    assert EC2(client).describe_default_route("vpc-1", "subnet-1") == expected


def test_a_gateway_to_the_internet_serves_public_addresses_only() -> None:
    assert DefaultRoute("igw-1").serves(public_address=True) and not DefaultRoute("igw-1").serves(public_address=False)
    assert DefaultRoute("nat-1").serves(public_address=False) and not DefaultRoute("").serves(public_address=True)


def test_the_endpoints_that_are_there(stubbed: Any) -> None:
    client, stub = stubbed.client("ec2")
    ssm = {
        "VpcEndpointId": "vpce-1",
        "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-east-1.ssm",
        "State": "available",
        "PrivateDnsEnabled": True,
        "Groups": [{"GroupId": "sg-1", "GroupName": "x"}],
        "Tags": [{"Key": "deepsql:vpc-endpoints", "Value": "ours"}],
    }
    s3 = {
        "VpcEndpointId": "vpce-2",
        "VpcEndpointType": "Gateway",
        "ServiceName": "com.amazonaws.us-east-1.s3",
        "State": "available",
        "RouteTableIds": ["rtb-1"],
    }
    on_its_way = {**ssm, "VpcEndpointId": "vpce-3", "State": "pending"}
    stub.add_response("describe_vpc_endpoints", {"VpcEndpoints": [ssm, s3, on_its_way]}, ASKED)
    assert EC2(client).describe_vpc_endpoints("vpc-1") == [
        VpcEndpoint("vpce-1", "ssm", True, True, ("sg-1",), (), "ours"),
        VpcEndpoint("vpce-2", "s3", False, False, (), ("rtb-1",)),
    ]


def test_what_opens_a_group(stubbed: Any) -> None:
    client, stub = stubbed.client("ec2")
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    everything = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-7", "UserId": "111122223333"}]}
    udp = {"IpProtocol": "udp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    group = {"GroupId": "sg-1", "GroupName": "x", "Description": "x", "IpPermissions": [https, everything, udp]}
    stub.add_response("describe_security_groups", {"SecurityGroups": [group]}, {"GroupIds": ["sg-1"]})
    by_range, by_group = EC2(client).describe_ingress_rules(["sg-1", "sg-1"])
    assert by_range == IngressRule("sg-1", 443, 443, ("10.0.0.0/16",)) and by_group == IngressRule(
        "sg-1", 0, 65535, (), ("sg-7",)
    )
    assert by_range.lets_in(443, "10.0.9.9", ()) and not by_range.lets_in(443, "10.1.0.1", ("sg-7",))
    assert by_group.lets_in(443, "10.1.0.1", ("sg-7",)) and not by_range.lets_in(22, "10.0.9.9", ())


def test_no_group_is_no_question(stubbed: Any) -> None:
    client, _ = stubbed.client("ec2")
    assert EC2(client).describe_ingress_rules([]) == []


def test_a_refusal_is_told_as_one(stubbed: Any) -> None:
    client, stub = stubbed.client("ec2")
    stub.add_client_error("describe_route_tables", "UnauthorizedOperation", "You are not authorized", 403)
    with pytest.raises(AwsError):
        EC2(client).describe_default_route("vpc-1", "subnet-1")


def test_the_volumes_that_would_go_with_an_instance_are_kept(stubbed: Any) -> None:
    client, stub = stubbed.client("ec2")
    disks = [
        {"DeviceName": "/dev/xvda", "Ebs": {"VolumeId": "vol-1", "DeleteOnTermination": True}},
        {"DeviceName": "/dev/sdb", "Ebs": {"VolumeId": "vol-2", "DeleteOnTermination": False}},
    ]
    described = {"Reservations": [{"Instances": [{"InstanceId": "i-1", "BlockDeviceMappings": disks}]}]}
    stub.add_response("describe_instances", described, {"InstanceIds": ["i-1"]})
    kept = [{"DeviceName": "/dev/xvda", "Ebs": {"DeleteOnTermination": False}}]
    stub.add_response("modify_instance_attribute", {}, {"InstanceId": "i-1", "BlockDeviceMappings": kept})
    assert EC2(client).keep_volumes("i-1") == ("vol-1",)
