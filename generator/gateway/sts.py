"""STS: who is asking, and becoming somebody else."""

from __future__ import annotations

from datetime import datetime

from generator.gateway.service import Answer, Service
from generator.model.access import Credentials


class STS(Service):
    """Domain verbs over the STS API."""

    def get_caller_arn(self) -> str:
        """The ARN of whoever these credentials are; needs no permission. Raises AwsError when AWS refuses the key."""
        return str(self._call("get_caller_identity")["Arn"])

    def get_caller_account(self) -> str:
        """The account of whoever these credentials are."""
        return str(self._call("get_caller_identity")["Account"])

    def assume_role(
        self, role_arn: str, external_id: str, session_name: str, source_identity: str = "", seconds: int = 3600
    ) -> tuple[Credentials, datetime]:
        """Become the role for a time; the credentials and when they end. Role chaining allows an hour at most."""
        optional: Answer = {"SourceIdentity": source_identity} if source_identity else {}
        if external_id:
            optional["ExternalId"] = external_id
        answer = self._call(
            "assume_role", RoleArn=role_arn, RoleSessionName=session_name, DurationSeconds=seconds, **optional
        )
        raw = answer["Credentials"]
        return Credentials(raw["AccessKeyId"], raw["SecretAccessKey"], raw["SessionToken"]), raw["Expiration"]
