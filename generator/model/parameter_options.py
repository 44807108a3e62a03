"""The template's parameters as options of `up`: one mechanical mapping from name to option.

The template itself (generator/template) stays the owner of defaults and constraints; a test holds both lists equal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from generator.errors import UsageError
from generator.model.contract import GRANT_PARAMETERS, Parameter


class Kind(Enum):
    """How a parameter's value is typed on the command line."""

    TEXT = "text"
    NUMBER = "number"
    YES_NO = "yes|no"
    LIST = "list"


@dataclass(frozen=True)
class ParameterOption:
    """One template parameter, as the command line offers it."""

    key: str
    help: str
    kind: Kind = Kind.TEXT
    required: bool = False
    secret: bool = False

    @property
    def snake(self) -> str:
        """The Python name: snake case, a leading Create or Deploy dropped (CreateSupportUser: support_user)."""
        return snake(self.key)

    @property
    def option(self) -> str:
        """The option: kebab case (CreateSupportUser: --support-user)."""
        return option(self.key)

    @property
    def of_the_grant(self) -> bool:
        """Whether only the verbs of `access` change it."""
        return self.key in GRANT_PARAMETERS


def snake(key: str) -> str:
    """CreateSupportUser -> support_user, VolumeSizeGiB -> volume_size_gib, InstallerSha256 -> installer_sha256."""
    bare = re.sub(r"^(Create|Deploy)(?=[A-Z])", "", key).replace("GiB", "Gib")
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", bare).lower()


def option(key: str) -> str:
    """CreateSupportUser -> --support-user."""
    return "--" + snake(key).replace("_", "-")


MOST_PORT = 65535
_GRANT = "deployer access grant --principal ARN --for 8h --reason TICKET"
_REVOKE = "deployer access revoke --all"
_PAUSE = "deployer access pause"


def refuse_grant_parameters(keys: Iterable[str]) -> None:
    """Raise UsageError for the first parameter of the grant, with the verb of `access` that changes it.

    An end, a reason, the check of the session log and the end of open sessions hang on those verbs.
    """
    for key in keys:
        if key not in GRANT_PARAMETERS:
            continue
        sessions = key == Parameter.SUPPORT_SESSIONS_NOT_BEFORE
        verbs = "deployer access pause, resume and revoke change" if sessions else "deployer access grant changes"
        raise UsageError(
            f"{option(key)} ({key}) is not for up: only {verbs} it, and nothing was changed.",
            f"Stop access at once: {_PAUSE}. Permit it again: deployer access resume."
            if sessions
            else f"On a stack that exists: {_GRANT}. To end access: {_REVOKE}",
            code="grant-parameter",
        )


def refuse_bad_ports(given: Mapping[str, str]) -> None:
    """Raise UsageError for a port that is none, or is named twice: CloudFormation's pattern counts digits alone."""
    ports, typed = given.get(Parameter.SUPPORT_PORTS, "").split(","), option(Parameter.SUPPORT_PORTS)
    for port in (port for port in ports if port.isascii() and port.isdigit()):
        if not 1 <= int(port) <= MOST_PORT:
            raise UsageError(
                f"{typed} names {port}, and a port is a number from 1 to {MOST_PORT}.",
                f"Give the numbers with commas: {typed} 3035,9085",
                code="bad-port",
            )
        if ports.count(port) > 1:
            raise UsageError(f"{typed} names the port {port} twice.", "Keep one of them.", code="bad-port")


def another_value(key: str) -> str:
    """What to do about a value that CloudFormation refuses: the next command to type."""
    if key in GRANT_PARAMETERS:
        return f"Revoke access, which empties it ({_REVOKE}), run this again, and then grant anew: {_GRANT}"
    return f"Give another value: {option(key)} …"


