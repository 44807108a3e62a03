"""S3: the customer's own bucket, for a template that is too large to be sent."""

from __future__ import annotations

from urllib.parse import quote

from generator.gateway.service import Service


class S3(Service):
    """Domain verbs over the S3 API."""

    def put_template(self, bucket: str, key: str, body: str) -> str:
        """Store a template; its URL for CloudFormation, of this very version where the bucket keeps versions.

        Raises AwsError.
        """
        answer = self._call("put_object", Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/yaml")
        url = f"{self._client.meta.endpoint_url}/{bucket}/{quote(key)}"
        version = answer.get("VersionId") or "null"  # "null" where versions were kept once and no longer are
        return url if version == "null" else f"{url}?versionId={quote(version)}"
