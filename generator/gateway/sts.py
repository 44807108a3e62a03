"""STS: who is asking."""

from __future__ import annotations

from generator.gateway.service import Service


class STS(Service):
    """Domain verbs over the STS API."""

    def get_caller_arn(self) -> str:
        """The ARN of whoever these credentials are; needs no permission. Raises AwsError when AWS refuses the key."""
        return str(self._call("get_caller_identity")["Arn"])