_ALL = (
    ParameterOption("VpcId", "VPC of the instance: the one your database is in.", required=True),
    ParameterOption("SubnetId", "Private subnet with a route to AWS (NAT gateway or VPC endpoints).", required=True),
    ParameterOption("InstanceType", "Graviton instance type."),
    ParameterOption("VolumeSizeGiB", "Size of the root volume in GiB.", Kind.NUMBER),
    ParameterOption("InstanceName", "Name tag of the instance."),
    ParameterOption("AdminEmail", "E-mail of DeepSQL's first administrator.", required=True),
    ParameterOption("AdminPassword", "Password of DeepSQL's first administrator.", secret=True),
    ParameterOption("CreateSupportUser", "Whether the vendor's support user exists.", Kind.YES_NO),
    ParameterOption("SupportUserName", "Name of the support user; CloudFormation generates one if omitted."),
    ParameterOption("CreateSupportRole", "Whether a role exists that the vendor assumes.", Kind.YES_NO),
    ParameterOption("SupportRoleName", "Name of the support role; CloudFormation generates one if omitted."),
    ParameterOption("SupportRoleExternalId", "External ID of the role; the stack's own UUID if omitted."),
    ParameterOption("ImageId", "AMI of the instance; looked up once and pinned if omitted."),
    ParameterOption(
        "RecoveryBastion",
        "Whether a group exists in which deployer recovery starts a host.",
        Kind.YES_NO,
    ),
    ParameterOption("InstallerSource", "URL of DeepSQL's installer."),
    ParameterOption("InstallerVersion", "Release the installer installs."),
    ParameterOption("InstallerSha256", "Checksum the installer must have."),
    ParameterOption("VendorPrincipals", "Vendor principals that may read the secret; set by access grant.", Kind.LIST),
    ParameterOption("VendorAccounts", "Accounts of those principals; set by access grant.", Kind.LIST),
    ParameterOption("SupportAccessUntil", "When support access ends (UTC); set by access grant."),
    ParameterOption("SupportAccessReason", "Ticket or reason of the grant; set by access grant."),
    ParameterOption("SupportAccessVia", "Access path of the principals: all, secret or role; set by access grant."),
    ParameterOption(
        "SupportSessionsNotBefore", "Role sessions begun before this time (UTC) are refused; set by access."
    ),
    ParameterOption("SupportSessionMinutes", "Minutes after which a shell of support ends, 1 to 480.", Kind.NUMBER),
    ParameterOption("SupportPorts", "Ports of the instance that a support tunnel may reach.", Kind.LIST),
    ParameterOption("SupportSsh", "Whether support may use SSH (port 22, not logged).", Kind.YES_NO),
    ParameterOption("SupportSshUser", "The login that support may use SSH as; never root."),
    ParameterOption("SupportDefaultShell", "Whether support may also start the account's default shell.", Kind.YES_NO),
    ParameterOption("EksClusterName", "EKS cluster that the instance may use while access is granted."),
    ParameterOption("EksAccessPolicy", "What it may do there: an EKS access policy, such as AmazonEKSViewPolicy."),
    ParameterOption("SessionLogRetentionDays", "Days the session logs are kept.", Kind.NUMBER),
    ParameterOption("LogGroup", "Encrypted log group of yours for shells; the stack's own if omitted."),
    ParameterOption("DatabaseEndpoint", "Endpoint of the database, for deployer db."),
    ParameterOption("DatabasePort", "Its port.", Kind.NUMBER),
    ParameterOption("DatabaseSecurityGroupId", "Its security group; the stack adds a rule that lets its hosts in."),
    ParameterOption("DatabaseResourceId", "Its resource ID in RDS, cluster-… or db-…; support's access needs it."),
    ParameterOption("SupportDatabaseLevel", "What support may do in it: none, r, w or o."),
    ParameterOption(
        "DeployBastionHost",
        "Whether a bastion host is the jump host to the database.",
        Kind.YES_NO,
    ),
)
PARAMETERS: dict[str, ParameterOption] = {parameter.key: parameter for parameter in _ALL}
REQUIRED: tuple[str, ...] = tuple(parameter.key for parameter in _ALL if parameter.required)
