"""Stored defaults are taken from a file only when nobody but the user and root could have written it."""

from __future__ import annotations

import grp
import os
import pwd
import re
import socket
import stat
import struct
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.cli.main import main
from generator.model.config import KEYS
from generator.operations.config.resolve import stored_for

STRANGER = 54321
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's file in a folder below one that could be anybody's; the home directory is elsewhere."""
    for name in ("DEPLOYER_ENV", "DEPLOYER_PROJECT_FILE", *(v for key in KEYS.values() for v in key.variables)):
        monkeypatch.delenv(name, raising=False)
    home, folder = tmp_path / "home", tmp_path / "above" / "project"
    for made in (home / "config" / "deployer", folder):
        made.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    monkeypatch.chdir(folder)
    (folder / ".deployer.toml").write_text('region = "eu-west-1"\n')
    yield folder / ".deployer.toml"
    (tmp_path / "above").chmod(0o700)


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """What a command that wants no default of the file says: one sentence and a next step."""
    capsys.readouterr()
    assert main(["generate", "-o", "-"]) == 1
    out, err = capsys.readouterr()
    assert not out and re.fullmatch(r"error: .+\.\n  next: .+\n", err), err
    return err


def give_away(path: Path) -> None:
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


def strangers_file(project: Path) -> None:
    give_away(project)


def strangers_folder(project: Path) -> None:
    give_away(project.parent.parent)


def strangers_link(project: Path) -> None:
    real = project.rename(project.with_name("real.toml"))
    project.symlink_to(real)
    give_away(project)


def link_into_a_strangers_folder(project: Path) -> None:
    real = project.parent.parent / "real.toml"
    (project.parent.parent / "theirs").mkdir()
    project.rename(real)
    project.symlink_to("../theirs/../real.toml")
    give_away(project.parent.parent / "theirs")


@AS_ROOT
@pytest.mark.parametrize(
    ("arrange", "place"),
    [
        (strangers_file, "/.deployer.toml"),
        (strangers_folder, "/above"),
        (strangers_link, "/.deployer.toml"),
        (link_into_a_strangers_folder, "/theirs"),
    ],
)
def test_what_a_stranger_could_have_written_is_refused_and_can_be_left_out_or_vouched_for(
    arrange: Callable[[Path], None],
    place: str,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arrange(project)
    said = refusal(capsys)
    assert str(project) in said and f"{place}, which belongs to user id {STRANGER}" in said.replace(
        f"{project} belongs", f"{project}, which belongs"
    )
    without, vouched = re.findall(r"export (DEPLOYER_PROJECT_FILE)=(\S+?)(?:;|\n)", said)
    monkeypatch.setenv(*without)
    assert stored_for("up", "") == {}
    monkeypatch.setenv(*vouched)
    assert stored_for("up", "") == {"region": "eu-west-1"}
    project.write_text('profile = "prod"\n')  # vouched for, it still may not set more than any
    assert "may not set profile" in refusal(capsys)


def test_a_file_of_another_user_than_the_one_who_runs_this(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any user: whose file it is does not hang on being root."""
    if project.stat().st_uid == 0:
        give_away(project)
    else:
        monkeypatch.setattr(os, "getuid", lambda: STRANGER)
    assert f"{project} belongs to " in refusal(capsys)


