"""The support user: every kind of credential that IAM has for a user besides access keys, and its groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from generator.gateway.aws import Gateway
from generator.gateway.iam import IAM
from generator.model.access import UserCredential
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.operations.access.live_policies import NO_USER
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess


@dataclass(frozen=True)
class CredentialKind:
    """How one kind of credential is listed and removed. `option` names its id in the removing command."""

    kind: PathKind
    asked: str
    list: Callable[[IAM, str], Iterable[UserCredential]]
    remove: str
    option: str = ""
    opens: bool = True


CREDENTIALS = (
    CredentialKind(
        PathKind.PASSWORD,
        "iam:GetLoginProfile",
        lambda iam, user: [profile] if (profile := iam.find_login_profile(user)) else [],
        "delete-login-profile",
    ),
    CredentialKind(
        PathKind.SERVICE_CREDENTIAL,
        "iam:ListServiceSpecificCredentials",
        IAM.list_service_specific_credentials,
        "delete-service-specific-credential",
        "--service-specific-credential-id",
    ),
    CredentialKind(
        PathKind.CERTIFICATE,
        "iam:ListSigningCertificates",
        IAM.list_signing_certificates,
        "delete-signing-certificate",
        "--certificate-id",
    ),
    CredentialKind(
        PathKind.SSH_KEY,
        "iam:ListSSHPublicKeys",
        IAM.list_ssh_public_keys,
        "delete-ssh-public-key",
        "--ssh-public-key-id",
    ),
    CredentialKind(
        PathKind.MFA_DEVICE,
        "iam:ListMFADevices",
        IAM.list_mfa_devices,
        "deactivate-mfa-device",
        "--serial-number",
        opens=False,
    ),
)
"""Access keys are read apart: a revocation acts on them."""


def credentials(gateway: Gateway, access: StackAccess, *, opening: bool = False) -> tuple[PathReading, ...]:
    """A reading for each kind of credential, or for each that gives access by itself (`opening`).

    A password alone is not listed with an ID: its name is the user's.
    """
    return tuple(_credentials(gateway, access, kind) for kind in CREDENTIALS if kind.opens or not opening)


def _credentials(gateway: Gateway, access: StackAccess, kind: CredentialKind) -> PathReading:
    user = access.support_user
    if not user:
        return absent(kind.asked, NO_USER)

    def path(credential: UserCredential) -> AccessPath:
        named = (kind.option, credential.credential_id) if kind.option else ()
        remove = gateway.commands.aws("iam", kind.remove, "--user-name", user, *named)
        detail = f"for {credential.service}" if credential.service else ""
        return AccessPath(
            kind.kind,
            credential.credential_id,
            user,
            kind.asked,
            remove,
            credential.created,
            opens=kind.opens,
            detail=detail,
        )

    return read(kind.asked, lambda: tuple(path(credential) for credential in kind.list(gateway.iam, user)))


def groups(gateway: Gateway, access: StackAccess) -> PathReading:
    """The groups the user is in: the stack puts it in none, and what a group may do changes at any time."""
    asked, user = "iam:ListGroupsForUser", access.support_user
    if not user:
        return absent(asked, NO_USER)

    def path(group: str) -> AccessPath:
        remove = gateway.commands.aws("iam", "remove-user-from-group", "--user-name", user, "--group-name", group)
        return AccessPath(PathKind.GROUP, group, user, asked, remove)

    return read(asked, lambda: tuple(path(group) for group in gateway.iam.list_groups_for_user(user)))
