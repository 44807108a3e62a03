"""The template's contract: names that other rooms and existing stacks rely on.

Never rename one: CloudFormation knows a resource by its logical id, and a stack keeps its parameters by name.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Parameter(StrEnum):
    """The template's parameters, in the order of the console's form."""

    VPC_ID = "VpcId"
    SUBNET_ID = "SubnetId"
    INSTANCE_TYPE = "InstanceType"
    VOLUME_SIZE_GIB = "VolumeSizeGiB"
    INSTANCE_NAME = "InstanceName"
    IMAGE_ID = "ImageId"
    RECOVERY_BASTION = "RecoveryBastion"
    ADMIN_EMAIL = "AdminEmail"
    ADMIN_PASSWORD = "AdminPassword"  # noqa: S105 - the parameter's name
    INSTALLER_SOURCE = "InstallerSource"
    INSTALLER_VERSION = "InstallerVersion"
    INSTALLER_SHA256 = "InstallerSha256"
    CREATE_SUPPORT_USER = "CreateSupportUser"
    SUPPORT_USER_NAME = "SupportUserName"
    CREATE_SUPPORT_ROLE = "CreateSupportRole"
    SUPPORT_ROLE_NAME = "SupportRoleName"
    SUPPORT_ROLE_EXTERNAL_ID = "SupportRoleExternalId"
    VENDOR_ACCOUNTS = "VendorAccounts"
    VENDOR_PRINCIPALS = "VendorPrincipals"
    SUPPORT_ACCESS_UNTIL = "SupportAccessUntil"
    SUPPORT_ACCESS_REASON = "SupportAccessReason"
    SUPPORT_ACCESS_VIA = "SupportAccessVia"
    SUPPORT_SESSIONS_NOT_BEFORE = "SupportSessionsNotBefore"
    SUPPORT_SESSION_MINUTES = "SupportSessionMinutes"
    SUPPORT_PORTS = "SupportPorts"
    SUPPORT_SSH = "SupportSsh"
    SUPPORT_SSH_USER = "SupportSshUser"
    SUPPORT_DEFAULT_SHELL = "SupportDefaultShell"
    EKS_CLUSTER_NAME = "EksClusterName"
    EKS_ACCESS_POLICY = "EksAccessPolicy"
    SESSION_LOG_RETENTION_DAYS = "SessionLogRetentionDays"
    LOG_GROUP = "LogGroup"
    DATABASE_ENDPOINT = "DatabaseEndpoint"
    DATABASE_PORT = "DatabasePort"
    DATABASE_SECURITY_GROUP_ID = "DatabaseSecurityGroupId"
    DATABASE_RESOURCE_ID = "DatabaseResourceId"
    SUPPORT_DATABASE_LEVEL = "SupportDatabaseLevel"
    DEPLOY_BASTION_HOST = "DeployBastionHost"


class Resource(StrEnum):
    """Logical ids."""

    SECURITY_GROUP = "InstanceSecurityGroup"
    AGENT_POLICY = "AgentPolicy"
    INSTANCE_ROLE = "InstanceRole"
    INSTANCE_PROFILE = "InstanceProfile"
    INSTANCE_IMAGE = "InstanceImage"
    INSTANCE = "Instance"
    CLUSTER_ACCESS = "ClusterAccess"
    BASTION_ROLE = "BastionRole"
    BASTION_PROFILE = "BastionProfile"
    BASTION_LAUNCH_TEMPLATE = "BastionLaunchTemplate"
    BASTION_GROUP = "BastionGroup"
    ADMIN_SECRET = "AdminSecret"  # noqa: S105 - a logical id
    INSTALL_SETTINGS = "InstallSettings"
    STACK_KEY = "StackKey"
    SESSION_LOG_GROUP = "SessionLogGroup"
    SHELL_DOCUMENT = "ShellDocument"
    CUSTOMER_SHELL_DOCUMENT = "CustomerShellDocument"
    PORT_DOCUMENT = "PortDocument"
    SSH_DOCUMENT = "SshDocument"
    SUPPORT_USER = "SupportUser"
    SUPPORT_USER_POLICY = "SupportUserPolicy"
    SUPPORT_ROLE = "SupportRole"
    SUPPORT_ROLE_POLICY = "SupportRolePolicy"
    SUPPORT_SESSION_POLICY = "SupportSessionPolicy"
    SUPPORT_SECRET = "SupportCredentialsSecret"  # noqa: S105 - a logical id
    SUPPORT_SECRET_POLICY = "SupportSecretPolicy"  # noqa: S105 - a logical id
    SUPPORT_KEY = "SupportKey"
    SUPPORT_KEY_ROTATION = "SupportKeyRotation"
    KEEPER_ROLE = "KeeperRole"
    KEEPER_LOG_GROUP = "KeeperLogGroup"
    KEEPER_FUNCTION = "KeeperFunction"
    ACCESS_END_RULE = "AccessEndRule"
    ACCESS_END_PERMISSION = "AccessEndPermission"
    ACCESS_END_POLICY = "AccessEndPolicy"
    KEEPER_SUPPORT_POLICY = "KeeperSupportPolicy"
    KEEPER_ROTATION_PERMISSION = "KeeperRotationPermission"
    DATABASE_INGRESS = "DatabaseIngress"
    DATABASE_DOCUMENT = "DatabaseDocument"


class Output(StrEnum):
    """The stack's outputs."""

    INSTANCE_ID = "InstanceId"
    PRIVATE_IP = "PrivateIp"
    SECURITY_GROUP_ID = "InstanceSecurityGroupId"
    CONNECT_COMMAND = "SSMConnectCommand"
    PORT_FORWARD_COMMAND = "SSMPortForwardCommand"
    INSTALL_LOG_PATH = "InstallLogPath"
    SUPPORT_SECRET_ARN = "SupportSecretArn"  # noqa: S105 - an output's name
    SUPPORT_SECRET_FETCH_COMMAND = "SupportSecretFetchCommand"  # noqa: S105 - an output's name
    SUPPORT_USER_NAME = "SupportUserName"
    SUPPORT_ROLE_ARN = "SupportRoleArn"
    SUPPORT_ROLE_EXTERNAL_ID = "SupportRoleExternalId"
    STACK_KEY_ARN = "StackKeyArn"
    ADMIN_SECRET_ARN = "AdminSecretArn"  # noqa: S105 - an output's name
    SESSION_LOG_GROUP_NAME = "SessionLogGroupName"
    SHELL_DOCUMENT_NAME = "ShellDocumentName"
    CUSTOMER_SHELL_DOCUMENT_NAME = "CustomerShellDocumentName"
    PORT_DOCUMENT_NAME = "PortDocumentName"
    SSH_DOCUMENT_NAME = "SshDocumentName"
    KEEPER_FUNCTION_NAME = "KeeperFunctionName"
    BASTION_GROUP_NAME = "BastionGroupName"


