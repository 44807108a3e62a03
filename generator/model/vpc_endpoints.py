"""The contract of the VPC endpoints' template: its names, and what each endpoint is there for.

Never rename one: CloudFormation knows a resource by its logical id, and a stack keeps its parameters by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NO_INTERNET: Final = "Endpoints do not reach DeepSQL's installer, its container images or its language model"
WITHOUT_NAT: Final = "docs/how-to/without-nat.md"
DEFAULT_STACK_NAME: Final = "deepsql-vpc-endpoints"
STACK_TAG_KEY: Final = "deepsql:vpc-endpoints"
"""On each endpoint of the template; its value is the stack's name, so that doctor extends that stack."""


class Parameter(StrEnum):
    """The parameters that say where; each endpoint has one more, `Service.parameter`."""

    VPC_ID = "VpcId"
    SUBNET_IDS = "SubnetIds"
    CLIENT_CIDR = "ClientCidr"
    CLIENT_SECURITY_GROUP_ID = "ClientSecurityGroupId"
    ROUTE_TABLE_IDS = "RouteTableIds"


class Resource(StrEnum):
    """Logical ids beside those of the interface endpoints, which are `Service.resource`."""

    SECURITY_GROUP = "EndpointSecurityGroup"
    S3_ENDPOINT = "S3Endpoint"


class Condition(StrEnum):
    """Conditions beside those of the interface endpoints, which are `Service.condition`."""

    CIDR_GIVEN = "ClientCidrGiven"
    GROUP_GIVEN = "ClientSecurityGroupGiven"
    WANT_S3 = "WantS3Endpoint"
    IN_CHINA = "InChina"


class Output(StrEnum):
    """The stack's outputs."""

    SECURITY_GROUP_ID = "EndpointSecurityGroupId"
    S3_ENDPOINT_ID = "S3EndpointId"
    NEXT = "Next"


@dataclass(frozen=True)
class Service:
    """An interface endpoint. `name` is the service's name as it ends an endpoint service's, `word` the same in a
    logical id, `wanted` whether it is made by default, `purpose` one sentence for the form.
    """

    name: str
    word: str
    wanted: bool
    purpose: str

    @property
    def parameter(self) -> str:
        """The parameter that asks for it, Yes or No."""
        return f"Create{self.word}Endpoint"

    @property
    def resource(self) -> str:
        """Its logical id."""
        return f"{self.word}Endpoint"

    @property
    def condition(self) -> str:
        """The condition it hangs on."""
        return f"Want{self.word}Endpoint"


SERVICES: Final = (
    Service("ssm", "Ssm", True, "Systems Manager: the agent registers here, and the installation reads its settings."),
    Service("ssmmessages", "SsmMessages", True, "Sessions, tunnels and commands go through it."),
    Service("ec2messages", "Ec2Messages", False, "Only for Systems Manager agents before 3.3.40.0."),
    Service("logs", "Logs", True, "The session log. A shell that cannot be logged does not start."),
    Service("secretsmanager", "SecretsManager", True, "The installation reads the admin password; No afterwards."),
    Service("cloudformation", "CloudFormation", True, "The installation reports that it is done; No afterwards."),
    Service("kms", "Kms", False, "Only if your own session preferences name a key: those of DeepSQL need none."),
)
"""Every interface endpoint, in the order of the form.

Agents since 3.3.40.0 leave ec2messages alone once ssmmessages answers (release notes of amazon-ssm-agent), and newer
regions have no such endpoint. The session log's encryption and the secrets' are the services' own calls to KMS.
"""

FOR_SESSIONS: Final = ("ssm", "ssmmessages", "logs")
"""What sessions take. Without logs no shell starts, because the stack's shells refuse to run unlogged."""

FOR_THE_INSTALLATION: Final = ("secretsmanager", "cloudformation")
"""What a new instance calls besides while it installs DeepSQL."""
