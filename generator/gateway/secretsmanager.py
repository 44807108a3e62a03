"""Secrets Manager: secrets and their resource policies."""

from __future__ import annotations

from generator.errors import NotFound
from generator.gateway.service import Service


class SecretsManager(Service):
    """Domain verbs over the Secrets Manager API."""

    def secret_exists(self, arn: str) -> bool:
        """Whether the secret is there and not scheduled for deletion."""
        try:
            return "DeletedDate" not in self._call("describe_secret", SecretId=arn)
        except NotFound:
            return False
