"""The VPC endpoints for a subnet without a NAT gateway, as a template of its own: the stack's has no room for them.

One interface endpoint with private DNS per service, one gateway endpoint for S3, one security group. Each endpoint can
be left out: a VPC can have only one with private DNS per service, and may have some already.
"""

from __future__ import annotations

from troposphere import And, Equals, If, Join, Not, NoValue, Output, Parameter, Ref, Sub, Tags, Template
from troposphere.ec2 import SecurityGroup, SecurityGroupRule, VPCEndpoint

from generator.model.vpc_endpoints import SERVICES, STACK_TAG_KEY, Resource, Service
from generator.model.vpc_endpoints import Condition as C
from generator.model.vpc_endpoints import Output as O
from generator.model.vpc_endpoints import Parameter as P
from generator.policies import vpc_endpoints as policies
from generator.template.parts import ACCOUNT, tags

DESCRIPTION = (
    "VPC endpoints for DeepSQL in a subnet without NAT: sessions, session log, secrets, Amazon Linux packages. In "
    "us-east-1 each but S3's costs 0.01 USD an hour and subnet, some 7 USD a month, and 0.01 USD a GB; S3's is free."
)
COMMENTS = {
    str(Resource.SECURITY_GROUP): "HTTPS from the clients named, and nothing else.",
    SERVICES[0].resource: "One endpoint a service, for the whole VPC. Only this account's principals get through.",
    str(Resource.S3_ENDPOINT): "S3: free, by the route tables. Amazon Linux packages come this way.",
}
STACK_NAME = Ref("AWS::StackName")
SECURITY_GROUP_ID = "^$|^sg-[0-9a-f]{8,17}$"
CIDR = r"^$|^([0-9]{1,3}\.){3}[0-9]{1,3}/[0-9]{1,2}$"


def build_vpc_endpoints() -> Template:
    """A new template with all endpoints."""
    template = Template()
    template.set_version("2010-09-09")
    template.set_description(DESCRIPTION)
    for part in (_parameters, _rules, _conditions, _security_group, _interfaces, _s3, _outputs):
        part(template)
    return template


def _parameters(template: Template) -> None:
    """Add the parameters. Without labels the console shows the names that the documentation uses."""
    texts = {
        P.VPC_ID: "The VPC of DeepSQL. It needs DNS support and DNS hostnames (enableDnsSupport, enableDnsHostnames).",
        P.SUBNET_IDS: "DeepSQL's subnet; at most one of each availability zone. Each costs once more.",
        P.CLIENT_CIDR: "Who may use the endpoints: the VPC's range. With private DNS every host of the VPC comes here.",
        P.CLIENT_SECURITY_GROUP_ID: "Or a security group: the stack's output InstanceSecurityGroupId, once it exists.",
        P.ROUTE_TABLE_IDS: "The route tables of these subnets, for S3. Empty: no S3 endpoint, as where there is one.",
    }
    kinds: dict[P, dict[str, str]] = {
        P.VPC_ID: {"Type": "AWS::EC2::VPC::Id"},
        P.SUBNET_IDS: {"Type": "List<AWS::EC2::Subnet::Id>"},
        P.CLIENT_CIDR: {"Type": "String", "Default": "", "AllowedPattern": CIDR},
        P.CLIENT_SECURITY_GROUP_ID: {"Type": "String", "Default": "", "AllowedPattern": SECURITY_GROUP_ID},
        P.ROUTE_TABLE_IDS: {"Type": "CommaDelimitedList", "Default": ""},
    }
    for name, kind in kinds.items():
        parameter = template.add_parameter(Parameter(str(name), Description=texts[name], **kind))
        template.add_parameter_to_group(parameter, "Where")
    for service in SERVICES:
        parameter = template.add_parameter(
            Parameter(
                service.parameter,
                Description=service.purpose,
                Type="String",
                Default="Yes" if service.wanted else "No",
                AllowedValues=["Yes", "No"],
            )
        )
        template.add_parameter_to_group(parameter, "Which: No where the VPC has an endpoint for it already")


def _rules(template: Template) -> None:
    """Add the rules, which CloudFormation checks before it creates anything."""
    in_the_vpc = {
        "Fn::EachMemberIn": [
            {"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", str(P.VPC_ID)]},
            {"Fn::RefAll": "AWS::EC2::VPC::Id"},
        ]
    }
    nobody = And(Equals(Ref(str(P.CLIENT_CIDR)), ""), Equals(Ref(str(P.CLIENT_SECURITY_GROUP_ID)), ""))
    template.add_rule(
        "SubnetsAreInTheVpc", _assertion(in_the_vpc, f"Every subnet of {P.SUBNET_IDS} must be one of {P.VPC_ID}.")
    )
    template.add_rule(
        "SomebodyMayUseThem",
        _assertion(Not(nobody), f"Give {P.CLIENT_CIDR} or {P.CLIENT_SECURITY_GROUP_ID}: nobody could use them."),
    )


def _assertion(holds: object, otherwise: str) -> dict[str, object]:
    return {"Assertions": [{"Assert": holds, "AssertDescription": otherwise}]}


