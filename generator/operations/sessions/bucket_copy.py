"""A file through a bucket of the customer's: one side uploads it, the other downloads it, and the object is removed.

An instance does its half by its own role, in a shell session; this computer by the caller's permissions. So no address
with a signature is made, which would be in a command's record. The bytes are compared by SHA-256 at both ends, and an
object that S3 does not say is encrypted goes no further.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.channel.session import ChannelOptions
from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.model.copy import CopyCaller, Place
from generator.model.release import Encryption
from generator.operations.sessions import copy_ends as ends
from generator.operations.sessions.host_shell import WHOLE_FILES, HostShell, host_shell, quoted
from generator.operations.sessions.parallel_copy import describe, digest_of
from generator.operations.sessions.service import SessionCalls

PREFIX = "deployer-copies"
"""Of the keys: a bucket's policy and the roles' can name it."""


@dataclass(frozen=True)
class Side:
    """One end of a copy: the place, and how to open a shell there; None for this computer."""

    place: Place
    calls: SessionCalls | None = None


@dataclass(frozen=True)
class Bucket:
    """The bucket, and what speaks to it and to the instances."""

    gateway: Gateway
    name: str
    encryption: Encryption
    options: ChannelOptions
    caller: CopyCaller


@dataclass
class Upload:
    """An object of this copy's. `may_exist` and `exists` are what is known of it: neither before anything is sent."""

    key: str
    may_exist: bool = False
    exists: bool = False

    @contextmanager
    def sent(self) -> Iterator[None]:
        """For the block in which the object is sent."""
        self.may_exist = True
        yield
        self.exists = True


async def carry(bucket: Bucket, source: Side, destination: Side, *, inside: bool) -> tuple[str, str]:
    """Copy one file; its name and SHA-256. Raises DeployerError: `checksum`, `unencrypted`, `left-behind`."""
    with object_for(bucket) as upload:
        digest, attributes = await _upload(bucket, source, upload)
        require_encrypted(bucket, upload.key)
        await _download(bucket, source, destination, upload.key, digest, attributes, inside=inside)
    return source.place.path, digest


def require_encrypted(bucket: Bucket, key: str) -> None:
    """Raise DeployerError, `unencrypted`, unless S3 says of the object that it is encrypted."""
    if not bucket.gateway.s3.stored(bucket.name, key).encryption:
        raise DeployerError(
            f"S3 does not say that the object in {bucket.name} is encrypted, so it was not copied on.",
            "Give the bucket a default encryption.",
            code="unencrypted",
        )


@contextmanager
def object_for(bucket: Bucket) -> Iterator[Upload]:
    """An object for the block. Afterwards every version of it is removed, whatever happened; where that cannot be done,
    it is said. Of what was never sent, or refused, there is nothing to remove."""
    upload = Upload(f"{PREFIX}/{secrets.token_hex(16)}")
    try:
        yield upload
    finally:
        if upload.may_exist:
            _remove(bucket, upload)


def _remove(bucket: Bucket, upload: Upload) -> None:
    try:
        bucket.gateway.s3.delete_every_version(bucket.name, upload.key)
    except DeployerError as error:
        rest = f"s3://{bucket.name}/{upload.key}"
        where = ("--bucket", bucket.name, "--prefix", upload.key, "--query", "Versions[].VersionId", "--output", "text")
        commands, version = bucket.gateway.commands, ("--key", upload.key, "--version-id", "ID")
        known = "NOT removed" if upload.exists else "Perhaps uploaded, and then NOT removed"
        bucket.caller.say(f"{known}: {rest}: {error.message} Remove it: {commands.aws('s3', 'rm', rest)}")
        bucket.caller.say(f"  its versions: {commands.aws('s3api', 'list-object-versions', *where)}")
        bucket.caller.say(f"  then each:    {commands.aws('s3api', 'delete-object', *where[:2], *version)}")


async def _upload(bucket: Bucket, source: Side, upload: Upload) -> tuple[str, ends.Attributes]:
    if source.calls is None:
        path = Path(source.place.path)
        send(bucket, upload, path)
        return digest_of(path), ends.attributes_of(path)
    async with host_shell(source.calls, bucket.options) as shell:
        digest, _ = await describe(shell, source.place.path)
        attributes = await ends.far_attributes(shell, source.place.path)
        await put(bucket, shell, upload, source.place.path)
    return digest, attributes


async def _download(
    bucket: Bucket, source: Side, destination: Side, key: str, digest: str, attributes: ends.Attributes, *, inside: bool
) -> None:
    name, copy_id = PurePosixPath(source.place.path).name, secrets.token_hex(8)
    if destination.calls is None:
        target = ends.near_target(Path(destination.place.path), name, inside=inside)
        part = target.with_name(ends.part_name(target.name, copy_id))
        try:
            with ends.room_for(str(target)), ends.near_part(part, 0, resume=False) as (out, _):
                bucket.gateway.s3.download(bucket.name, key, out)
            compare(digest, digest_of(part), source.place.path)
            ends.place_near(part, target, attributes)
        finally:
            part.unlink(missing_ok=True)
        return
    async with host_shell(destination.calls, bucket.options) as shell:
        far = await ends.far_target(shell, destination.place.path, name, inside=inside)
        part_path = far.part(copy_id)
        await shell.at_end(f"rm -f -- {quoted(part_path)}")
        await ends.start_far_part(shell, part_path, resume=False)
        try:
            await get(bucket, shell, key, part_path)
            compare(digest, (await describe(shell, part_path))[0], source.place.path)
            await ends.place_far(shell, part_path, far, attributes)
        except DeployerError:
            await ends.remove_far(shell, part_path)
            raise


def send(bucket: Bucket, upload: Upload, path: Path) -> None:
    """Upload a file of this computer as the object."""
    try:
        with upload.sent():
            bucket.gateway.s3.upload(bucket.name, upload.key, path, bucket.encryption)
    except AwsError as error:
        upload.may_exist = error.transient or not error.aws_code  # else S3 itself has refused it
        raise


async def put(bucket: Bucket, shell: HostShell, upload: Upload, path: str) -> None:
    """Let an instance upload a file as the object."""
    body = f"--body {quoted(path)} {_encrypted(bucket)}"
    with upload.sent():
        await shell.ask(_aws(bucket, "put-object", upload.key, body), WHOLE_FILES)


async def get(bucket: Bucket, shell: HostShell, key: str, path: str) -> None:
    """Let an instance download the object into a file."""
    await shell.ask(_aws(bucket, "get-object", key, quoted(path)), WHOLE_FILES)


def _encrypted(bucket: Bucket) -> str:
    how = f"--server-side-encryption {shlex.quote(bucket.encryption.encryption)}"
    return f"{how} --ssekms-key-id {shlex.quote(bucket.encryption.key)}" if bucket.encryption.key else how


def _aws(bucket: Bucket, operation: str, key: str, file: str) -> str:
    """The AWS CLI on an instance, which asks as the instance's role."""
    where = f"--bucket {shlex.quote(bucket.name)} --key {key} --region {bucket.gateway.region}"
    missing = "echo the AWS CLI is not installed"
    return f"command -v aws >/dev/null || {{ {missing}; false; }} && aws s3api {operation} {where} {file} --output text"


def compare(source: str, copy: str, path: str) -> None:
    """Raise DeployerError, `checksum`, where the SHA-256 of a copy is not that of its source, which `path` names."""
    if source != copy:
        raise DeployerError(
            f"The copy of {path} differs from its source (SHA-256 {copy[:12]}…, not {source[:12]}…).",
            "Copy it again; nothing was put in its place.",
            code="checksum",
        )