class DocumentKind(StrEnum):
    """The session documents every stack has."""

    SHELL = "shell"
    CUSTOMER_SHELL = "customer-shell"
    PORT = "port"
    SSH = "ssh"
    DATABASE = "database"


def document_name(kind: DocumentKind, instance_id: str) -> str:
    """The name of a stack's session document, from its instance's id: support may not read the stack, but knows it."""
    return f"deepsql-{kind}-{instance_id}"


class Condition(StrEnum):
    """The template's conditions: statements that are true or false of one stack."""

    WANT_SUPPORT_USER = "WantSupportUser"
    NO_IMAGE_ID = "NoImageId"
    NO_PASSWORD = "NoPassword"  # noqa: S105 - a condition's name
    NO_USER_NAME = "NoUserName"
    WANT_SUPPORT_ROLE = "WantSupportRole"
    WANT_SUPPORT = "WantSupport"
    NO_ROLE_NAME = "NoRoleName"
    NO_EXTERNAL_ID = "NoExternalId"
    VENDOR_GIVEN = "VendorGiven"
    WANT_VENDOR_READ = "WantVendorRead"
    WANT_VENDOR_ROLE = "WantVendorRole"
    NOTHING_CUT = "NothingCut"
    SESSIONS_END = "SessionsEnd"
    SSH_ALLOWED = "SshAllowed"
    DEFAULT_SHELL_ALLOWED = "DefaultShellAllowed"
    WANT_CLUSTER_ACCESS = "WantClusterAccess"
    WANT_BASTION_HOST = "WantBastionHost"
    WANT_BASTION_GROUP = "WantBastionGroup"
    NO_LOG_GROUP = "NoLogGroup"
    DATABASE_GIVEN = "DatabaseGiven"
    DATABASE_GROUP_GIVEN = "DatabaseGroupGiven"
    DATABASE_ALLOWED = "DatabaseAllowed"
    SUPPORT_HAS_OPTIONS = "SupportHasOptions"


