"""The security group: no inbound traffic."""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.ec2 import SecurityGroup, SecurityGroupRule

from generator.model.contract import Parameter, Resource
from generator.template.parts import ref, tags


def add_security_group(template: Template) -> None:
    """Add it. Changing the description or the VPC would replace it, so they are those of the published template. Egress
    is open because the port of the customer's database can be any."""
    template.add_resource(
        SecurityGroup(
            str(Resource.SECURITY_GROUP),
            GroupDescription="DeepSQL self-host - egress only, SSM-managed.",
            VpcId=ref(Parameter.VPC_ID),
            SecurityGroupEgress=[
                SecurityGroupRule(
                    IpProtocol="-1",
                    CidrIp="0.0.0.0/0",
                    Description="All egress (SSM, Docker pulls, npm, GitHub, Aurora/RDS).",
                )
            ],
            Tags=tags({"Name": Sub("${InstanceName}-sg")}),
        )
    )
