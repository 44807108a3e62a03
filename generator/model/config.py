"""Stored defaults: their names, the values each may have, and where a value comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from generator.errors import UsageError
from generator.model.database import DEFAULT_LOCAL_PORT, AccessLevel, ClientProgram
from generator.model.deployment import DEFAULT_STACK_NAME, OWN_LIST
from generator.model.names import REGION, STACK

ENVIRONMENTS = "environments"
SIGN_IN = frozenset({"db connect", "db token", "connect-bastion", "cb"})
SESSIONS = frozenset({"connect", "cp", "ssh", "ssh-config", "ssh-proxy", "doctor"})
REACH = SIGN_IN | {
    f"db {name}" for name in ("whoami", "bootstrap", "drop-user", "users", "activity", "kill", "shut-out", "policy")
}


class Origin(StrEnum):
    """Where a value comes from, the strongest first. An option on the command line is stronger than all of them."""

    ENVIRONMENT = "environment"
    PROJECT = "project"
    USER = "user"
    DEFAULT = "default"


@dataclass(frozen=True)
class StoredDefault:
    """One stored default. `parameter` is the command's parameter it fills, in `commands` (all of them when empty).

    `variables` are environment variables of the same meaning, which take precedence. `in_project`: a project's file may
    set it. Such a file may come with somebody else's repository, so it may name things in the account that the user
    already works in, and nothing else: no credentials, access level, program, port or host. `form` describes `pattern`.
    """

    name: str
    parameter: str
    help: str
    pattern: str = r"[^\x00-\x1f\x7f]{1,256}"
    default: str | int | None = None
    variables: tuple[str, ...] = ()
    commands: frozenset[str] = frozenset()
    number: bool = False
    in_project: bool = False
    form: str = "1 to 256 characters on one line"

    def parse(self, text: str) -> str | int:
        """The value as it is stored. Raises UsageError for one the key cannot have."""
        if not re.fullmatch(self.pattern, text) or (self.number and int(text) > 65535):
            raise UsageError(f"{self.name} cannot be {text!r}: {self.help}", f"Give {self.form}.")
        return int(text) if self.number else text


# An environment's own credentials or region say "work there": a stored default must not lead elsewhere.
_WHO = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID")
_WHERE = ("AWS_REGION", "AWS_DEFAULT_REGION")
# What a file is called must not depend on the folder in which a command is typed: that may be somebody else's.
_ABSOLUTE = r"(/|[A-Za-z]:[\\/])[^,\x00-\x1f\x7f]{1,200}"
_ALL = (
    StoredDefault("profile", "profile", "AWS profile.", variables=_WHO),
    StoredDefault(
        "region",
        "region",
        "AWS region.",
        REGION,
        variables=_WHERE,
        in_project=True,
        form="a region, like eu-west-1",
    ),
    StoredDefault(
        "stack-name",
        "stack_name",
        "Name of the stack.",
        STACK,
        DEFAULT_STACK_NAME,
        ("DEPLOYER_STACK_NAME",),
        in_project=True,
        form="letters, digits and hyphens, a letter first, 128 at most",
    ),
    StoredDefault(
        "own",
        "own",
        "Other accounts and organizations of yours, whose access is not the vendor's.",
        OWN_LIST,
        commands=frozenset({"access revoke", "access show", "doctor"}),
        form="account IDs and organization IDs, separated by commas",
    ),
    StoredDefault(
        "database",
        "name",
        "Aurora cluster or RDS instance.",
        r"[A-Za-z][A-Za-z0-9-]{0,62}",
        commands=REACH,
        in_project=True,
        form="letters, digits and hyphens, a letter first, 63 at most",
    ),
    StoredDefault("dbname", "dbname", "Database in it.", commands=REACH, in_project=True),
    StoredDefault(
        "permission",
        "permission",
        "Access level: r, w or o.",
        "[rwo]",
        AccessLevel.READ.value,
        commands=SIGN_IN,
        form="r, w or o",
    ),
    StoredDefault(
        "users",
        "listed",
        "People and their access levels in the database, which db bootstrap shows the difference to.",
        r"[\w+=,.@: -]{3,4000}",
        commands=frozenset({"db bootstrap"}),
        form="NAME=LEVELS, separated by commas, like alice=rw, bob=o",
    ),
    StoredDefault(
        "local-port",
        "local_port",
        "Local end of the tunnel.",
        r"[0-9]{1,5}",
        DEFAULT_LOCAL_PORT,
        (),
        REACH,
        number=True,
        form="a number from 0 to 65535, 0 for any free port",
    ),
    StoredDefault(
        "client",
        "client",
        "psql, mysql or none.",
        "|".join(ClientProgram),
        commands=SIGN_IN,
        form="psql, mysql or none",
    ),
    *(
        StoredDefault(
            f"{kind}-document",
            f"{kind}_document",
            f"Session document for {use}, on instances that are not the stack's.",
            r"[A-Za-z0-9_.:/-]{3,128}",
            commands=SESSIONS,
            form="3 to 128 letters, digits and _ . : / -",
        )
        for kind, use in (("shell", "shells"), ("port", "tunnels"), ("ssh", "SSH"))
    ),
    StoredDefault(
        "ssh-user",
        "ssh_user",
        "Login on instances for SSH, where none is named.",
        r"[a-z_][a-z0-9_.-]{0,31}",
        commands=frozenset({"ssh", "ssh-config", "cp"}),
        form="a login: small letters, digits and _ . -, 32 at most",
    ),
    StoredDefault("target", "target", "Jump host: an instance.", commands=REACH),
    StoredDefault(
        "ca-bundle",
        "ca_bundle",
        "File of RDS's authorities.",
        variables=("DEPLOYER_CA_BUNDLE",),
        commands=REACH,
    ),
    StoredDefault(
        "trusted-keys",
        "key",
        "Files of public keys, the only ones trusted for templates and reports.",
        rf"{_ABSOLUTE}(, ?{_ABSOLUTE})*",
        commands=frozenset({"verify", "up", "upgrade", "publish trusted"}),
        form="the absolute paths of the files, separated by commas",
    ),
    StoredDefault(
        "signing-key",
        "signing_key",
        "Private key that signs the reports of revocations.",
        rf"{_ABSOLUTE}|env://[A-Za-z_][A-Za-z0-9_]*|awskms:///[A-Za-z0-9:/_-]{{1,256}}",
        commands=frozenset({"access revoke"}),
        form="the absolute path of its file, env://NAME, or awskms:///KEY",
    ),
)
KEYS: dict[str, StoredDefault] = {key.name: key for key in _ALL}
PROJECT_KEYS = tuple(key.name for key in _ALL if key.in_project)


def key_named(name: str) -> StoredDefault:
    """The key of that name. Raises UsageError with the names there are."""
    if name not in KEYS:
        import difflib  # every command reads this file, and few need that

        meant = difflib.get_close_matches(name, KEYS, 1)
        perhaps = f"Did you mean {meant[0]}? " if meant else ""
        raise UsageError(f"{name} is not a stored default.", f"{perhaps}These can be stored: {', '.join(KEYS)}")
    return KEYS[name]


def environment_name(name: str) -> str:
    """A named environment's name, checked. Raises UsageError."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise UsageError(f"An environment cannot be called {name!r}.", "Use letters, digits, - and _.")
    return name


@dataclass(frozen=True)
class Setting:
    """A key's value in force. `place` is the variable, or the file (and the environment in it), that says so."""

    key: str
    value: str | int | None
    origin: Origin
    place: str = ""