TAG_KEY: Final = "deepsql:managed"
TAG_VALUE: Final = "true"
USER_TAG_KEY: Final = "deepsql:support-user"
BASTION_TAG_KEY: Final = "deepsql:bastion"
"""On the bastion host; its value is the stack's name. Support is limited to `TAG_KEY`, which that host lacks."""
REASON_TAG_KEY: Final = "deepsql:access-reason"
INSTALL_LOG_PATH: Final = "/var/log/deepsql-install.log"
PAUSED: Final = "9999-12-31T00:00:00Z"
"""`SupportSessionsNotBefore` of a stack whose role is paused: no session counts until somebody resumes it."""
NO_END: Final = "9999-12-31T23:59:59Z"
"""`SupportAccessUntil` of a stack whose grant has no end: with a date always there no policy needs a condition."""
ACCESS_END_SCHEDULE: Final = "rate(1 minute)"
"""How often the stack looks whether access has ended."""
UI_PORT: Final = 3035
SSH_PORT: Final = 22
NO_LEVEL: Final = "none"
"""`SupportDatabaseLevel` of a stack whose support has no access to the database."""
SSH_USER: Final = "ec2-user"
"""The login of Amazon Linux: what is used where nobody names another one."""
IMAGE_PARAMETER: Final = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
TEMPLATE_PATH: Final = "templates/deepsql-stack.yaml"
EXAMPLE_PATH: Final = "templates/deepsql-example-database.yaml"
TEMPLATE_LIMIT_BYTES: Final = 51_200
VERSION_KEY: Final = "DeployerVersion"
"""Key of the template's Metadata: the version of this program that wrote it."""
INSTANCE_TYPES: Final = (
    "t4g.medium",
    "t4g.large",
    "t4g.xlarge",
    "t4g.2xlarge",
    "m7g.large",
    "m7g.xlarge",
    "c7g.large",
    "c7g.xlarge",
)

GRANT_PARAMETERS: Final = (
    Parameter.VENDOR_ACCOUNTS,
    Parameter.VENDOR_PRINCIPALS,
    Parameter.SUPPORT_ACCESS_UNTIL,
    Parameter.SUPPORT_ACCESS_REASON,
    Parameter.SUPPORT_ACCESS_VIA,
    Parameter.SUPPORT_SESSIONS_NOT_BEFORE,
)
"""The parameters a grant or a revocation changes, and no others."""

SUPPORT_RESOURCES: Final = frozenset(
    {
        Resource.SUPPORT_USER,
        Resource.SUPPORT_USER_POLICY,
        Resource.SUPPORT_ROLE,
        Resource.SUPPORT_ROLE_POLICY,
        Resource.SUPPORT_SESSION_POLICY,
        Resource.SUPPORT_SECRET,
        Resource.SUPPORT_SECRET_POLICY,
        Resource.SUPPORT_KEY,
        Resource.SUPPORT_KEY_ROTATION,
        Resource.KEEPER_SUPPORT_POLICY,
        Resource.KEEPER_ROTATION_PERMISSION,
        Resource.ACCESS_END_RULE,
        Resource.ACCESS_END_PERMISSION,
        Resource.ACCESS_END_POLICY,
    }
)
"""What a flip of `CreateSupportUser` or `CreateSupportRole` may add or remove."""

SUPPORT_MODIFIED_ONLY: Final = {Resource.STACK_KEY: frozenset({"KeyPolicy"})}
"""What a flip may modify besides, and in which properties: never replaced, never removed."""

GRANT_RESOURCES: Final = frozenset(
    {
        Resource.SUPPORT_USER,
        Resource.SUPPORT_USER_POLICY,
        Resource.SUPPORT_SECRET_POLICY,
        Resource.SUPPORT_ROLE,
        Resource.SUPPORT_ROLE_POLICY,
        Resource.SUPPORT_SESSION_POLICY,
        Resource.STACK_KEY,
        Resource.CLUSTER_ACCESS,
        Resource.ACCESS_END_RULE,
        Resource.ACCESS_END_PERMISSION,
        Resource.ACCESS_END_POLICY,
    }
)
"""What a grant or a revocation may touch; of the user only its reason tag, of the key only its policy.

The access to a cluster exists only while a grant names somebody, and what ends the sessions only if it has an end."""

PROTECTED_RESOURCES: Final = frozenset(
    {
        Resource.INSTANCE,
        Resource.SECURITY_GROUP,
        Resource.STACK_KEY,
        Resource.SESSION_LOG_GROUP,
        Resource.ADMIN_SECRET,
        Resource.SUPPORT_SECRET,
    }
)
"""Never replaced or removed unless named: state, evidence, or what others point at."""

RETIRED_RESOURCES: Final = frozenset({"SupportAccessKey", "PublishedInstanceGuard"})
"""In the vendor's published template or in an earlier one of ours, and gone here: an upgrade removes them."""

