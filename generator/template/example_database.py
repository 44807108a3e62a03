"""An example for trying `deployer db`: an isolated network, Aurora PostgreSQL, and a bastion.

The network reaches Systems Manager through interface endpoints and Amazon Linux's packages through the S3 endpoint, and
nothing else.
"""

from __future__ import annotations

from typing import ClassVar

from troposphere import Base64, GetAtt, GetAZs, Output, Parameter, Ref, Select, Sub, Template
from troposphere.ec2 import (
    VPC,
    Instance,
    MetadataOptions,
    NetworkInterfaceProperty,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    SubnetRouteTableAssociation,
    VPCEndpoint,
)
from troposphere.iam import InstanceProfile, ManagedPolicy, Policy, Role
from troposphere.rds import DBCluster, DBInstance, DBSubnetGroup, ServerlessV2ScalingConfiguration
from troposphere.ssm import Document

from generator.model.contract import IMAGE_PARAMETER, TAG_KEY, TAG_VALUE
from generator.model.database import AccessLevel
from generator.policies.database import DatabaseScope, carry_sessions, database_policy
from generator.policies.document import document
from generator.policies.trust import service_assumes
from generator.template.parts import REGION, arn, tags
from generator.template.session_documents import ANY_PORT

PORT = 5432
PATCHED = "#!/bin/bash\ndnf install -y dnf-automatic && systemctl enable --now dnf-automatic-install.timer\n"
"""User data: Amazon Linux installs its updates automatically; the agent is preinstalled."""
DESCRIPTION = (
    "An example for deployer db: Aurora PostgreSQL with IAM authentication in a private network, and a bastion that "
    "nobody reaches from outside. Costs some 20 USD a month (endpoints, bastion), and Aurora while it is awake."
)


class ScalingToZero(ServerlessV2ScalingConfiguration):  # type: ignore[misc]  # troposphere is not typed
    """Allows a minimum capacity of zero, which troposphere still refuses (Aurora user guide, "Scaling to zero")."""

    props: ClassVar[dict[str, object]] = {
        **ServerlessV2ScalingConfiguration.props,
        "MinCapacity": (int, True),
        "SecondsUntilAutoPause": (int, False),
    }


def build_example() -> Template:
    """A new template with the whole example. Every parameter has a default."""
    template = Template()
    template.set_version("2010-09-09")
    template.set_description(DESCRIPTION)
    for part in (_network, _groups, _endpoints, _database, _bastion, _access, _outputs):
        part(template)
    return template


def _network(template: Template) -> None:
    """Two zones, as Aurora requires; no internet gateway and no NAT."""
    template.add_resource(VPC("Vpc", CidrBlock="10.90.0.0/16", EnableDnsSupport=True, EnableDnsHostnames=True))
    template.add_resource(RouteTable("Routes", VpcId=Ref("Vpc")))
    for number in (1, 2):
        zone = Select(number - 1, GetAZs(""))
        name = f"PrivateSubnet{number}"
        template.add_resource(Subnet(name, VpcId=Ref("Vpc"), CidrBlock=f"10.90.{number}.0/24", AvailabilityZone=zone))
        template.add_resource(
            SubnetRouteTableAssociation(f"{name}Routes", SubnetId=Ref(name), RouteTableId=Ref("Routes"))
        )


