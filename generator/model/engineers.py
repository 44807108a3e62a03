"""The contract of the engineers' template: what the customer's own people need, apart from any stack of the product.

Never rename one: CloudFormation knows a resource by its logical id, and a stack keeps its parameters by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from generator.errors import UsageError

DEFAULT_STACK_NAME: Final = "deepsql-engineers"
DEFAULT_TAG: Final = "team"
STACK_TAG_KEY: Final = "deepsql:engineers"
"""On each document of the template; its value is the stack's name. Nothing of the product's own stack has it."""


class Parameter(StrEnum):
    """The parameters. Each list is empty by default, and an empty list makes no document.

    They are strings: CloudFormation holds the pattern of a CommaDelimitedList against each member by itself, so one
    that permits an empty list would permit an empty member (user guide, "Parameters").
    """

    ALLOWED_PORTS = "AllowedPorts"
    REMOTE_HOSTS = "RemoteHosts"
    REMOTE_PORTS = "RemotePorts"
    INTERACTIVE_COMMANDS = "InteractiveCommands"
    FLEET_COMMANDS = "FleetCommands"
    COMMAND_ARGUMENT = "CommandArgument"
    CREATE_SHELL = "CreateShell"
    SESSION_LOG_GROUP = "SessionLogGroup"
    SSH_USER = "SshUser"


class Resource(StrEnum):
    """Logical ids."""

    PORT_DOCUMENT = "PortDocument"
    REMOTE_PORT_DOCUMENT = "RemotePortDocument"
    COMMAND_DOCUMENT = "CommandDocument"
    SHELL_DOCUMENT = "ShellDocument"
    SSH_DOCUMENT = "SshDocument"
    RUN_DOCUMENT = "RunDocument"
    USERS_POLICY = "UsersPolicy"
    ROLES_POLICY = "RolesPolicy"
    LOGIN_POLICY = "LoginPolicy"
    SOURCE_IDENTITY_POLICY = "SourceIdentityPolicy"


class Condition(StrEnum):
    """The template's conditions."""

    PORTS_GIVEN = "PortsGiven"
    REMOTE_GIVEN = "RemoteGiven"
    COMMANDS_GIVEN = "CommandsGiven"
    FLEET_GIVEN = "FleetGiven"
    ARGUMENT_ALLOWED = "ArgumentAllowed"
    WANT_SHELL = "WantShell"
    LOG_GIVEN = "LogGiven"
    SSH_GIVEN = "SshGiven"


class Output(StrEnum):
    """The stack's outputs."""

    TAG_KEY = "TagKey"
    PORT_DOCUMENT = "PortDocumentName"
    REMOTE_PORT_DOCUMENT = "RemotePortDocumentName"
    COMMAND_DOCUMENT = "CommandDocumentName"
    SHELL_DOCUMENT = "ShellDocumentName"
    SSH_DOCUMENT = "SshDocumentName"
    RUN_DOCUMENT = "RunDocumentName"
    USERS_POLICY_ARN = "UsersPolicyArn"
    ROLES_POLICY_ARN = "RolesPolicyArn"
    LOGIN_POLICY_ARN = "LoginPolicyArn"
    SOURCE_IDENTITY_POLICY_ARN = "SourceIdentityPolicyArn"


class Kind(StrEnum):
    """The engineers' documents: sessions to a port, to a port of another host, one command in a session, a shell, the
    SSH port; and commands."""

    PORT = "port"
    REMOTE_PORT = "remote-port"
    COMMAND = "command"
    SHELL = "shell"
    SSH = "ssh"
    RUN = "run"


SESSION_KINDS: Final = (Kind.PORT, Kind.REMOTE_PORT, Kind.COMMAND, Kind.SHELL, Kind.SSH)


def document_name(kind: Kind, stack: str = DEFAULT_STACK_NAME) -> str:
    """The name of a document of the engineers' stack: known without reading the stack."""
    return f"{stack}-{kind}"


ARGUMENT: Final = "( [A-Za-z0-9_][A-Za-z0-9_.@:-]{0,63})?"
"""What may follow an allowed command: one word that is no option, and that no shell takes for anything but a word."""
_HOST, _COMMAND = "[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", "[A-Za-z0-9_/]([A-Za-z0-9_/.=:@ -]*[A-Za-z0-9_])?"
PORTS: Final = "^$|^[0-9]{1,5}(,[0-9]{1,5})*$"
HOSTS: Final = f"^$|^{_HOST}(,{_HOST})*$"
COMMANDS: Final = f"^$|^{_COMMAND}(,{_COMMAND})*$"
"""A command's letters mean nothing to a shell or in a pattern, but the dot, which is escaped. No list has an empty
member, and each ends in a letter or digit: MEMBER_ENDS needs that."""
MEMBER_ENDS: Final = "\\b"
"""What follows the members in a document's pattern: an empty one, which would let any argument be a command, fits
nothing."""
SSH_USERS: Final = "^$|^(?!root$)[a-z_][A-Za-z0-9_-]{0,31}$"
LOG_GROUP: Final = "^[A-Za-z0-9_/.#-]{0,512}$"