PUBLISHED_RESOURCES: Final = frozenset(
    {
        "InstanceSecurityGroup",
        "InstanceRole",
        "InstanceProfile",
        "Instance",
        "SupportUser",
        "SupportUserPolicy",
        "SupportAccessKey",
        "SupportCredentialsSecret",
    }
)
"""The logical IDs of the vendor's published template, in every version so far."""

INSTALLATION_RESOURCES: Final = (Resource.INSTANCE_IMAGE, Resource.ADMIN_SECRET, Resource.INSTALL_SETTINGS)
"""What only the definition of an instance needs. An upgrade takes them from the live template, or leaves them out."""

INSTALLATION_NAMES: Final = frozenset(
    {
        *INSTALLATION_RESOURCES,
        Parameter.IMAGE_ID,
        Parameter.ADMIN_EMAIL,
        Parameter.ADMIN_PASSWORD,
        Parameter.INSTALLER_SOURCE,
        Parameter.INSTALLER_VERSION,
        Parameter.INSTALLER_SHA256,
        Parameter.SUPPORT_USER_NAME,
        Output.ADMIN_SECRET_ARN,
        Condition.NO_IMAGE_ID,
        Condition.NO_PASSWORD,
        Condition.NO_USER_NAME,
    }
)
"""The names of the contract that a stack with another template's instance may be without."""

FIXED_PROPERTIES: Final = {
    Resource.SECURITY_GROUP: ("GroupDescription", "GroupName", "VpcId"),
    Resource.INSTANCE_ROLE: ("RoleName", "Path"),
    Resource.INSTANCE_PROFILE: ("InstanceProfileName", "Path"),
    Resource.SESSION_LOG_GROUP: ("LogGroupName",),
    Resource.SUPPORT_USER: ("UserName",),
    Resource.SUPPORT_ROLE: ("RoleName", "Path"),
    Resource.SUPPORT_SECRET: ("Name",),
}
"""Properties that CloudFormation can change only by replacing the resource (`createOnlyProperties` of its schema):
an upgrade takes them from the live template."""

INSTANCE_PARAMETERS: Final = frozenset(
    {
        Parameter.VPC_ID,
        Parameter.SUBNET_ID,
        Parameter.INSTANCE_TYPE,
        Parameter.VOLUME_SIZE_GIB,
        Parameter.INSTANCE_NAME,
        Parameter.IMAGE_ID,
        Parameter.ADMIN_EMAIL,
        Parameter.ADMIN_PASSWORD,
        Parameter.INSTALLER_SOURCE,
        Parameter.INSTALLER_VERSION,
        Parameter.INSTALLER_SHA256,
    }
)
"""The parameters that the definition of an instance uses, in this template or in the vendor's published one."""

POLICY_PARAMETERS: Final = frozenset(
    {
        Parameter.RECOVERY_BASTION,
        Parameter.CREATE_SUPPORT_USER,
        Parameter.SUPPORT_USER_NAME,
        Parameter.CREATE_SUPPORT_ROLE,
        Parameter.SUPPORT_ROLE_NAME,
        Parameter.SUPPORT_ROLE_EXTERNAL_ID,
        Parameter.VENDOR_ACCOUNTS,
        Parameter.VENDOR_PRINCIPALS,
        Parameter.SUPPORT_ACCESS_UNTIL,
        Parameter.SUPPORT_ACCESS_REASON,
        Parameter.SUPPORT_ACCESS_VIA,
        Parameter.SUPPORT_SESSIONS_NOT_BEFORE,
        Parameter.SUPPORT_SSH,
        Parameter.SUPPORT_SSH_USER,
        Parameter.SUPPORT_DEFAULT_SHELL,
        Parameter.DATABASE_ENDPOINT,
        Parameter.DATABASE_RESOURCE_ID,
        Parameter.SUPPORT_DATABASE_LEVEL,
        Parameter.DEPLOY_BASTION_HOST,
        Parameter.LOG_GROUP,
    }
)
"""The parameters that decide what a policy says, or that there is one."""

PUBLISHED_PARAMETERS: Final = (
    Parameter.VPC_ID,
    Parameter.SUBNET_ID,
    Parameter.INSTANCE_TYPE,
    Parameter.VOLUME_SIZE_GIB,
    Parameter.INSTANCE_NAME,
    Parameter.ADMIN_EMAIL,
    Parameter.ADMIN_PASSWORD,
    Parameter.CREATE_SUPPORT_USER,
    Parameter.SUPPORT_USER_NAME,
)
"""The parameters of the vendor's published template."""

RENAMED_PARAMETERS: dict[str, str] = {"SupportDatabaseGrade": Parameter.SUPPORT_DATABASE_LEVEL}
"""Parameter of an earlier version of the template -> its name now. An upgrade carries the value over."""