def _conditions(template: Template) -> None:
    """Add the conditions. An empty list arrives as one empty string."""
    for service in SERVICES:
        template.add_condition(service.condition, Equals(Ref(service.parameter), "Yes"))
    template.add_condition(str(C.CIDR_GIVEN), Not(Equals(Ref(str(P.CLIENT_CIDR)), "")))
    template.add_condition(str(C.GROUP_GIVEN), Not(Equals(Ref(str(P.CLIENT_SECURITY_GROUP_ID)), "")))
    template.add_condition(str(C.WANT_S3), Not(Equals(Join("", Ref(str(P.ROUTE_TABLE_IDS))), "")))
    template.add_condition(str(C.IN_CHINA), Equals(Ref("AWS::Partition"), "aws-cn"))


def _security_group(template: Template) -> None:
    """HTTPS from the clients; no egress, since an endpoint opens no connection of its own."""
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    cidr = SecurityGroupRule(**https, CidrIp=Ref(str(P.CLIENT_CIDR)), Description=str(P.CLIENT_CIDR))
    group = SecurityGroupRule(
        **https,
        SourceSecurityGroupId=Ref(str(P.CLIENT_SECURITY_GROUP_ID)),
        Description=str(P.CLIENT_SECURITY_GROUP_ID),
    )
    nowhere = SecurityGroupRule(
        IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nowhere: without a rule it would be anywhere"
    )
    template.add_resource(
        SecurityGroup(
            str(Resource.SECURITY_GROUP),
            GroupDescription="HTTPS from DeepSQL to the VPC endpoints",
            VpcId=Ref(str(P.VPC_ID)),
            SecurityGroupIngress=[If(str(C.CIDR_GIVEN), cidr, NoValue), If(str(C.GROUP_GIVEN), group, NoValue)],
            SecurityGroupEgress=[nowhere],
            Tags=tags({"Name": STACK_NAME, STACK_TAG_KEY: STACK_NAME}),
        )
    )


def _interfaces(template: Template) -> None:
    """One endpoint per service, in the order of the parameters."""
    for service in SERVICES:
        template.add_resource(
            VPCEndpoint(
                service.resource,
                Condition=service.condition,
                VpcId=Ref(str(P.VPC_ID)),
                VpcEndpointType="Interface",
                ServiceName=_service_name(service),
                PrivateDnsEnabled=True,
                SubnetIds=Ref(str(P.SUBNET_IDS)),
                SecurityGroupIds=[Ref(str(Resource.SECURITY_GROUP))],
                PolicyDocument=_policy(service),
                Tags=_tags(service.name),
            )
        )


def _tags(name: str) -> Tags:
    return tags({"Name": Sub(f"${{AWS::StackName}}-{name}"), STACK_TAG_KEY: STACK_NAME})


def _service_name(service: Service) -> object:
    """In China the name for CloudFormation has a prefix of its own (aws-cdk, vpc-endpoint.ts)."""
    name = f"com.amazonaws.${{AWS::Region}}.{service.name}"
    if service.name == "cloudformation":
        return If(str(C.IN_CHINA), Sub(f"cn.{name}"), Sub(name))
    return Sub(name)


def _policy(service: Service) -> object:
    if service.name == "ssm":
        kinds = ("document/*", "parameter/aws/*")
        of_aws: list[object] = [Sub(f"arn:${{AWS::Partition}}:ssm:${{AWS::Region}}::{kind}") for kind in kinds]
        return policies.systems_manager(ACCOUNT, of_aws)
    if service.name in ("ssmmessages", "ec2messages"):
        return policies.own_principals_only(service.name, ACCOUNT)
    if service.name in ("secretsmanager", "kms"):
        return policies.own_store_only(service.name, ACCOUNT)
    return policies.own_account_only(service.name, ACCOUNT)


def _s3(template: Template) -> None:
    """A gateway endpoint has no security group and no DNS name: its policy is its only limit."""
    names = [name.format(region="${AWS::Region}") for name in policies.BUCKETS_OF_AWS]
    of_aws: list[object] = [Sub(f"arn:${{AWS::Partition}}:s3:::{name}/*") for name in names]
    template.add_resource(
        VPCEndpoint(
            str(Resource.S3_ENDPOINT),
            Condition=str(C.WANT_S3),
            VpcId=Ref(str(P.VPC_ID)),
            VpcEndpointType="Gateway",
            ServiceName=Sub("com.amazonaws.${AWS::Region}.s3"),
            RouteTableIds=Ref(str(P.ROUTE_TABLE_IDS)),
            PolicyDocument=policies.buckets(ACCOUNT, of_aws),
            Tags=_tags("s3"),
        )
    )


def _outputs(template: Template) -> None:
    template.add_output(Output(str(O.SECURITY_GROUP_ID), Value=Ref(str(Resource.SECURITY_GROUP))))
    template.add_output(Output(str(O.S3_ENDPOINT_ID), Condition=str(C.WANT_S3), Value=Ref(str(Resource.S3_ENDPOINT))))
    template.add_output(Output(str(O.NEXT), Value="deployer up, then deployer doctor"))
