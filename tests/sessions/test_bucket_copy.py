"""cp --via bucket: between here, an instance and another one, through a bucket, and nothing stays in it."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from generator.cli import copy_commands, progress
from generator.errors import AwsError, DeployerError
from generator.gateway.s3 import S3
from generator.model.release import Encryption
from generator.operations.sessions import bucket_tree, copy_tree
from generator.operations.sessions.host_shell import HostShell
from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer, another_instance, mask, shape, wait_for
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


@pytest.mark.parametrize("mode", [0o640, 0o400, 0o6755])
def test_a_file_goes_up_from_host_to_host_and_down(
    mode: int, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path
) -> None:
    one, other = machines
    (tmp_path / "it's").write_bytes(BYTES)
    (tmp_path / "it's").chmod(mode)
    os.utime(tmp_path / "it's", (1_600_000_000, 1_500_000_000))
    for words, where in (
        ((str(tmp_path / "it's"), ":kept"), one.files / "kept"),
        ((":kept", f"{other.name}:."), other.files / "kept"),
        ((f"{other.name}:kept", str(tmp_path / "back")), tmp_path / "back"),
    ):
        done = copy(deployer, *words)
        assert done.code == 0 and done.out.startswith(DIGEST), done.err
        assert where.read_bytes() == BYTES
        assert (where.stat().st_mode & 0o7777, where.stat().st_mtime) == (mode & 0o777, 1_500_000_000)
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


DENIED = AwsError("S3 refused PutObject.", aws_code="AccessDenied")
CUT = AwsError("S3 could not be reached.", transient=True)


@pytest.mark.parametrize("recursive", [False, True])
@pytest.mark.parametrize(
    ("upward", "breaks", "says"),
    [
        (True, DENIED, ""),
        (True, CUT, "Perhaps uploaded, and then NOT removed: s3://shared/deployer-copies/"),
        (False, DeployerError("The instance refused: cut."), "Perhaps uploaded, and then NOT removed: s3://shared/"),
        (False, None, ""),
    ],
    ids=["S3 refused it", "it broke off", "it broke off there", "there is no such file"],
)
def test_of_what_was_not_uploaded_it_is_not_said_that_it_was_not_removed(
    upward: bool, breaks: DeployerError | None, says: str, recursive: bool, deployer: Deployer, bucket: str,
    machines: tuple[Machine, Machine], tree: Path, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def refused(*_: object) -> None:
        raise AwsError("S3 refused ListObjectVersions.", aws_code="AccessDenied")

    def broken(*_: object) -> None:
        assert breaks
        raise breaks

    async def broken_there(shell: HostShell, script: str, patience: float = 60) -> bytes:
        if "put-object" in script:
            broken()
        return await ask(shell, script, patience)

    ask = HostShell.ask
    monkeypatch.setattr(S3, "delete_every_version", refused)
    if breaks and upward:
        monkeypatch.setattr(S3, "upload", broken)
    elif breaks:
        monkeypatch.setattr(HostShell, "ask", broken_there)
        shutil.copytree(tree, machines[0].files / "tree")
    near, far = (str(tree), ":kept") if recursive else (str(tree / "top"), ":kept")
    there = ":tree" if recursive else ":tree/top"
    done = copy(deployer, *(["-r"] if recursive else []), *((near, far) if upward else (there, str(tmp_path / "new"))))
    assert done.code in (1, 4), done.err
    assert says in done.err if says else "NOT removed" not in done.err, done.err


def test_no_address_with_a_signature_is_in_what_an_instance_is_told(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, ask = list[str](), HostShell.ask

    async def noted(shell: HostShell, script: str, patience: float = 60) -> bytes:
        lines.append(script)
        return await ask(shell, script, patience)

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


def slowed(program: str, first: str, directory: Path) -> Path:
    """Let the instances' program do something first; the file `$started`. What `program` undoes, undoes this too."""
    (directory / "bin").mkdir()
    script = f'#!/bin/sh\nstarted={directory}/started\n{first}\nexec {shutil.which(program)} "$@"\n'
    (directory / "bin" / program).write_text(script)
    (directory / "bin" / program).chmod(0o755)
    os.environ["PATH"] = f"{directory}/bin{os.pathsep}{os.environ['PATH']}"
    return directory / "started"


