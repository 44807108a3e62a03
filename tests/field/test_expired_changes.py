"""Credentials that expire in the middle of a change and stay so: what goes on, what is not known, how to go on."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.embedded import VENDOR_ROLE, Deployer, Outcome, run
from tests.field.conftest import STACK
from tests.sandbox_keys import control
from tests.sessions.host import shells

EXPIRED = "ExpiredTokenException"
Expire = Callable[..., None]


@pytest.fixture
def expire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Expire]:
    """expire("GetDocument", 2): from the second such call on nothing is answered; expire(): they are renewed."""
    first, left, dead, real = "", 0, False, BaseClient._make_api_call

    def call(self: Any, operation: str, params: Any) -> Any:
        nonlocal left, dead
        left -= operation == first
        dead = dead or (operation == first and left <= 0)
        if dead:
            raise ClientError({"Error": {"Code": EXPIRED, "Message": "The security token is expired"}}, operation)
        return real(self, operation, params)

    def expire(operation: str = "", count: int = 1) -> None:
        nonlocal first, left, dead
        first, left, dead = operation, count, False

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    yield expire
    expire()


PAUSE, RESUME = ("access", "pause", "--yes"), ("access", "resume", "--yes")
ENGINEERS = ("engineers", "up", "--stack-name", "engineers", "--ports", "8080", "--yes")
FOLLOW = "follow it with: deployer events --follow"
NOT_CLOSED, CLOSED = "is not known to be closed", "Access is closed; so that the stack records it: Sign in again"
HALF, UNVERIFIED = "says that access is open, but its key may be inactive", "could not be verified"
CASES = [
    (PAUSE, "ListAccessKeys", 1, NOT_CLOSED),
    (PAUSE, "UpdateAccessKey", 1, NOT_CLOSED),
    (PAUSE, "DescribeSessions", 1, NOT_CLOSED),
    (PAUSE, "CreateChangeSet", 1, CLOSED),
    (PAUSE, "DescribeStackEvents", 2, FOLLOW),
    (PAUSE, "DescribeSessions", 2, "not known to have ended"),
    (RESUME, "CreateChangeSet", 1, "Sign in again"),
    (RESUME, "DescribeStackEvents", 2, FOLLOW),
    (RESUME, "UpdateAccessKey", 1, HALF),
    (RESUME, "ListAccessKeys", 2, HALF),
    (ENGINEERS, "CreateChangeSet", 1, "Sign in again"),
    (ENGINEERS, "ExecuteChangeSet", 1, "change set could not be deleted; delete it with: aws cloudformation"),
    (ENGINEERS, "DescribeStackEvents", 2, f"{FOLLOW} --stack-name engineers"),
    (ENGINEERS, "GetDocument", 1, UNVERIFIED),
]


@pytest.mark.parametrize(("words", "operation", "count", "said"), CASES)
def test_what_is_half_done_is_said_and_the_same_command_completes_it(
    words: tuple[str, ...], operation: str, count: int, said: str, deployer: Deployer, expire: Expire
) -> None:
    if words is not ENGINEERS:
        assert run("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    if words is RESUME:
        assert run(*PAUSE).code == 0
    expire(operation, count)
    told = whole(run(*words))
    assert EXPIRED in told and said in told and "Sign in again" in told, told
    expire()
    again = run(*words)
    assert again.code == 0, again.err


def whole(outcome: Outcome) -> str:
    """What a person reads, without the breaks of its lines."""
    assert outcome.code in (1, 3), outcome
    return " ".join(f"{outcome.out} {outcome.err}".split())


BUCKET = "copied-through"


@pytest.fixture
def copied(deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Outcome]]:
    """Copies a file to the instance, a real shell that has the AWS CLI, through a bucket."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    deployer.gateway.client("s3").create_bucket(Bucket=BUCKET)
    (tmp_path / "there" / ".aws").mkdir(parents=True)
    keys = (f"{name} = {os.environ[name.upper()]}" for name in ("aws_access_key_id", "aws_secret_access_key"))
    config = ["[default]", f"endpoint_url = {os.environ['AWS_ENDPOINT_URL']}", *keys]
    (tmp_path / "there" / ".aws" / "config").write_text("\n".join([*config, "s3 =", "  addressing_style = path", ""]))
    (tmp_path / "x").write_text("x")
    with shells(tmp_path / "there") as host:
        control("PUT", f"instances/{deployer.outputs['InstanceId']}", {"ports": {"shell": host.port}})
        yield lambda: run("cp", "--via", "bucket", "--bucket", BUCKET, str(tmp_path / "x"), ":kept")


@pytest.mark.parametrize("operation", ["HeadObject", "StartSession", "ListObjectVersions", "DeleteObject"])
def test_a_copy_through_a_bucket_names_what_it_could_not_remove(
    operation: str, copied: Callable[[], Outcome], expire: Expire, tmp_path: Path
) -> None:
    expire(operation)
    lost = copied()
    arrived = operation in ("ListObjectVersions", "DeleteObject")
    assert lost.code == (0 if arrived else 1) and EXPIRED in lost.err, lost.err
    assert arrived or "Sign in again" in lost.err
    assert (tmp_path / "there" / "kept").exists() == arrived
    expire()
    [command] = re.findall(r"^NOT removed: s3://.* Remove it: (aws s3 rm .*)$", lost.err, re.M)
    program = Path(sys.executable).with_name("aws")
    subprocess.run([program, *shlex.split(command)[1:]], check=True, capture_output=True, timeout=60)
    assert Deployer(STACK).gateway.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
    assert copied().code == 0 and (tmp_path / "there" / "kept").read_text() == "x"
