"""S3: the customer's own bucket, for a template that is too large to be sent."""

from __future__ import annotations

from urllib.parse import quote

from generator.errors import AwsError
from generator.gateway.service import Service


class S3(Service):
    """Domain verbs over the S3 API."""

    def put_template(self, bucket: str, key: str, body: str) -> str:
        """Store a template; its URL for CloudFormation, of this very version where the bucket keeps versions.

        Raises AwsError.
        """
        try:
            answer = self._call(
                "put_object", Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/yaml"
            )
        except AwsError as error:
            if error.aws_code != "NoSuchBucket":  # S3 API reference, "List of error codes"
                raise
            raise error.explained(hint=f"Check --s3-bucket: a bucket {bucket} does not exist in any region.") from error
        url = f"{self._client.meta.endpoint_url}/{bucket}/{quote(key)}"
        version = answer.get("VersionId") or "null"  # "null" where versions were kept once and no longer are
        return url if version == "null" else f"{url}?versionId={quote(version)}"
