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
    """The parameters. Each list is empty by default, and an empty list makes no document."""

    ALLOWED_PORTS = "AllowedPorts"
    REMOTE_HOSTS = "RemoteHosts"
    REMOTE_PORTS = "RemotePorts"
    INTERACTIVE_COMMANDS = "InteractiveCommands"
    FLEET_COMMANDS = "FleetCommands"
    COMMAND_ARGUMENT = "CommandArgument"
    CREATE_SHELL = "CreateShell"
    SESSION_LOG_GROUP = "SessionLogGroup"


class Resource(StrEnum):
    """Logical ids."""

    PORT_DOCUMENT = "PortDocument"
    REMOTE_PORT_DOCUMENT = "RemotePortDocument"
    COMMAND_DOCUMENT = "CommandDocument"
    SHELL_DOCUMENT = "ShellDocument"
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


class Output(StrEnum):
    """The stack's outputs."""

    TAG_KEY = "TagKey"
    PORT_DOCUMENT = "PortDocumentName"
    REMOTE_PORT_DOCUMENT = "RemotePortDocumentName"
    COMMAND_DOCUMENT = "CommandDocumentName"
    SHELL_DOCUMENT = "ShellDocumentName"
    RUN_DOCUMENT = "RunDocumentName"
    USERS_POLICY_ARN = "UsersPolicyArn"
    ROLES_POLICY_ARN = "RolesPolicyArn"
    LOGIN_POLICY_ARN = "LoginPolicyArn"
    SOURCE_IDENTITY_POLICY_ARN = "SourceIdentityPolicyArn"


class Kind(StrEnum):
    """The engineers' documents: sessions to a port, to a port of another host, one command in a session, a shell."""

    PORT = "port"
    REMOTE_PORT = "remote-port"
    COMMAND = "command"
    SHELL = "shell"
    RUN = "run"


SESSION_KINDS: Final = (Kind.PORT, Kind.REMOTE_PORT, Kind.COMMAND, Kind.SHELL)


def document_name(kind: Kind, stack: str = DEFAULT_STACK_NAME) -> str:
    """The name of a document of the engineers' stack: known without reading the stack."""
    return f"{stack}-{kind}"


ARGUMENT: Final = "( [A-Za-z0-9_][A-Za-z0-9_.@:-]{0,63})?"
"""What may follow an allowed command: one word that is no option, and that no shell takes for anything but a word."""
PORTS: Final = "^$|^[0-9]{1,5}(,[0-9]{1,5})*$"
HOSTS: Final = "^$|^[A-Za-z0-9][A-Za-z0-9.-]{0,252}(,[A-Za-z0-9][A-Za-z0-9.-]{0,252})*$"
COMMANDS: Final = "^$|^[A-Za-z0-9_/][A-Za-z0-9_/.=:@ ,-]*$"
"""The letters of a command: none that means anything to a shell or in a pattern, but the dot, which is escaped."""
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
            check_tag(self.tag)
        for key, value in self.given.items():
            if key in _FORMS and not re.fullmatch(_FORMS[key][0], value):
                raise UsageError(f"{key} cannot be {value!r}.", f"Give {_FORMS[key][1]}.", code="bad-value")
        for port in self._listed(Parameter.ALLOWED_PORTS) + self._listed(Parameter.REMOTE_PORTS):
            if not 1 <= int(port) <= 65_535:
                raise UsageError(f"{port} is no port.", "Give numbers from 1 to 65535.", code="bad-value")

    def _listed(self, key: Parameter) -> list[str]:
        return [each for each in self.given.get(key, "").split(",") if each]


def check_tag(tag: str) -> str:
    """The key of a tag. Raises UsageError for what is none (IAM API, Tag), or has a wildcard."""
    if not re.fullmatch(r"[\w .:/=+@-]{1,128}", tag):
        raise UsageError(f"{tag} is not a tag key.", "Give the key of a tag, for example: --abac team", code="tag")
    return tag


_FORMS: Final[Mapping[str, tuple[str, str]]] = {
    Parameter.ALLOWED_PORTS: (PORTS, "ports separated by commas, for example 8080,8081"),
    Parameter.REMOTE_PORTS: (PORTS, "ports separated by commas, for example 5432"),
    Parameter.REMOTE_HOSTS: (HOSTS, "names of hosts separated by commas, for example db.example.internal"),
    Parameter.INTERACTIVE_COMMANDS: (COMMANDS, "commands of letters, digits, spaces and _ / . = : @ -"),
    Parameter.FLEET_COMMANDS: (COMMANDS, "commands of letters, digits, spaces and _ / . = : @ -"),
    Parameter.SESSION_LOG_GROUP: (LOG_GROUP, "the name of a log group"),
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