@dataclass(frozen=True)
class EngineersRequest:
    """What is asked of the engineers' stack: parameters (key to value; others keep theirs), the tag's key ("" keeps
    it), and whether to stop after the plan."""

    given: Mapping[str, str] = field(default_factory=dict)
    tag: str = ""
    plan_only: bool = False

    def __post_init__(self) -> None:
        """Raise UsageError for what the template would not take, before anything is asked of AWS."""
        if self.tag:
            check_tag(self.tag, "--tag")
        for key, value in self.given.items():
            if key in _FORMS and not re.fullmatch(_FORMS[key][0], value):
                raise UsageError(f"{OPTIONS[key]} cannot be {value!r}.", f"Give {_FORMS[key][1]}.", code="bad-value")
        for port in self._listed(Parameter.ALLOWED_PORTS) + self._listed(Parameter.REMOTE_PORTS):
            if not 1 <= int(port) <= 65_535:
                raise UsageError(f"{port} is no port.", "Give numbers from 1 to 65535.", code="bad-value")

    def _listed(self, key: Parameter) -> list[str]:
        return [each for each in self.given.get(key, "").split(",") if each]


def check_tag(tag: str, option: str = "--abac") -> str:
    """The key of a tag that people and instances may have. Raises UsageError for what is none (IAM API, Tag), has a
    wildcard, or is AWS's own: nobody can be given one."""
    if not re.fullmatch(r"(?!aws:)[\w .:/=+@-]{1,128}", tag, re.IGNORECASE):
        own = " of yours, which begins with something else than aws:" if tag.lower().startswith("aws:") else ""
        raise UsageError(
            f"{tag} is not a tag key that people can have.",
            f"Give the key of a tag{own}, for example: {option} team",
            code="tag",
        )
    return tag


def check_ssh_user(name: str) -> str:
    """The login for SSH; "" is none. Raises UsageError for root, and for what is no name of a user."""
    if not re.fullmatch(SSH_USERS, name):
        raise UsageError(f"--ssh-user cannot be {name!r}.", f"Give {_FORMS[Parameter.SSH_USER][1]}.", code="bad-value")
    return name


OPTIONS: Final[Mapping[str, str]] = {
    Parameter.ALLOWED_PORTS: "--ports",
    Parameter.REMOTE_PORTS: "--remote-ports",
    Parameter.REMOTE_HOSTS: "--remote-host",
    Parameter.INTERACTIVE_COMMANDS: "--interactive-command",
    Parameter.FLEET_COMMANDS: "--fleet-command",
    Parameter.SESSION_LOG_GROUP: "--log-group",
    Parameter.SSH_USER: "--ssh-user",
}
"""The options of `engineers up` that are typed as text."""


COMMANDS_FORM: Final = "commands of letters, digits, spaces and _ / . = : @ -, each ending in a letter, a digit or _"
_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    Parameter.ALLOWED_PORTS: (PORTS, "ports with commas and no spaces, for example 8080,8081"),
    Parameter.REMOTE_PORTS: (PORTS, "ports with commas and no spaces, for example 5432"),
    Parameter.REMOTE_HOSTS: (HOSTS, "the name of a host, for example db.example.internal"),
    Parameter.INTERACTIVE_COMMANDS: (COMMANDS, COMMANDS_FORM),
    Parameter.FLEET_COMMANDS: (COMMANDS, COMMANDS_FORM),
    Parameter.SESSION_LOG_GROUP: (LOG_GROUP, "the name of a log group"),
    Parameter.SSH_USER: (SSH_USERS, "the name of an OS user other than root, for example ec2-user"),
}


@dataclass(frozen=True)
class EngineersPolicy:
    """A managed policy of the engineers' stack: for whom it is, its ARN, and to whom it is attached (kind/name)."""

    whose: str
    arn: str
    attached: tuple[str, ...]


@dataclass(frozen=True)
class EngineersReport:
    """The engineers' stack: its state, the tag, its documents with what each allows, its policies."""

    stack_name: str
    status: str
    tag: str
    documents: Mapping[str, str]
    policies: tuple[EngineersPolicy, ...]
