"""The security group: nothing may come in."""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.ec2 import SecurityGroup, SecurityGroupRule

from generator.model.contract import Parameter, Resource
from generator.template.parts import ref, tags


def add_network(template: Template) -> None:
    """Egress only. The group's description and VPC can never change without replacing it, so they are the
    published ones; the way out is open because the database's port is the customer's."""
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