@pytest.mark.parametrize("which", ["file", "folder", "folder above"])
@pytest.mark.parametrize("mode", [0o666, 0o622, 0o777])
def test_what_others_may_write_is_refused_until_it_is_closed_to_them(
    which: str, mode: int, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = {"file": project, "folder": project.parent, "folder above": project.parent.parent}[which]
    place.chmod(mode | (0o111 if place.is_dir() else 0))
    said = refusal(capsys)
    assert f"may be written by other users (mode {stat.S_IMODE(place.stat().st_mode):04o})" in said
    command = said.rpartition("Restrict its permissions: ")[2].partition(";")[0]
    subprocess.run(command, shell=True, check=True)
    assert stored_for("up", "") == {"region": "eu-west-1"}


def group_of(kind: str) -> int:
    """A group's id: the user's private one, another user's, one whose members nobody lists, an unknown one."""
    groups = {group.gr_name: group for group in grp.getgrall()}
    users = {user.pw_name: user for user in pwd.getpwall()}
    primary = {user.pw_gid for user in users.values()}
    unlisted = (
        g.gr_gid for g in groups.values() if not g.gr_mem and g.gr_gid not in primary and g.gr_name not in users
    )
    return {
        "private": 0,
        "another's": next(groups[name].gr_gid for name in users if name != "root" and name in groups),
        "unlisted": next(unlisted),
        "unknown": STRANGER,
    }[kind]


@AS_ROOT
@pytest.mark.parametrize(
    ("kind", "accepted"), [("private", True), ("another's", False), ("unlisted", False), ("unknown", False)]
)
def test_a_group_may_write_where_it_is_the_users_own(kind: str, accepted: bool, project: Path) -> None:
    """Many systems make files so (umask 002), with a group for each user."""
    os.chown(project, -1, group_of(kind))
    project.chmod(0o664)
    if accepted:
        assert stored_for("up", "") == {"region": "eu-west-1"}
    else:
        assert main(["config", "get", "region"]) == 1


@AS_ROOT
def test_an_access_list_may_let_in_anybody(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """setfacl -m u:54321:rw: the group bits of the mode then are the list's mask (acl(5))."""
    os.chown(project, -1, group_of("private"))
    user, users, group, mask, other = 1, 2, 4, 16, 32
    entries = [(user, 6, -1), (users, 6, STRANGER), (group, 4, -1), (mask, 6, -1), (other, 4, -1)]
    packed = b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(project, "system.posix_acl_access", struct.pack("<I", 2) + packed)
    except OSError:  # a file system without access lists: as one that has them shows the file
        project.chmod(0o664)
        monkeypatch.setattr(os, "listxattr", lambda *_, **__: ["system.posix_acl_access"])
    assert main(["config", "get", "region"]) == 1


def test_nobody_can_replace_a_file_of_yours_in_a_sticky_folder(project: Path) -> None:
    for folder in (project.parent, project.parent.parent):
        folder.chmod(0o1777)
    assert stored_for("up", "") == {"region": "eu-west-1"}


def test_what_lies_above_the_home_directory_is_not_examined(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.parent.parent.chmod(0o777)
    monkeypatch.setenv("HOME", str(project.parent))
    (project.parent / "below").mkdir()
    (project.parent / "below" / ".deployer.toml").write_text('region = "eu-west-2"\n')
    monkeypatch.chdir(project.parent / "below")
    assert stored_for("up", "") == {"region": "eu-west-2"}
    (project.parent / "below" / ".deployer.toml").unlink()
    assert stored_for("up", "") == {}  # nor searched: the home directory's own file is nobody's project


def test_the_users_own_file_follows_the_same_rule(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.unlink()
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "deployer" / "config.toml"
    own.write_text('profile = "work"\n')
    assert stored_for("up", "") == {"profile": "work"}
    own.chmod(0o666)
    assert f"chmod go-w {own}" in refusal(capsys)
    assert main(["config", "set", "region", "eu-west-1"]) == 1 and own.read_text() == 'profile = "work"\n'


def socket_at(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path.name)  # relative: such a name has 108 bytes at most


@pytest.mark.parametrize("origin", ["project", "user"])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.mkdir(), "is a directory"),
        (os.mkfifo, "is a FIFO"),
        (socket_at, "is a socket"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: path.symlink_to("gone"), "does not exist, or is a symbolic link to a file that does not"),
        (lambda path: path.symlink_to(path.name), "could not be read: Too many levels of symbolic links"),
        (lambda path: path.write_bytes(b"region = 'eu-west-1'\n" + b"#" * 65536), "is larger than 64 KiB"),
        (lambda path: path.write_bytes(b"# ok\n# \xff\n"), "is not UTF-8 text: byte 8 cannot be decoded"),
        (lambda path: path.write_bytes("region = 'x'".encode("utf-16")), "is not UTF-8 text: byte 1"),
        (lambda path: path.write_text("[default]\nregion = eu-west-1\n"), "is not TOML: Invalid value (at line 2"),
        (lambda path: path.write_text("a = " + "[" * 60000), "is nested too deeply"),
        (lambda path: path.write_text("local-port = 1.5" if "config" in path.name else "region = 1.5"), "neither text"),
        (lambda path: path.write_text(f"database = 0x{'f' * 9000}"), "database is too large"),
        (lambda path: path.write_text('"\\u001b[2J\\nregion" = "x"'), r"'\x1b[2J\nregion' is not a stored default"),
        (lambda path: path.write_text("[[environments]]\na = 1"), "must hold tables under environments"),
    ],
)
def test_what_is_no_file_of_stored_defaults_is_named(
    make: Callable[[Path], object],
    says: str,
    origin: str,
    project: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.unlink()
    own = Path(os.environ["XDG_CONFIG_HOME"]) / "deployer" / "config.toml"
    path = project if origin == "project" else own
    monkeypatch.chdir(path.parent)
    make(path)
    monkeypatch.chdir(project.parent)
    said = refusal(capsys)
    assert f"{path}" in said and says in said


def test_a_folder_that_was_removed_has_no_projects_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project.unlink()
    project.parent.rmdir()
    assert stored_for("up", "") == {}
    assert main(["config", "set", "--project", "region", "eu-west-1"]) == 1
    assert "The current folder does not exist any more." in capsys.readouterr().err


def test_no_projects_file_is_written_where_none_is_wanted(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DEPLOYER_PROJECT_FILE", os.devnull)
    assert main(["config", "set", "--project", "region", "eu-west-2"]) == 2
    assert "unset DEPLOYER_PROJECT_FILE" in capsys.readouterr().err
    monkeypatch.setenv("DEPLOYER_PROJECT_FILE", str(project.with_name("other.toml")))
    assert main(["generate", "-o", "-"]) == 1  # named, so it must exist
    assert main(["config", "set", "--project", "region", "eu-west-2"]) == 0
    assert stored_for("up", "") == {"region": "eu-west-2"}
