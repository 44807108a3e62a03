"""Which stack, where, as whom: the settings every command shares."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_STACK_NAME = "deepsql-selfhost"
OWN_LIST = "{0}(,{0})*".format("([0-9]{12}|o-[a-z0-9]{10,32})")
"""IDs of accounts and organizations (Organizations API, Organization.Id), separated by commas."""


@dataclass(frozen=True)
class StoredDocuments:
    """Session documents that the user has stored for instances that are not the stack's; empty where none is."""

    shell: str = ""
    port: str = ""
    ssh: str = ""


@dataclass(frozen=True)
class Deployment:
    """One stack in one region, and the named AWS profile it is reached with.

    `profile` and `region` are None when the standard AWS environment and config are to decide. `ssh_user` is the login
    that the user has stored for SSH; empty where none is. `sandbox`: it was typed behind `deployer --sandbox`, so that
    the shell itself is not in the sandbox.
    """

    stack_name: str = DEFAULT_STACK_NAME
    profile: str | None = None
    region: str | None = None
    documents: StoredDocuments = StoredDocuments()
    ssh_user: str = ""
    sandbox: bool = False
