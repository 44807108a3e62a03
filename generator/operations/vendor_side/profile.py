"""vendor profile and vendor identity-policy: what the vendor sets up on its own side.

A line too many in ~/.aws/config could name another program (`credential_process`), so values from elsewhere are held to
one line. The program is named by its whole path: AWS clients run the line from whatever folder they are in.
"""

from __future__ import annotations

import shlex

from generator.errors import UsageError
from generator.host.this_program import own_command
from generator.model.vendor import RoleSession, SecretArn
from generator.policies.document import Document
from generator.policies.vendor import vendor_identity_policy


def profile(name: str, source: SecretArn | RoleSession, region: str, own_profile: str | None) -> list[str]:
    """The lines of a profile for ~/.aws/config whose credentials come from `source`, the customer's.

    `region` is the customer's; `own_profile` is the vendor's own profile, None for the default one.
    Raises UsageError for a value that such a file cannot hold.
    """
    settings = _by_secret(source, own_profile) if isinstance(source, SecretArn) else _by_role(source, own_profile)
    return _lines(f"[profile {_title(name)}]", f"region = {region}", *settings)


def identity_policy(secret: SecretArn, key_arn: str) -> Document:
    """The policy document that the vendor attaches to its own role or user."""
    return vendor_identity_policy(secret.text, key_arn)


def _by_secret(secret: SecretArn, own_profile: str | None) -> list[str]:
    options = ["--profile", own_profile] if own_profile else []
    program = own_command("vendor", "credentials", "--secret-id", secret.text, *options)
    return [f"credential_process = {shlex.join(program)}"]


def _by_role(role: RoleSession, own_profile: str | None) -> list[str]:
    """SDKs assume the role by themselves."""
    return [
        f"role_arn = {role.role_arn}",
        f"external_id = {role.external_id}",
        f"source_profile = {own_profile or 'default'}",
        "duration_seconds = 3600",
    ]


def _title(name: str) -> str:
    if "]" in name:
        raise UsageError(f"A profile cannot be called {name}.", "Give a --name without ].", code="profile")
    return name


def _lines(*lines: str) -> list[str]:
    for line in lines:
        if not line.isprintable():
            raise UsageError(
                f"An AWS config file cannot hold the line {line!r}.",
                "Enter the value again, without line ends and control characters.",
                code="profile",
            )
    return list(lines)