# Directories


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where both sides put the archive meanwhile; nothing stays there."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(bucket_tree, "FAR_TEMPORARY", str(tmp_path / "temporary"))
    yield tmp_path / "temporary"
    assert wait_for(lambda: not [*(tmp_path / "temporary").iterdir()])
    assert not [path for path in tmp_path.rglob(".*") if "deployer" in path.name]


@pytest.mark.parametrize("there_already", [False, True])
def test_a_directory_goes_up_from_host_to_host_and_down(
    there_already: bool, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path,
    tmp_path: Path, temporary: Path,
) -> None:  # fmt: skip
    one, other = machines
    here = [one.files / "kept", other.files / "kept", tmp_path / "back"]
    names = ["tree", "tree", "tree"] if there_already else ["", "", ""]
    if there_already:
        for path in here:
            path.mkdir()
    arrived = [path / name for path, name in zip(here, names, strict=True)]
    far = f"kept/{names[0]}".rstrip("/")
    for words, where in zip(
        ((str(tree), ":kept"), (f":{far}", f"{other.name}:kept"), (f"{other.name}:{far}", str(tmp_path / "back"))),
        arrived,
        strict=True,
    ):
        done = copy(deployer, "-r", *words)
        assert done.code == 0 and objects(deployer) == [], done.err
        assert done.out.count(sha256(b"top").hexdigest()) == 2, "a line for each file, the link's too"
        assert f"\\{sha256(b'odd').hexdigest()}  " in done.out and "two\\nlines" in done.out
        assert shape(where) == shape(tree, mask() if where == arrived[-1] else 0)
    assert not [*tmp_path.rglob("*.deployer-part")]


