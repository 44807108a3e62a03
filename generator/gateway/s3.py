"""S3: the customer's own bucket, for a template too large to be sent, and the vendor's, for what is published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from generator.errors import MAY_CALL, AwsError, DeployerError, NotFound
from generator.gateway.s3control import blocks
from generator.gateway.service import Answer, Service
from generator.gateway.translate import translated
from generator.model.release import BucketSettings, Encryption, LifecycleRule, StoredObject


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
        return self.address(bucket, key, _version(answer))

    def default_encryption(self, bucket: str) -> Encryption:
        """How the bucket encrypts what is stored in it; AES256 where it has nothing of its own (S3 user guide, "Setting
        default server-side encryption behavior"). Raises AwsError, and NotFound for the bucket."""
        try:
            answer = self._call("get_bucket_encryption", Bucket=bucket)
        except AwsError as error:
            if error.aws_code == "ServerSideEncryptionConfigurationNotFoundError":
                return Encryption("AES256")
            if error.aws_code == "NoSuchBucket":
                raise _no_bucket(bucket) from error
            raise
        rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
        chosen = rules[0].get("ApplyServerSideEncryptionByDefault", {}) if rules else {}
        return Encryption(str(chosen.get("SSEAlgorithm", "AES256")), str(chosen.get("KMSMasterKeyID", "")))

    def upload(self, bucket: str, key: str, path: Path, encryption: Encryption) -> None:
        """Store a file, up to 5 GiB (S3 API reference, PutObject), encrypted in that way. Raises AwsError."""
        how: Answer = {"ServerSideEncryption": encryption.encryption}
        if encryption.key:
            how["SSEKMSKeyId"] = encryption.key
        with path.open("rb") as body:
            self._call("put_object", Bucket=bucket, Key=key, Body=body, **how)

    def download(self, bucket: str, key: str, out: BinaryIO) -> None:
        """Write an object's content into an open file. Raises AwsError."""
        answer = self._call("get_object", Bucket=bucket, Key=key)
        with answer["Body"], translated(self._service, "GetObject", {}, self._client):
            for piece in answer["Body"].iter_chunks(1 << 20):
                out.write(piece)

    def stored(self, bucket: str, key: str) -> Encryption:
        """How an object is encrypted, "" where S3 does not say that it is. Raises AwsError."""
        answer = self._call("head_object", Bucket=bucket, Key=key)
        return Encryption(str(answer.get("ServerSideEncryption", "")))

    def delete_every_version(self, bucket: str, key: str) -> None:
        """Delete every version of an object, and what marks it as deleted. Raises AwsError."""
        for page in self._pages("list_object_versions", Bucket=bucket, Prefix=key):
            for raw in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                self._call("delete_object", Bucket=bucket, Key=raw["Key"], VersionId=raw["VersionId"])

    def replaced(self, bucket: str, prefix: str) -> frozenset[str]:
        """The keys below a prefix of which there are earlier versions, or a mark of deletion. Raises AwsError.

        Source: S3 API reference, ListObjectVersions.
        """
        keys: set[str] = set()
        for page in self._pages("list_object_versions", Bucket=bucket, Prefix=prefix):
            keys |= {str(raw["Key"]) for raw in page.get("Versions", ()) if not raw["IsLatest"]}
            keys |= {str(raw["Key"]) for raw in page.get("DeleteMarkers", ())}
        return frozenset(keys)

    def read(self, bucket: str, key: str) -> StoredObject | None:
        """An object's content, ETag and version; None where there is none. Raises AwsError, NotFound for the bucket."""
        try:
            answer = self._call("get_object", Bucket=bucket, Key=key)
        except AwsError as error:
            if error.aws_code == "NoSuchKey":
                return None
            if error.aws_code == "NoSuchBucket":
                raise _no_bucket(bucket) from error
            raise
        with answer["Body"] as body, translated(self._service, "GetObject", {}, self._client):
            return StoredObject(body.read(), str(answer["ETag"]), _version(answer))

    def create(self, bucket: str, key: str, content: bytes, content_type: str) -> bool:
        """Store an object where there is none. False where there is one, or another write came first: nothing changed.

        Source: S3 user guide, "Conditional writes": 412 PreconditionFailed, 409 ConditionalRequestConflict. It is
        encrypted by S3's own key, whatever is the bucket's default: nobody reads one under a key of KMS unsigned.
        """
        return self._put(bucket, key, content, content_type, IfNoneMatch="*")

    def replace(self, bucket: str, key: str, content: bytes, content_type: str, etag: str) -> bool:
        """Store another version of the object that has this ETag. False where it has another one by now."""
        return self._put(bucket, key, content, content_type, IfMatch=etag)

    def _put(self, bucket: str, key: str, content: bytes, content_type: str, **condition: str) -> bool:
        try:
            self._call(
                "put_object",
                Bucket=bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                ServerSideEncryption="AES256",
                **condition,
            )
        except AwsError as error:
            if error.aws_code in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True

    @property
    def endpoint(self) -> str:
        """The address of S3 itself."""
        return str(self._client.meta.endpoint_url)

    def address(self, bucket: str, key: str, version: str = "") -> str:
        """The address at which everybody reads an object, or one version of it, if the bucket's policy says so."""
        url = f"{self.endpoint}/{bucket}/{quote(key)}"
        return f"{url}?versionId={quote(version)}" if version else url

    def _bucket_region(self, bucket: str) -> str:
        try:
            return str(self._call("head_bucket", Bucket=bucket).get("BucketRegion", ""))
        except AwsError as error:
            raise _of_head(error, bucket) from error

    def settings(self, bucket: str) -> BucketSettings:
        """What of a bucket decides who reads it, and for how long. Raises AwsError, and NotFound for the bucket."""
        region = self._bucket_region(bucket)
        versioning = str(self._call("get_bucket_versioning", Bucket=bucket).get("Status", ""))
        policy = _or_none(lambda: self._call("get_bucket_policy", Bucket=bucket), "NoSuchBucketPolicy")
        owners = _or_none(
            lambda: self._call("get_bucket_ownership_controls", Bucket=bucket), "OwnershipControlsNotFoundError"
        )
        blocked = _or_none(
            lambda: self._call("get_public_access_block", Bucket=bucket), "NoSuchPublicAccessBlockConfiguration"
        )
        rules = _or_none(
            lambda: self._call("get_bucket_lifecycle_configuration", Bucket=bucket), "NoSuchLifecycleConfiguration"
        )
        return BucketSettings(
            region=region,
            versioning=versioning,
            policy=str(policy.get("Policy", "")),
            ownership=_ownership(owners),
            blocks_public_policy=blocks(blocked),
            lifecycle=tuple(_lifecycle(rules)),
        )


def _version(answer: Answer) -> str:
    """The ID of a version; S3 says "null" where versions were kept once and no longer are."""
    version = str(answer.get("VersionId") or "null")
    return "" if version == "null" else version


def _of_head(error: AwsError, bucket: str) -> DeployerError:
    """What a refused HEAD says: without a body it has no code but the status (S3 API reference, HeadBucket)."""
    if error.aws_code == "404":
        return _no_bucket(bucket)
    if error.aws_code != "403":
        return error
    return AwsError(
        f"S3 does not let these credentials see the bucket {bucket}: somebody else's, or s3:ListBucket is lacking.",
        f"{MAY_CALL} s3:ListBucket on it: --profile NAME; whose these are: aws sts get-caller-identity",
        operation=error.operation,
        aws_code="AccessDenied",
        request_id=error.request_id,
    )


def _no_bucket(bucket: str) -> NotFound:
    return NotFound(f"There is no bucket {bucket}.", "Check the name of the bucket.", code="no-bucket")


def _or_none(call: Callable[[], Answer], absent: str) -> Answer:
    """The answer; an empty one where AWS says that there is none, with the error code `absent`."""
    try:
        return call()
    except AwsError as error:
        if error.aws_code == absent:
            return {}
        raise


def _ownership(answer: Answer) -> str:
    rules = answer.get("OwnershipControls", {}).get("Rules", [])
    return str(rules[0]["ObjectOwnership"]) if rules else ""


REMOVING = ("Expiration", "NoncurrentVersionExpiration", "Transitions", "NoncurrentVersionTransitions")
"""What a rule of a lifecycle does that an object may not survive, or not readable. A mark of deletion that stands
alone (ExpiredObjectDeleteMarker), and an upload that was never finished, are no objects."""


def _lifecycle(answer: Answer) -> Iterator[LifecycleRule]:
    """The rules in force that delete or move objects. Source: S3 API reference, LifecycleRule."""
    for rule in answer.get("Rules", ()):
        expiration = rule.get("Expiration", {})
        marks_alone = expiration.get("ExpiredObjectDeleteMarker") and not {"Days", "Date"} & set(expiration)
        removing = [each for each in REMOVING if rule.get(each) and not (each == "Expiration" and marks_alone)]
        if rule.get("Status") == "Enabled" and removing:
            limits = rule.get("Filter", {})
            prefix = limits.get("Prefix") or limits.get("And", {}).get("Prefix") or rule.get("Prefix") or ""
            yield LifecycleRule(str(rule.get("ID") or "without an ID"), str(prefix))
