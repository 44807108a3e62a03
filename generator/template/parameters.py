"""The parameters, grouped and described for the console, and the rules CloudFormation checks first."""

from __future__ import annotations

import re
from dataclasses import dataclass

from troposphere import Equals, Not, Or, Parameter, Ref, Template

from generator.model.contract import INSTANCE_TYPES, NO_END, NO_LEVEL, SSH_USER
from generator.model.contract import Parameter as P
from generator.model.database import AccessLevel

RETENTION_DAYS = [30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""The values CloudWatch Logs accepts, from 30 days on: evidence is kept at least that long."""


@dataclass(frozen=True)
class Field:
    """One parameter. `limits` are CloudFormation's keywords, such as `Default` and `AllowedPattern`."""

    name: P
    description: str
    type: str = "String"
    limits: tuple[tuple[str, object], ...] = ()

    def parameter(self) -> Parameter:
        """The troposphere object."""
        return Parameter(str(self.name), Type=self.type, Description=self.description, **dict(self.limits))


def limits(**values: object) -> tuple[tuple[str, object], ...]:
    """Keywords for `Field.limits`, in the order given."""
    return tuple(values.items())


YES_NO = ["Yes", "No"]
LOG_GROUP = r"^[\w./#-]{0,512}$"
"""The name of a log group (CloudWatch Logs API, CreateLogGroup)."""
PRINCIPAL = r"^$|^arn:aws[a-z-]*:iam::\d{12}:(\*|root|(role|user)/[\w+=.@/:-]+)$"
"""One member of the list, which CloudFormation holds against the pattern one by one: of wildcards only `:*`."""
TIME = r"\d{4}(-\d{2}){2}T\d{2}(:\d{2}){2}Z"

NETWORK = (
    Field(P.VPC_ID, "The VPC of your database.", "AWS::EC2::VPC::Id"),
    Field(
        P.SUBNET_ID,
        "A private subnet of it that reaches the database and, through NAT, the internet.",
        "AWS::EC2::Subnet::Id",
    ),
)
INSTANCE = (
    Field(
        P.INSTANCE_TYPE,
        "Graviton. t4g.large is enough for most databases.",
        limits=limits(Default="t4g.large", AllowedValues=list(INSTANCE_TYPES)),
    ),
    Field(
        P.VOLUME_SIZE_GIB,
        "Encrypted gp3. A change of size replaces the instance.",
        "Number",
        limits(Default=50, MinValue=30, MaxValue=1000),
    ),
    Field(P.INSTANCE_NAME, "The Name tag.", limits=limits(Default="deepsql-selfhost")),
    Field(
        P.IMAGE_ID,
        "Empty: today's Amazon Linux 2023 (arm64), looked up once. A change replaces the instance.",
        limits=limits(Default="", AllowedPattern="^$|^ami-[0-9a-f]{8,17}$"),
    ),
    Field(
        P.RECOVERY_BASTION,
        "Yes: an empty group for a host of your own when the instance fails.",
        limits=limits(Default="No", AllowedValues=YES_NO),
    ),
)
PRODUCT = (
    Field(
        P.ADMIN_EMAIL,
        "Login of the first administrator.",
        limits=limits(AllowedPattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    ),
    Field(
        P.ADMIN_PASSWORD,
        "12 to 128 characters. Empty: one is generated.",
        limits=limits(Default="", NoEcho=True, AllowedPattern="^$|^.{12,128}$"),
    ),
    Field(
        P.INSTALLER_SOURCE,
        "The vendor's installer, or your mirror of it.",
        limits=limits(Default="https://install.deepsql.ai/install.sh", AllowedPattern=r"^https://[^\s'\"]+$"),
    ),
    Field(
        P.INSTALLER_VERSION,
        "A release tag to install. Empty: the latest.",
        limits=limits(Default="", AllowedPattern=r"^[\w./-]{0,100}$"),
    ),
    Field(
        P.INSTALLER_SHA256,
        "The installer's, which else is not run. Empty: not checked.",
        limits=limits(Default="", AllowedPattern="^$|^[0-9a-f]{64}$"),
    ),
)
SUPPORT = (
    Field(
        P.CREATE_SUPPORT_USER,
        "Yes: an IAM user that may only start sessions on this instance, its key in Secrets Manager.",
        limits=limits(Default="Yes", AllowedValues=YES_NO),
    ),
    Field(
        P.SUPPORT_USER_NAME,
        "Empty: CloudFormation chooses one.",
        limits=limits(Default="", AllowedPattern=r"^[\w+=,.@-]{0,64}$"),
    ),
    Field(
        P.CREATE_SUPPORT_ROLE,
        "Yes: an IAM role with the same permissions, which the vendor assumes.",
        limits=limits(Default="No", AllowedValues=YES_NO),
    ),
    Field(
        P.SUPPORT_ROLE_NAME,
        "Empty: CloudFormation chooses one.",
        limits=limits(Default="", AllowedPattern=r"^[\w+=,.@-]{0,64}$"),
    ),
    Field(
        P.SUPPORT_ROLE_EXTERNAL_ID,
        "What the vendor passes to assume it. Empty: the stack's UUID.",
        limits=limits(Default="", AllowedPattern=r"^$|^[\w+=,.@:/-]{16,1224}$"),
    ),
    Field(
        P.VENDOR_ACCOUNTS,
        "IDs of the accounts with access.",
        "CommaDelimitedList",
        limits(Default="", AllowedPattern=r"^$|^\d{12}(,\d{12})*$"),
    ),
    Field(
        P.VENDOR_PRINCIPALS,
        "ARNs of their roles or users with access.",
        "CommaDelimitedList",
        limits(Default="", AllowedPattern=PRINCIPAL),
    ),
    Field(
        P.SUPPORT_ACCESS_UNTIL,
        "UTC; from then on IAM refuses. As it is: no end.",
        limits=limits(Default=NO_END, AllowedPattern=f"^{TIME}$"),
    ),
    Field(
        P.SUPPORT_ACCESS_REASON,
        "A ticket: a tag of the support user.",
        limits=limits(Default="", AllowedPattern=r"^[\w .:/=+@\u00a0-\uffff-]{0,256}$"),
    ),
    Field(
        P.SUPPORT_ACCESS_VIA,
        "How they get access.",
        limits=limits(Default="all", AllowedValues=["all", "secret", "role"]),
    ),
    Field(
        P.SUPPORT_SESSIONS_NOT_BEFORE,
        "UTC; earlier sessions are refused; a time to come pauses the role. Empty: none.",
        limits=limits(Default="", AllowedPattern=f"^$|^{TIME}$"),
    ),
    Field(
        P.SUPPORT_SESSION_MINUTES,
        "How long a shell of support may last.",
        "Number",
        limits(Default=60, MinValue=1, MaxValue=480),
    ),
    Field(
        P.SUPPORT_PORTS,
        "Ports of the instance that support may forward; 3035 is its page.",
        "CommaDelimitedList",
        limits(Default="3035", AllowedPattern=r"^\d{1,5}(,\d{1,5})*$"),
    ),
    Field(
        P.SUPPORT_SSH,
        "Not in the session log, and reaches on from the instance.",
        limits=limits(Default="No", AllowedValues=YES_NO),
    ),
    Field(
        P.SUPPORT_SSH_USER,
        "The login.",
        limits=limits(Default=SSH_USER, AllowedPattern=r"^(?!root$)[a-z_][\w-]{0,31}$"),
    ),
    Field(
        P.SUPPORT_DEFAULT_SHELL,
        "The account's default shell too, logged only as its preferences say.",
        limits=limits(Default="No", AllowedValues=YES_NO),
    ),
    Field(
        P.EKS_CLUSTER_NAME,
        "A cluster for shells while access is granted. Empty: none.",
        limits=limits(Default="", AllowedPattern=r"^$|^[0-9A-Za-z][\w-]{0,99}$"),
    ),
    Field(
        P.EKS_ACCESS_POLICY,
        "An EKS access policy, like AmazonEKSViewPolicy.",
        limits=limits(Default="", AllowedPattern="^$|^AmazonEKS[A-Za-z]+Policy$"),
    ),
    Field(
        P.SESSION_LOG_RETENTION_DAYS,
        "How long transcripts and revocation records stay.",
        "Number",
        limits(Default=365, AllowedValues=RETENTION_DAYS),
    ),
    Field(
        P.LOG_GROUP,
        "Yours for shells, encrypted. Empty: the stack's.",
        limits=limits(Default="", AllowedPattern=LOG_GROUP),
    ),
)
DATABASE = (
    Field(
        P.DATABASE_ENDPOINT, "For deployer db. Empty: none.", limits=limits(Default="", AllowedPattern="^[a-z0-9.-]*$")
    ),
    Field(P.DATABASE_PORT, "Its port.", "Number", limits(Default=5432, MinValue=1, MaxValue=65535)),
    Field(
        P.DATABASE_SECURITY_GROUP_ID,
        "The stack adds its rule here. Empty: you do.",
        limits=limits(Default="", AllowedPattern="^$|^sg-[0-9a-f]{8,17}$"),
    ),
    Field(
        P.DATABASE_RESOURCE_ID,
        "Its resource ID in RDS, cluster-... or db-...",
        limits=limits(Default="", AllowedPattern="^$|^(cluster|db)-[A-Z0-9]+$"),
    ),
    Field(
        P.SUPPORT_DATABASE_LEVEL,
        "What support may do in it: r reads, w writes, o operates.",
        limits=limits(Default=NO_LEVEL, AllowedValues=[NO_LEVEL, *AccessLevel]),
    ),
    Field(
        P.DEPLOY_BASTION_HOST,
        "Yes: a small jump host, new every 30 days; about 4 USD a month.",
        limits=limits(Default="No", AllowedValues=YES_NO),
    ),
)
GROUPS = (
    ("Network", NETWORK),
    ("Instance", INSTANCE),
    ("DeepSQL", PRODUCT),
    ("Support access (optional)", SUPPORT),
    ("Database access (optional)", DATABASE),
)
FIELDS = tuple(field for _, fields in GROUPS for field in fields)


def fits(name: str, value: str) -> bool:
    """Whether CloudFormation will take `value` for the parameter `name`, by its AllowedPattern alone."""
    allowed = {str(field.name): dict(field.limits).get("AllowedPattern") for field in FIELDS}[name]
    return allowed is None or re.fullmatch(str(allowed), value, re.ASCII) is not None


def add_parameters(template: Template) -> None:
    """Add the parameters in groups. Without labels the console shows the names that the documentation uses."""
    for title, fields in GROUPS:
        for field in fields:
            parameter = template.add_parameter(field.parameter())
            template.add_parameter_to_group(parameter, title)


def add_rules(template: Template) -> None:
    """Add the rules, which CloudFormation checks before it creates anything."""
    template.add_rule(
        "SubnetIsInTheVpc",
        {
            "Assertions": [
                {
                    "Assert": {
                        "Fn::EachMemberIn": [
                            {"Fn::ValueOfAll": ["AWS::EC2::Subnet::Id", "VpcId"]},
                            {"Fn::RefAll": "AWS::EC2::VPC::Id"},
                        ]
                    },
                    "AssertDescription": "SubnetId must be a subnet of VpcId.",
                }
            ]
        },
    )
    template.add_rule(
        "SupportDatabaseIsKnown",
        {
            "RuleCondition": Not(Equals(Ref(P.SUPPORT_DATABASE_LEVEL), NO_LEVEL)),
            "Assertions": [
                {
                    "Assert": Not(
                        Or(*(Equals(Ref(name), "") for name in (P.DATABASE_ENDPOINT, P.DATABASE_RESOURCE_ID)))
                    ),
                    "AssertDescription": "SupportDatabaseLevel needs DatabaseEndpoint and DatabaseResourceId.",
                }
            ],
        },
    )