@pytest.mark.parametrize(
    ("via", "upward", "says"),
    [
        (("bucket", "--bucket", "shared"), True, ("Packed 1", "Unpacked 2", "Placed 4")),
        (("bucket", "--bucket", "shared"), False, ("Packed 2", "Packed 4", "Unpacked 1")),
        (("session",), True, ("Copied 1", "Copied 4")),
        (("session",), False, ("Copied 1", "Copied 4")),
    ],
)
def test_without_a_terminal_lines_say_how_far_a_directory_is(
    via: tuple[str, ...], upward: bool, says: tuple[str, ...], deployer: Deployer, bucket: str,
    machines: tuple[Machine, Machine], tree: Path, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(copy_tree, "BATCH", 2)
    for name in ("FIRST", "EVERY"):
        monkeypatch.setattr(progress, name, 0.0)
    shutil.copytree(tree, machines[0].files / "tree")
    done = deployer("cp", "-r", "--via", *via, *((str(tree), ":new") if upward else (":tree", str(tmp_path / "new"))))
    assert done.code == 0, done.err
    assert all(f"{line} of 5 files." in done.err for line in says), done.err
    assert " 5 of 5 " not in done.err, "the end is the result's"


def test_the_lines_are_seconds_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    now, said = [0.0], list[str]()
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    screen = copy_commands.CopyScreen(SimpleNamespace(say=said.append), None)  # type: ignore[arg-type]
    for now[0], files in ((0.9, 90), (1.0, 100), (5.9, 590), (6.0, 1600)):
        screen.count("Packed", files, 5000)
    screen.progress(1, 2)
    assert said == ["Packed 100 of 5,000 files.", "Packed 1,600 of 5,000 files."]
    shown = list[tuple[int, int]]()
    now[0], screen = 0.0, copy_commands.CopyScreen(SimpleNamespace(say=said.append), lambda *at: shown.append(at))  # type: ignore[arg-type]
    screen.progress(1, 2)
    now[0] = 9.0
    screen.count("Copied", 1, 2)
    assert (shown, len(said)) == ([(1, 2)], 2), "nothing is written into the bar"


def test_an_instance_runs_each_program_once_for_many_files(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path, tmp_path: Path, temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scripts, ask = list[str](), HostShell.ask

    async def noted(shell: HostShell, script: str, patience: float = 60) -> bytes:
        scripts.append(script)
        return await ask(shell, script, patience)

    monkeypatch.setattr(HostShell, "ask", noted)
    assert copy(deployer, "-r", str(tree), ":kept").code == 0
    assert copy(deployer, "-r", ":kept", str(tmp_path / "back")).code == 0
    assert sum(script.count("sha256sum") for script in scripts) == 2, "one to check the parts, one to pack"


@pytest.mark.parametrize("upward", [True, False])
def test_a_directory_that_is_there_keeps_what_is_in_it_and_a_file_its_inode(
    upward: bool, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path, tmp_path: Path,
    temporary: Path,
) -> None:  # fmt: skip
    near, far = tmp_path / "here" / "tree", machines[0].files / "tree"
    near.parent.mkdir()
    source, target = (near, far) if upward else (far, near)
    shutil.copytree(tree, source)
    source.chmod(0o700)
    (target / "it's").mkdir(parents=True)
    (target / "it's" / "-n").write_text("older, and open to everybody")
    (target / "it's" / "-n").chmod(0o666)
    (target / "more").write_text("stays")
    target.chmod(0o777)
    inode = (target / "it's" / "-n").stat().st_ino
    assert copy(deployer, "-r", *((str(near), ":.") if upward else (":tree", str(near.parent)))).code == 0
    now = (target / "it's" / "-n").stat()
    assert (now.st_ino, now.st_mode & 0o777, target.stat().st_mode & 0o777) == (inode, 0o600, 0o700)
    assert {"more", *(path.name for path in source.iterdir())} == {path.name for path in target.iterdir()}
    assert (target / "it's" / "-n").read_bytes() == (source / "it's" / "-n").read_bytes()


@pytest.mark.parametrize("upward", [True, False])
def test_no_file_takes_its_name_where_one_of_them_changed_on_the_way(
    upward: bool, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path, tmp_path: Path,
    temporary: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shutil.copytree(tree, machines[0].files / "tree")
    stored = S3.stored

    def change(s3: S3, name: str, key: str) -> Encryption:
        body = s3._call("get_object", Bucket=name, Key=key)["Body"].read()
        s3._call(
            "put_object", Bucket=name, Key=key, Body=body[:-1] + bytes([body[-1] ^ 1]), ServerSideEncryption="AES256"
        )
        return stored(s3, name, key)

    monkeypatch.setattr(S3, "stored", change)
    refused = copy(deployer, "-r", *((str(tree), ":kept") if upward else (":tree", str(tmp_path / "kept"))))
    target = machines[0].files / "kept" if upward else tmp_path / "kept"
    assert refused.code == 1 and "differs from its source" in refused.err, refused.err
    assert not [path for path in target.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in (target, *target.rglob("*"))} == {0o700}


def test_a_directory_that_s3_does_not_say_is_encrypted_goes_no_further(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path, temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(S3, "stored", lambda *_: Encryption(""))
    refused = copy(deployer, "-r", str(tree), ":kept")
    assert refused.code == 1 and "does not say that the object in shared is encrypted" in refused.err
    assert not (machines[0].files / "kept").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_an_instance_that_names_a_file_elsewhere_writes_nothing(
    name: str, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (machines[0].files / "far").mkdir()
    real = HostShell.ask

    async def ask(shell: HostShell, script: str, patience: float = 60) -> bytes:
        answer = f"d 755 1 1 \0f 644 1 1 {name}\0".encode()
        return answer if script.startswith("find") else await real(shell, script, patience)

    monkeypatch.setattr(HostShell, "ask", ask)
    for target, path in ((str(tmp_path / "kept"), tmp_path), (f"{machines[1].name}:kept", machines[1].files)):
        refused = copy(deployer, "-r", ":far", target)
        assert refused.code == 1 and f"outside the directory that is copied: {name}" in refused.err
        assert not (path / "kept").exists()


@pytest.mark.parametrize("upward", [True, False])
def test_a_pipe_in_a_directory_is_named_before_anything_is_written(
    upward: bool, deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, temporary: Path
) -> None:
    near, far = tmp_path / "x", machines[0].files / "x"
    root = near if upward else far
    root.mkdir()
    os.mkfifo(root / "pipe")
    refused = copy(deployer, "-r", *((str(near), ":kept") if upward else (":x", str(tmp_path / "kept"))))
    assert refused.code in (1, 2) and "pipe" in refused.err and "no regular file and no directory" in refused.err
    assert not (machines[0].files / "kept").exists() and not (tmp_path / "kept").exists()


@pytest.mark.parametrize("via", [("bucket", "--bucket", "shared"), ("session",)])
@pytest.mark.parametrize("upward", [True, False])
def test_a_file_does_not_go_into_a_directory_that_has_its_name(
    upward: bool, via: tuple[str, ...], deployer: Deployer, bucket: str, machines: tuple[Machine, Machine],
    tmp_path: Path, temporary: Path,
) -> None:  # fmt: skip
    near, far = tmp_path / "here" / "tree", machines[0].files / "tree"
    source, target = (near, far) if upward else (far, near)
    (source / "new").mkdir(parents=True)
    (source / "odd 'name").write_text("a file here")
    (target / "odd 'name").mkdir(parents=True)
    (target / "odd 'name" / "kept").write_text("and a directory with one there")
    done = deployer("cp", "-r", "--via", *via, *((str(near), ":.") if upward else (":tree", str(near.parent))))
    assert done.code == 1 and "odd 'name" in done.err and "has a file of that name" in done.err, done.err
    assert sorted(path.name for path in target.rglob("*")) == ["kept", "odd 'name"]


def test_a_directory_without_files_and_one_without_r(
    deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tmp_path: Path, temporary: Path
) -> None:
    (tmp_path / "bare" / "empty").mkdir(parents=True)
    assert copy(deployer, "-r", str(tmp_path / "bare"), ":.").code == 0
    assert copy(deployer, "-r", ":bare", f"{machines[1].name}:kept").code == 0
    assert [path.name for path in (machines[1].files / "kept").rglob("*")] == ["empty"]
    refused = copy(deployer, ":bare", str(tmp_path / "kept"))
    assert refused.code == 1 and "bare on the instance is a directory" in refused.err and "-r" in refused.err


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("put-object", ("-r", ":tree", "kept")),
        ("get-object", ("-r", ":tree", "{other}:kept")),
        ("get-object", (":tree/top", "{other}:kept")),
    ],
)
def test_a_copy_that_is_interrupted_leaves_nothing_on_either_side_and_nothing_in_the_bucket(
    operation: str, words: tuple[str, ...], deployer: Deployer, bucket: str, machines: tuple[Machine, Machine],
    tree: Path, tmp_path: Path,
) -> None:  # fmt: skip
    one, other = machines
    shutil.copytree(tree, one.files / "tree")
    started = slowed("aws", f'case "$2" in {operation}) touch $started; sleep 30; esac', tmp_path)
    before = {*Path("/var/tmp").glob("deployer-cp-*")}
    copying = deployer.start(
        "cp", "--via", "bucket", "--bucket", "shared", *(word.format(other=other.name) for word in words)
    )
    wait_for(started.exists, 30)
    copying.send_signal(signal.SIGINT)
    _, err = copying.communicate(timeout=30)
    assert copying.returncode == 130 and "open sessions were closed" in err, err
    assert objects(deployer) == []
    assert wait_for(lambda: {*Path("/var/tmp").glob("deployer-cp-*")} <= before)
    assert wait_for(lambda: not [path for path in other.files.rglob("*") if "deployer-part" in path.name])
    assert not [path for path in (other.files / "kept").rglob("*") if path.is_file()]


@pytest.mark.parametrize("words", [("-r", "{tree}", ":."), ("{tree}/it's/-n", ":tree/it's/-n")])
def test_what_is_there_is_never_half_written_where_the_copy_is_interrupted_in_that_moment(
    words: tuple[str, ...], deployer: Deployer, bucket: str, machines: tuple[Machine, Machine], tree: Path,
    tmp_path: Path,
) -> None:  # fmt: skip
    shutil.copytree(tree, machines[0].files / "tree")
    older = [path for path in (machines[0].files / "tree").rglob("*") if path.is_file()]
    for path in older:
        path.write_bytes(b"older")
    started = slowed("fallocate", "touch $started; sleep 1", tmp_path)
    copying = deployer.start("cp", "--via", "bucket", "--bucket", "shared", *(word.format(tree=tree) for word in words))
    wait_for(started.exists, 30)
    copying.send_signal(signal.SIGINT)
    copying.communicate(timeout=30)
    assert copying.returncode == 130
    assert wait_for(lambda: not [path for path in machines[0].files.rglob("*") if "deployer-part" in path.name])
    now = {path: path.read_bytes() for path in older}
    assert now[machines[0].files / "tree" / "it's" / "-n"] == (tree / "it's" / "-n").read_bytes()
    assert all(data in (b"older", (tree / path.relative_to(machines[0].files / "tree")).read_bytes())
               for path, data in now.items())  # fmt: skip
