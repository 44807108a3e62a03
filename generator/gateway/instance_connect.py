"""EC2 Instance Connect: a public key that opens one login for a minute."""

from __future__ import annotations

from generator.gateway.service import Service


class InstanceConnect(Service):
    """Domain verbs over the EC2 Instance Connect API."""

    def send_ssh_public_key(self, instance_id: str, user: str, public_key: str) -> None:
        """Let the key in as that user for 60 seconds (API reference, SendSSHPublicKey). Raises AwsError."""
        self._call("send_ssh_public_key", InstanceId=instance_id, InstanceOSUser=user, SSHPublicKey=public_key)