def _groups(template: Template) -> None:
    """No inbound traffic to the bastion; from it to the database, and HTTPS to the endpoints."""
    out = SecurityGroupRule(IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0", Description="AWS only")
    to_database = SecurityGroupRule(IpProtocol="tcp", FromPort=PORT, ToPort=PORT, CidrIp="10.90.0.0/16")
    template.add_resource(
        SecurityGroup(
            "BastionSecurityGroup",
            GroupDescription="Nothing may come in",
            VpcId=Ref("Vpc"),
            SecurityGroupEgress=[out, to_database],
        )
    )
    for name, port, what in (("Database", PORT, "the database"), ("Endpoint", 443, "AWS")):
        template.add_resource(
            SecurityGroup(
                f"{name}SecurityGroup",
                GroupDescription=f"The bastion may reach {what}",
                VpcId=Ref("Vpc"),
                SecurityGroupIngress=[
                    SecurityGroupRule(
                        IpProtocol="tcp", FromPort=port, ToPort=port, SourceSecurityGroupId=Ref("BastionSecurityGroup")
                    )
                ],
            )
        )


def _endpoints(template: Template) -> None:
    """Agents since 3.3.40 need no ec2messages (Systems Manager user guide, "VPC endpoints"). S3's is free."""
    for service in ("ssm", "ssmmessages"):
        template.add_resource(
            VPCEndpoint(
                f"{service.capitalize()}Endpoint",
                VpcId=Ref("Vpc"),
                VpcEndpointType="Interface",
                ServiceName=Sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                PrivateDnsEnabled=True,
                SubnetIds=[Ref("PrivateSubnet1")],
                SecurityGroupIds=[Ref("EndpointSecurityGroup")],
            )
        )
    template.add_resource(
        VPCEndpoint(
            "PackagesEndpoint",
            VpcId=Ref("Vpc"),
            VpcEndpointType="Gateway",
            ServiceName=Sub("com.amazonaws.${AWS::Region}.s3"),
            RouteTableIds=[Ref("Routes")],
        )
    )


def _database(template: Template) -> None:
    """Aurora, paused when unused. RDS manages the master password; deleting the example leaves a snapshot."""
    template.add_resource(
        DBSubnetGroup(
            "DatabaseSubnets",
            DBSubnetGroupDescription="Two private subnets",
            SubnetIds=[Ref("PrivateSubnet1"), Ref("PrivateSubnet2")],
        )
    )
    template.add_resource(
        DBCluster(
            "Database",
            DeletionPolicy="Snapshot",
            UpdateReplacePolicy="Snapshot",
            Engine="aurora-postgresql",
            DatabaseName="app",
            MasterUsername="master",
            ManageMasterUserPassword=True,
            EnableIAMDatabaseAuthentication=True,
            StorageEncrypted=True,
            DBSubnetGroupName=Ref("DatabaseSubnets"),
            VpcSecurityGroupIds=[Ref("DatabaseSecurityGroup")],
            ServerlessV2ScalingConfiguration=ScalingToZero(MinCapacity=0, MaxCapacity=1, SecondsUntilAutoPause=300),
        )
    )
    template.add_resource(
        DBInstance(
            "DatabaseWriter",
            DeletionPolicy="Delete",  # the data is the cluster's
            UpdateReplacePolicy="Delete",
            DBClusterIdentifier=Ref("Database"),
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
            PubliclyAccessible=False,
        )
    )


def _bastion(template: Template) -> None:
    """The smallest Graviton instance: no key pair, no public address, no inbound traffic, and sessions as its only
    right.

    Each update takes the latest image, which replaces the bastion; nothing is stored on it.
    """
    template.add_parameter(
        Parameter(
            "BastionImage",
            Type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            Default=IMAGE_PARAMETER,
            Description="Amazon Linux 2023 for arm64.",
        )
    )
    template.add_resource(
        Role(
            "BastionRole",
            AssumeRolePolicyDocument=service_assumes("Ec2Assumes", Sub("ec2.${AWS::URLSuffix}")),
            Policies=[Policy(PolicyName="carry-sessions", PolicyDocument=document([carry_sessions(REGION)]))],
        )
    )
    template.add_resource(InstanceProfile("BastionProfile", Roles=[Ref("BastionRole")]))
    interface = NetworkInterfaceProperty(
        DeviceIndex="0",
        AssociatePublicIpAddress=False,
        SubnetId=Ref("PrivateSubnet1"),
        GroupSet=[Ref("BastionSecurityGroup")],
    )
    template.add_resource(
        Instance(
            "Bastion",
            DeletionPolicy="Delete",  # nothing on it is worth keeping
            UpdateReplacePolicy="Delete",
            ImageId=Ref("BastionImage"),
            InstanceType="t4g.nano",
            IamInstanceProfile=Ref("BastionProfile"),
            NetworkInterfaces=[interface],
            MetadataOptions=MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
            Tags=tags({"Name": "deepsql-example-bastion", TAG_KEY: TAG_VALUE}),
            UserData=Base64(PATCHED),
        )
    )


def _access(template: Template) -> None:
    """A session document that reaches only the database, and one policy per access level."""
    template.add_resource(
        Document(
            "DatabaseDocument",
            DocumentType="Session",
            DocumentFormat="JSON",
            UpdateMethod="NewVersion",
            Content={
                "schemaVersion": "1.0",
                "description": "A tunnel to the example's database",
                "sessionType": "Port",
                "parameters": {"localPortNumber": {"type": "String", "allowedPattern": ANY_PORT, "default": "0"}},
                "properties": {
                    "host": GetAtt("Database", "Endpoint.Address"),
                    "portNumber": str(PORT),
                    "type": "LocalPortForwarding",
                    "localPortNumber": "{{ localPortNumber }}",
                },
            },
        )
    )
    for level in AccessLevel:
        user = f"dbuser:${{Database.DBClusterResourceId}}/*_{level.value}"
        template.add_resource(
            ManagedPolicy(
                f"{level.name.capitalize()}Policy",
                Description=f"deployer db connect --permission {level.value}",
                PolicyDocument=database_policy(
                    DatabaseScope(
                        users=[arn("rds-db", user)],
                        jump_host=arn("ec2", "instance/${Bastion}"),
                        tunnel=arn("ssm", "document/${DatabaseDocument}"),
                        sessions=arn("ssm", "session/*"),
                        region=REGION,
                        stack=arn("cloudformation", "stack/${AWS::StackName}/*"),
                    )
                ),
            )
        )


def _outputs(template: Template) -> None:
    """Under the names that deployer reads: the jump host, the database, the session document."""
    values = {
        "InstanceId": Ref("Bastion"),
        "DatabaseEndpoint": GetAtt("Database", "Endpoint.Address"),
        "DatabasePort": str(PORT),
        "DatabaseDocumentName": Ref("DatabaseDocument"),
        "Next": Sub("deployer db bootstrap --stack-name ${AWS::StackName} --for YOU=rwo"),
    }
    for name, value in values.items():
        template.add_output(Output(name, Value=value))
