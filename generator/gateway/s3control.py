"""S3 Control: what an account says about all of its buckets."""

from __future__ import annotations

from typing import Any

from generator.errors import AwsError
from generator.gateway.service import Service


class S3Control(Service):
    """Domain verbs over the S3 Control API."""

    def blocks_public_policy(self, account: str) -> bool:
        """Whether the account stops the policies that let everybody read, in each of its buckets. Raises AwsError."""
        try:
            answer = self._call("get_public_access_block", AccountId=account)
        except AwsError as error:
            if error.aws_code == "NoSuchPublicAccessBlockConfiguration":
                return False
            raise
        return blocks(answer)


def blocks(answer: dict[str, Any]) -> bool:
    """Whether the Block Public Access of a bucket or an account keeps everybody from reading by a policy."""
    block = answer.get("PublicAccessBlockConfiguration", {})
    return bool(block.get("BlockPublicPolicy") or block.get("RestrictPublicBuckets"))


def ask_without_prefix(client: Any) -> None:
    """Have a client send its calls to the very host of its endpoint: botocore puts the account before each host's name,
    as AWS's have it (also those of a VPC endpoint), and Config(inject_host_prefix) does not change that."""
    from urllib.parse import urlsplit

    host = urlsplit(client.meta.endpoint_url).netloc

    def aim(request: Any, **_: object) -> None:
        request.url = urlsplit(request.url)._replace(netloc=host).geturl()

    client.meta.events.register("before-sign", aim)
