"""vendor profile: the block of ~/.aws/config that fetches the key on demand.

A line too many could name another program (`credential_process`), so values from elsewhere are held to one line. The
program is named by its whole path: AWS clients run the line from whatever folder they are in.
"""

from __future__ import annotations

import shlex

from generator.errors import UsageError
from generator.host.own import own_command
from generator.model.vendor import SecretArn


def by_secret(name: str, secret: SecretArn, source: str | None) -> list[str]:
    """A profile whose credentials come from the secret; `source` is the vendor's own profile."""
    program = own_command(
        "vendor", "credentials", "--secret-id", secret.text, *(["--profile", source] if source else [])
    )
    return _lines(
        f"[profile {_title(name)}]",
        f"region = {secret.region}",
        f"credential_process = {shlex.join(program)}",
    )


def by_role(name: str, role_arn: str, external_id: str, region: str, source: str | None) -> list[str]:
    """A profile that assumes the customer's support role: SDKs do that by themselves."""
    return _lines(
        f"[profile {_title(name)}]",
        f"region = {region}",
        f"role_arn = {role_arn}",
        f"external_id = {external_id}",
        f"source_profile = {source or 'default'}",
        "duration_seconds = 3600",
    )


def _title(name: str) -> str:
    if "]" in name:
        raise UsageError(f"A profile cannot be called {name}.", "Give a --name without the sign ].", code="profile")
    return name


def _lines(*lines: str) -> list[str]:
    for line in lines:
        if not line.isprintable():
            raise UsageError(f"{line!r} is no line of an AWS config file.", "Type the value anew.", code="profile")
    return list(lines)
