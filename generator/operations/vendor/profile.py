"""vendor profile: the block of ~/.aws/config that fetches the key on demand. Pure."""

from __future__ import annotations

from generator.model.vendor import SecretArn


def by_secret(name: str, secret: SecretArn, source: str | None) -> list[str]:
    """A profile whose credentials come from the secret; `source` is the vendor's own profile."""
    own = f" --profile {source}" if source else ""
    return [
        f"[profile {name}]",
        f"region = {secret.region}",
        f"credential_process = deployer vendor credentials --secret-id {secret.text}{own}",
    ]


def by_role(name: str, role_arn: str, external_id: str, region: str, source: str | None) -> list[str]:
    """A profile that assumes the customer's support role: SDKs do that by themselves."""
    return [
        f"[profile {name}]",
        f"region = {region}",
        f"role_arn = {role_arn}",
        f"external_id = {external_id}",
        f"source_profile = {source or 'default'}",
        "duration_seconds = 3600",
    ]
