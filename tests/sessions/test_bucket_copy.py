"""cp --via bucket: between here, an instance and another one, through a bucket, and nothing stays in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from generator.errors import AwsError
from generator.gateway.s3 import S3
from generator.model.release import Encryption
from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer, another_instance
from tests.sessions.host import shells

BYTES = os.urandom(100_000)
DIGEST = sha256(BYTES).hexdigest()


@dataclass
class Machine:
    """An instance with real shells that have the AWS CLI, and credentials as its role would have."""

    name: str
    files: Path


@pytest.fixture
def bucket(deployer: Deployer) -> Iterator[str]:
    s3 = deployer.gateway.client("s3")
    s3.create_bucket(Bucket="shared")
    yield "shared"
    assert objects(deployer) == [], "nothing stays in it"
    s3.delete_bucket(Bucket="shared")


def objects(deployer: Deployer) -> list[Any]:
    listed = deployer.gateway.client("s3").list_object_versions(Bucket="shared")
    return [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The AWS CLI of this environment is the instances' too."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def machines(deployer: Deployer, tmp_path: Path) -> Iterator[tuple[Machine, Machine]]:
    """The stack's instance and another one."""
    with another_instance(deployer) as second:
        one, other = Machine(deployer.instance, tmp_path / "one"), Machine(second, tmp_path / "other")
        for each in (one, other):
            (each.files / ".aws").mkdir(parents=True)
            lines = [f"{name.lower()} = {os.environ[name]}" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
            config = ["[default]", f"endpoint_url = {os.environ['AWS_ENDPOINT_URL']}", *lines]
            (each.files / ".aws" / "config").write_text("\n".join([*config, "s3 =", "  addressing_style = path", ""]))
        with shells(one.files) as a, shells(other.files) as b:
            control("PUT", f"instances/{one.name}", {"ports": {"shell": a.port}})
            control("PUT", f"instances/{other.name}", {"ports": {"shell": b.port}})
            yield one, other


def copy(deployer: Deployer, *words: str) -> Any:
    return deployer("cp", "--via", "bucket", "--bucket", "shared", *words)


def test_a_file_goes_up_from_host_to_host_and_down(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    one, other = machines
    (tmp_path / "it's").write_bytes(BYTES)
    (tmp_path / "it's").chmod(0o640)
    for words, where in (
        ((str(tmp_path / "it's"), ":kept"), one.files / "kept"),
        ((":kept", f"{other.name}:."), other.files / "kept"),
        ((f"{other.name}:kept", str(tmp_path / "back")), tmp_path / "back"),
    ):
        done = copy(deployer, *words)
        assert done.code == 0 and done.out.startswith(DIGEST), done.err
        assert where.read_bytes() == BYTES and where.stat().st_mode & 0o777 == 0o640
        assert objects(deployer) == []
    assert not [*tmp_path.rglob("*.deployer-part")]


def test_every_version_is_removed_where_the_bucket_keeps_them(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    on = {"Status": "Enabled"}
    deployer.gateway.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration=on)
    (tmp_path / "x").write_bytes(BYTES)
    assert copy(deployer, str(tmp_path / "x"), ":kept").code == 0
    assert objects(deployer) == []


@pytest.mark.parametrize("upward", [True, False])
def test_it_is_encrypted_as_the_bucket_is(
    upward: bool, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/shared"}}
    s3 = deployer.gateway.client("s3")
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    seen, stored = list[Encryption](), S3.stored

    def noted(self: S3, name: str, key: str) -> Encryption:
        seen.append(stored(self, name, key))
        return seen[-1]

    monkeypatch.setattr(S3, "stored", noted)
    near, far = tmp_path / "x", machines[0].files / "x"
    (near if upward else far).write_bytes(BYTES)
    done = copy(deployer, *((str(near), ":x") if upward else (":x", str(near))))
    assert done.code == 0 and [each.encryption for each in seen] == ["aws:kms"], done.err


def test_bytes_that_changed_on_the_way_are_not_put_in_place(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = S3.upload

    def other_bytes(s3: S3, name: str, key: str, path: Path, encryption: Encryption) -> None:
        (tmp_path / "evil").write_bytes(b"evil")
        upload(s3, name, key, tmp_path / "evil", encryption)

    monkeypatch.setattr(S3, "upload", other_bytes)
    (tmp_path / "x").write_bytes(BYTES)
    refused = copy(deployer, str(tmp_path / "x"), ":kept")
    assert refused.code == 1 and "differs from its source" in refused.err
    assert [path.name for path in machines[0].files.iterdir()] == [".aws"]


def test_what_s3_does_not_say_is_encrypted_goes_no_further(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(S3, "stored", lambda *_: Encryption(""))
    (tmp_path / "x").write_bytes(BYTES)
    refused = copy(deployer, str(tmp_path / "x"), ":kept")
    assert refused.code == 1 and "does not say that the object in shared is encrypted" in refused.err
    assert [path.name for path in machines[0].files.iterdir()] == [".aws"]


def test_an_object_that_may_not_be_removed_is_named(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = S3.delete_every_version

    def refused(s3: S3, name: str, key: str) -> None:
        remove(s3, name, key)
        raise AwsError("S3 refused DeleteObject.", aws_code="AccessDenied")

    monkeypatch.setattr(S3, "delete_every_version", refused)
    (tmp_path / "x").write_bytes(BYTES)
    done = copy(deployer, str(tmp_path / "x"), ":kept")
    assert done.code == 0 and "NOT removed: s3://shared/deployer-copies/" in done.err


def test_no_address_with_a_signature_is_in_what_an_instance_is_told(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    from generator.operations.sessions.host_shell import HostShell

    lines, ask = list[str](), HostShell.ask

    async def noted(shell: HostShell, script: str) -> bytes:
        lines.append(script)
        return await ask(shell, script)

    monkeypatch.setattr(HostShell, "ask", noted)
    (machines[0].files / "log").write_bytes(BYTES)
    assert copy(deployer, ":log", f"{machines[1].name}:.").code == 0
    told = "\n".join(lines)
    assert "aws s3api put-object" in told and "aws s3api get-object" in told
    secret = os.environ["AWS_SECRET_ACCESS_KEY"]
    assert not any(word in told for word in ("X-Amz-", "Signature", "://", secret))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--via", "bucket", "x", ":y"), "needs both its route and its name"),
        (("--bucket", "shared", "x", ":y"), "needs both its route and its name"),
        (("--via", "bucket", "--bucket", "shared", "-r", "x", ":y"), "An object in a bucket is one file"),
        (("--via", "bucket", "--bucket", "shared", ":x", "root@web-1:y"), "copies as its own user, not as root"),
    ],
)
def test_what_this_route_does_not_carry_is_refused(deployer: Deployer, words: tuple[str, ...], says: str) -> None:
    done = deployer("cp", *words)
    assert done.code == 2 and says in done.err, done.err


def test_a_bucket_or_a_program_that_is_not_there_is_said(
    deployer: Deployer, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    (tmp_path / "x").write_bytes(BYTES)
    done = deployer("cp", "--via", "bucket", "--bucket", "nowhere", str(tmp_path / "x"), ":kept")
    assert done.code in (1, 4) and "nowhere" in done.err
    assert [path.name for path in machines[0].files.iterdir()] == [".aws"]
