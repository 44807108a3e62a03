"""Secrets Manager: secrets, their resource policies and their rotation."""

from __future__ import annotations

import json
from collections.abc import Mapping

from generator.errors import NotFound
from generator.gateway.service import Service
from generator.model.access import SecretInfo
from generator.model.policy import Policy, parse_policy


class SecretsManager(Service):
    """Domain verbs over the Secrets Manager API. No value of a secret is logged or put into an error."""

    def secret_exists(self, arn: str) -> bool:
        """Whether the secret is there and not scheduled for deletion."""
        try:
            return "DeletedDate" not in self._call("describe_secret", SecretId=arn)
        except NotFound:
            return False

    def describe_secret(self, arn: str) -> SecretInfo:
        """The secret without its value. Raises NotFound."""
        raw = self._call("describe_secret", SecretId=arn)
        return SecretInfo(
            arn=raw["ARN"],
            name=raw.get("Name", ""),
            kms_key_id=raw.get("KmsKeyId", ""),
            rotation_enabled=raw.get("RotationEnabled", False),
            rotation_days=int(raw.get("RotationRules", {}).get("AutomaticallyAfterDays", 0)),
            last_rotated=raw.get("LastRotatedDate"),
            next_rotation=raw.get("NextRotationDate"),
            deleted=raw.get("DeletedDate"),
            replica_regions=tuple(each["Region"] for each in raw.get("ReplicationStatus", ())),
            stages={version: tuple(stages) for version, stages in raw.get("VersionIdsToStages", {}).items()},
        )

    def get_secret_value(self, arn: str) -> str:
        """The secret's current value, empty where it is binary. The caller keeps it out of logs, files and arguments.

        Raises NotFound when there is no such secret or nothing was put into it.
        """
        return str(self._call("get_secret_value", SecretId=arn).get("SecretString", ""))

    def get_resource_policy(self, arn: str) -> Policy:
        """The secret's own policy; without statements when it has none. Raises NotFound."""
        return parse_policy(self.get_resource_policy_text(arn))

    def get_resource_policy_text(self, arn: str) -> str:
        """The secret's own policy as JSON text; empty when it has none. Raises NotFound."""
        answer = self._call("get_resource_policy", SecretId=arn)
        # AWS names the secret in each answer: one that says nothing at all does not mean that nobody is let in.
        return str(answer.get("ResourcePolicy", "")) if answer["ARN"] else ""

    def put_resource_policy(self, arn: str, document: Mapping[str, object]) -> None:
        """Overwrite the secret's own policy; one that lets the public in is refused by AWS."""
        self._call("put_resource_policy", SecretId=arn, ResourcePolicy=json.dumps(document), BlockPublicPolicy=True)

    def delete_resource_policy(self, arn: str) -> None:
        """Take the secret's own policy away. Raises NotFound when there is no such secret."""
        self._call("delete_resource_policy", SecretId=arn)

    def rotate_secret(self, arn: str, *, every_days: int | None = None, now: bool = True) -> str:
        """Start a rotation (and set its schedule); the id of the version that is to come."""
        rules = {} if every_days is None else {"RotationRules": {"AutomaticallyAfterDays": every_days}}
        return str(self._call("rotate_secret", SecretId=arn, RotateImmediately=now, **rules).get("VersionId", ""))
