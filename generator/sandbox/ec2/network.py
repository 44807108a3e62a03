"""A fresh account: a VPC with a public and a private subnet, each with a name, and the public AMIs for arm64.

MiniStack's default VPC has three subnets without names, all public and without a route to the internet, and no arm64
image. The ARN of a public parameter has no account on AWS (arn:aws:ssm:REGION::parameter/aws/service/…), and one on
MiniStack.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions
from ministack.services import ec2, ssm

from generator.sandbox.service_api import call

AMI = "ami-0d5e1a2b3c4f60718"  # made up: this image exists nowhere
AMI_NAME = "al2023-ami-2023.6.20241010.0-kernel-6.1-arm64"
PARAMETERS = (
    "al2023-ami-kernel-default-arm64",
    "al2023-ami-kernel-6.1-arm64",
    "al2023-ami-minimal-kernel-default-arm64",
)
# The ids that MiniStack gives every account's default network, and those added to it.
VPC, SECURITY_GROUP, INTERNET_GATEWAY = "vpc-00000001", "sg-00000001", "igw-00000001"
PUBLIC, PRIVATE, SPARE = "subnet-00000001", "subnet-00000002", "subnet-00000003"
PUBLIC_TABLE, PRIVATE_TABLE = "rtb-00000001", "rtb-00000002"

_init_defaults = ec2._init_defaults
_image_view = ec2._stub_image_view
_extract_resource_arn = iam_actions.extract_resource_arn


def install() -> None:
    """Change every account's default network, and publish the images."""
    ec2._init_defaults = shape_account
    ec2.reset()  # the import has set up one account already
    for name in PARAMETERS:
        ssm._PUBLIC_AMI_PARAMETERS[f"/aws/service/ami-amazon-linux-latest/{name}"] = AMI
    ec2._STUB_AMIS.append((AMI, AMI_NAME, "Amazon Linux 2023 AMI", "", "/dev/xvda", "137112412989", "amazon"))
    ec2._stub_image_view = _view
    iam_actions.extract_resource_arn = resource_arn


def shape_account() -> None:
    """The default network of the account and region of the running request."""
    _init_defaults()
    ec2._subnets.pop(SPARE, None)
    ec2._subnets[PRIVATE] |= {"MapPublicIpOnLaunch": False, "DefaultForAz": False}
    main = ec2._route_tables[PUBLIC_TABLE]
    main["Routes"][1:] = [_route(GatewayId=INTERNET_GATEWAY)]
    ec2._route_tables[PRIVATE_TABLE] = {
        **main,
        "RouteTableId": PRIVATE_TABLE,
        "Routes": [main["Routes"][0], _route(NatGatewayId="nat-00000001")],
        "Associations": [
            {
                "RouteTableAssociationId": "rtbassoc-00000002",
                "RouteTableId": PRIVATE_TABLE,
                "SubnetId": PRIVATE,
                "Main": False,
                "AssociationState": {"State": "associated"},
            }
        ],
    }
    names = {VPC: "sandbox", PUBLIC: "sandbox-public-a", PRIVATE: "sandbox-private-b"}
    for resource_id, name in names.items():
        ec2._tags.setdefault(resource_id, [{"Key": "Name", "Value": name}])


def ensure_defaults() -> None:
    """Make sure that the running request's account has its default network: any call to EC2 sets it up."""
    call(ec2, "DescribeAvailabilityZones")


def resource_arn(*request: Any) -> Any:
    """The ARN of a call's resource, as policies see it."""
    arn = _extract_resource_arn(*request)
    if isinstance(arn, str) and ":parameter/aws/service/" in arn:
        head, _, name = arn.partition(":parameter/")
        return f"{head.rpartition(':')[0]}::parameter/{name}"
    return arn


def _route(**target: str) -> dict[str, Any]:
    return {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", "Origin": "CreateRoute", **target}


def _view(ami_id: str, *rest: Any) -> dict[str, Any]:
    view: dict[str, Any] = _image_view(ami_id, *rest)
    return {**view, "Architecture": "arm64"} if ami_id == AMI else view
