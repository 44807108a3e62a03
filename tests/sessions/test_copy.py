"""cp in both directions: by scp to a real sshd, and without SSH through real shells."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.model.copy import Place, read_place, read_request
from generator.operations.sessions import parallel_copy
from generator.operations.sessions.host_shell import HostShell
from tests.embedded import Outcome
from tests.sandbox_keys import control
from tests.sessions import sshd
from tests.sessions.conftest import Deployer, another_instance, as_support, mask, shape, wait_for
from tests.sessions.host import Host, shells
from tests.sessions.sshd import USER

BYTES = os.urandom(300_000) + bytes(range(256)) * 8 + b"\n\r\x03\x04"


@pytest.fixture
def server(deployer: Deployer, tmp_path: Path) -> Iterator[None]:
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "sshd", keys, port):
        yield


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """The directory of the instance's shells."""
    (tmp_path / "there").mkdir()
    return tmp_path / "there"


@pytest.fixture
def host(deployer: Deployer, there: Path) -> Iterator[Host]:
    with shells(there) as running:
        control("PUT", f"instances/{deployer.instance}", {"ports": {"shell": running.port}})
        yield running


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "it's a file").write_bytes(BYTES)
    return tmp_path / "it's a file"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("file", Place("file")),
        ("./a:b", Place("./a:b")),
        (":/tmp/x", Place("/tmp/x", "")),
        ("web-1:", Place(".", "web-1")),
        ("root@web-1:/x:y", Place("/x:y", "web-1", "root")),
    ],
)
def test_a_side_is_here_or_on_an_instance(text: str, place: Place) -> None:
    assert read_place(text) == place


@pytest.mark.parametrize(
    "words", [["a"], ["a", "b"], [":a", ":b"], [":a", "web-1:b", "."], ["a", ":b", ":c"], ["", ":b"], [":a", ""]]
)
def test_a_copy_goes_from_one_place_to_another(words: list[str]) -> None:
    with pytest.raises(UsageError):
        read_request(words)


def test_scp_carries_both_ways_where_ssh_is_to_be_had(
    deployer: Deployer, server: None, source: Path, there: Path, tmp_path: Path
) -> None:
    up = deployer("cp", str(source), f"{USER}@.:{there}/", "--output", "json")
    assert up.code == 0 and up.result["via"] == "ssh", up.err
    down = deployer("cp", "-r", f"{USER}@.:{there}", str(tmp_path / "back"))
    assert down.code == 0 and (tmp_path / "back" / source.name).read_bytes() == BYTES, down.err


def test_no_session_is_idle_while_the_last_pieces_are_carried() -> None:
    mebibyte = 1 << 20
    sizes = (parallel_copy.SMALLEST_PIECE * 9, 6 * mebibyte, 10 * mebibyte + 1, 100 * mebibyte)
    pieces = {size: (piece := parallel_copy.piece_of(size, 4), -(-size // piece)) for size in sizes}
    assert all(count % 4 == 0 and piece <= parallel_copy.LARGEST_PIECE for piece, count in pieces.values()), pieces
    assert parallel_copy.piece_of(1, 4) == parallel_copy.SMALLEST_PIECE, "no piece is too small to be worth a question"


def test_sessions_carry_a_file_there_and_back(
    deployer: Deployer, host: Host, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_copy, "SMALLEST_PIECE", 4096)
    up = deployer("cp", "--via", "session", str(source), ":kept")
    assert up.code == 0 and up.out.startswith(sha256(BYTES).hexdigest()), up.err
    assert (there / "kept").read_bytes() == BYTES and [path.name for path in there.iterdir()] == ["kept"]
    assert host.served == 4, "the one that looks carries as well, and one of them compares"
    assert up.err.count("This session is served by the deployer sandbox.") == 1, "the agent's message, once for all"
    down = deployer("cp", "--via", "session", ":kept", str(tmp_path))
    assert down.code == 0 and (tmp_path / "kept").read_bytes() == BYTES, down.err
    assert not list(tmp_path.glob("*.deployer-part"))


def test_an_empty_file_and_a_directory_as_destination(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    (there / "directory").mkdir()
    assert deployer("cp", "--via", "session", str(tmp_path / "empty"), ":directory").code == 0
    assert (there / "directory" / "empty").read_bytes() == b""


def test_a_session_that_is_lost_is_replaced_and_nothing_is_missing(
    deployer: Deployer, host: Host, source: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_copy, "SMALLEST_PIECE", 4096)
    monkeypatch.setattr(parallel_copy, "LARGEST_PIECE", 4096)  # so that most of the file is still to come at the cut
    noted, cut = parallel_copy.Journal.note, []

    def note(journal: parallel_copy.Journal, offset: int) -> None:
        noted(journal, offset)
        if len(journal.arrived_offsets) == 2 and not cut:
            cut.append(host.cut())

    monkeypatch.setattr(parallel_copy.Journal, "note", note)
    done = deployer("cp", "--via", "session", str(source), ":kept")
    assert done.code == 0 and cut and host.served > 4, done.err
    assert (there / "kept").read_bytes() == BYTES


def test_a_copy_that_broke_off_goes_on_where_it_was(
    deployer: Deployer, host: Host, source: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel_copy, "LARGEST_PIECE", parallel_copy.SMALLEST_PIECE)
    noted, carried = parallel_copy.Journal.note, []

    def note(journal: parallel_copy.Journal, offset: int) -> None:
        noted(journal, offset)
        carried.append(offset)
        if len(carried) == 3:
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(parallel_copy.Journal, "note", note)
        assert deployer("cp", "--via", "session", "--sessions", "1", str(source), ":kept").code == 130
    carried.clear()
    monkeypatch.setattr(
        parallel_copy.Journal, "note", lambda journal, offset: (noted(journal, offset), carried.append(offset))
    )
    assert deployer("cp", "--via", "session", "--sessions", "1", str(source), ":kept").code == 0
    assert (there / "kept").read_bytes() == BYTES and 0 not in carried


def test_bytes_that_differ_are_not_put_in_place(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "log").write_bytes(BYTES)
    monkeypatch.setattr(parallel_copy, "digest_of", lambda path: "0" * 64)
    done = deployer("cp", "--via", "session", ":log", str(tmp_path / "log"))
    assert done.code == 1 and "differs from its source" in done.err and not (tmp_path / "log").exists()


@pytest.mark.parametrize(
    ("side", "code", "words"),
    [
        (":missing", 4, "There is no file missing on the instance."),
        (":dangling", 4, "There is no file dangling on the instance."),
        (":missing/x", 4, "There is no file missing/x on the instance."),
        (":/root/../etc", 1, "/root/../etc on the instance is a directory."),
        (":.", 1, ". on the instance is a directory."),
        (":..", 1, ".. on the instance is a directory."),
        (":/", 1, "/ on the instance is a directory."),
        (":pipe", 1, "pipe on the instance is not a regular file."),
    ],
)
def test_what_is_no_file_of_the_instance_is_called_what_it_is(
    deployer: Deployer, host: Host, side: str, code: int, words: str, home: Path, there: Path
) -> None:
    (there / "dangling").symlink_to("nowhere")
    os.mkfifo(there / "pipe")
    (home / "kept").mkdir()
    done = deployer("cp", "--via", "session", side, str(home / "kept"))
    assert (done.code, f"error: {words}" in done.err) == (code, True), done.err
    assert not list((home / "kept").iterdir())


@pytest.mark.parametrize(
    ("to", "missing"), [(":no/x", "no"), (":no/", "no/"), (":no/deep/x", "no/deep"), (":/no/x", "/no")]
)
def test_the_directory_that_is_missing_is_named(
    deployer: Deployer, host: Host, source: Path, to: str, missing: str
) -> None:
    done = deployer("cp", "--via", "session", str(source), to)
    assert done.code == 1 and f"There is no directory {missing} on the instance." in done.err


def test_a_file_here_whose_name_has_a_colon_is_told_how_it_is_written(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "10:30").write_text("x")
    done = deployer("cp", "--via", "session", "10:30", ":kept")
    assert done.code == 4 and "For the file 10:30 of this computer write: ./10:30" in done.err
    assert deployer("cp", "--via", "session", "./10:30", ":kept").code == 0 and (there / "kept").exists()
    gone = deployer("cp", "--via", "session", "11:30", ":kept")
    assert gone.code == 4 and "of this computer write" not in gone.err


def test_a_file_that_is_not_here_costs_no_session(deployer: Deployer) -> None:
    assert deployer("cp", "nowhere", ":x").code == 4


# Mode, time, links: as scp -p has them, by either route


@dataclass
class Copy:
    """One copy, up or down, by one route; `far` is the instance's directory and `near` one of this computer."""

    deployer: Deployer
    via: str
    upward: bool
    near: Path
    far: Path

    @property
    def source(self) -> Path:
        return (self.near if self.upward else self.far) / "source"

    @property
    def target(self) -> Path:
        return (self.far if self.upward else self.near) / "target"

    def __call__(self, *options: str) -> Outcome:
        user = f"{USER}@." if self.via == "ssh" else ""
        far = f"{user}:{self.far}"
        words = (str(self.source), f"{far}/target") if self.upward else (f"{far}/source", str(self.target))
        return self.deployer("cp", "--via", self.via, *options, *words)


ROUTES = ("ssh up", "ssh down", "session up", "session down")
SESSIONS = pytest.mark.parametrize("copied", ROUTES[2:], indirect=True)


@pytest.fixture(params=ROUTES)
def copied(
    request: pytest.FixtureRequest, deployer: Deployer, server: None, host: Host, there: Path, tmp_path: Path
) -> Copy:
    via, direction = request.param.split()
    (tmp_path / "near").mkdir()
    copy = Copy(deployer, via, direction == "up", tmp_path / "near", there)
    copy.source.write_bytes(b"secret")
    return copy


@pytest.mark.parametrize("mode", [0o600, 0o444, 0o4711])
def test_a_copy_has_the_mode_and_the_time_of_its_source(copied: Copy, mode: int) -> None:
    copied.source.chmod(mode)
    os.utime(copied.source, (1_600_000_000, 1_500_000_000))
    done = copied()
    assert done.code == 0, done.err
    found = copied.target.stat()
    assert (found.st_mode & 0o7777, found.st_mtime) == (mode & 0o777, 1_500_000_000)
    assert copied.target.read_bytes() == b"secret"
    assert sorted(path.name for path in copied.target.parent.iterdir()) == ["target"]


def test_a_file_that_is_there_keeps_its_inode_and_loses_what_its_source_does_not_allow(copied: Copy) -> None:
    copied.target.write_text("older and longer than the new one")
    copied.target.chmod(0o666)
    os.link(copied.target, copied.target.parent.parent / "hard link")
    copied.source.chmod(0o600)
    inode = copied.target.stat().st_ino
    assert copied().code == 0
    found = copied.target.stat()
    assert (found.st_ino, found.st_mode & 0o777, copied.target.read_bytes()) == (inode, 0o600, b"secret")


def test_a_file_that_is_there_runs_as_nobody_else_once_other_bytes_are_in_it(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "program").write_bytes(BYTES)
    (there / "program").chmod(0o755)
    (tmp_path / "program").touch()
    (tmp_path / "program").chmod(0o6755)
    modes, real = list[int](), shutil.copyfileobj
    monkeypatch.setattr(
        shutil, "copyfileobj", lambda *files: (modes.append((tmp_path / "program").stat().st_mode), real(*files))
    )
    assert deployer("cp", "--via", "session", ":program", str(tmp_path)).code == 0 and modes == [0o100755]
    (there / "program").chmod(0o6755)
    assert deployer("cp", "--via", "session", str(tmp_path / "program"), ":.").code == 0
    assert oct((there / "program").stat().st_mode) == oct(0o100755)


@pytest.mark.parametrize("dangling", [False, True])
def test_a_symbolic_link_is_followed_and_stays(copied: Copy, dangling: bool) -> None:
    led_to, original = copied.target.with_name("led to"), copied.source.with_name("original")
    copied.source.rename(original)
    copied.source.symlink_to(original)
    if not dangling:
        led_to.touch()
    copied.target.symlink_to(led_to)
    assert copied().code == 0
    assert copied.target.is_symlink() and led_to.read_bytes() == b"secret"


def test_a_destination_with_a_slash_must_be_a_directory(copied: Copy) -> None:
    copied.source.rename(copied.source.with_name("target"))
    far = f"{USER}@.:{copied.far}" if copied.via == "ssh" else f":{copied.far}"
    words = (str(copied.near / "target"), f"{far}/no/") if copied.upward else (f"{far}/target", f"{copied.near}/no/")
    assert copied.deployer("cp", "--via", copied.via, *words).code != 0
    assert not (copied.target.parent / "no").exists() and not copied.target.exists()


@SESSIONS
def test_what_is_there_and_no_regular_file_is_left_alone(copied: Copy) -> None:
    os.mkfifo(copied.target)
    done = copied()
    assert done.code == 1 and "is not a regular file" in done.err and copied.target.is_fifo()


@SESSIONS
def test_the_part_that_grows_is_private_and_nobody_elses(
    copied: Copy, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = copied.near.parent / "elsewhere"
    elsewhere.touch(0o666)
    claim = parallel_copy.Claim("0123", resumable=True)
    monkeypatch.setattr(parallel_copy, "claimed_id", lambda directory, key: nullcontext(claim))
    part = copied.target.with_name("target.0123.deployer-part")
    part.symlink_to(elsewhere)
    noted, modes = parallel_copy.Journal.note, []

    def note(journal: parallel_copy.Journal, offset: int) -> None:
        modes.append(part.lstat().st_mode)
        noted(journal, offset)

    monkeypatch.setattr(parallel_copy.Journal, "note", note)
    assert copied().code == 0 and modes == [0o100600] and elsewhere.read_bytes() == b""


@SESSIONS
@pytest.mark.parametrize("existing", [False, True])
def test_copies_to_one_target_at_the_same_time_leave_one_of_them_whole(
    copied: Copy, existing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes of their own, two of which are at the very same copy; each one succeeds."""
    if existing:
        copied.target.write_bytes(b"older " * 100_000)
    far = f":{copied.far}"
    contents, started = [], []
    for number in (0, 1, 2, 2):
        source = copied.source.with_name(f"source {number}")
        source.write_bytes(bytes([number]) * (150_000 + 100_000 * number))
        contents.append(source.read_bytes())
        words = (str(source), f"{far}/target") if copied.upward else (f"{far}/{source.name}", str(copied.target))
        started.append(copied.deployer.start("cp", "--via", "session", "--sessions", "1", *words))
    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    assert copied.target.read_bytes() in contents
    left = [path.name for path in copied.target.parent.iterdir() if not path.name.startswith("source")]
    assert left == ["target"]


@SESSIONS
def test_a_name_as_long_as_a_file_may_have_can_be_copied(copied: Copy) -> None:
    name = "ö" * 127
    copied.source.rename(copied.source.with_name(name))
    words = (
        (f"{copied.near}/{name}", f":{copied.far}") if copied.upward else (f":{copied.far}/{name}", str(copied.near))
    )
    done = copied.deployer("cp", "--via", "session", *words)
    assert done.code == 0, done.err
    assert copied.target.with_name(name).read_bytes() == b"secret"


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "bash", "--norc", "-i")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize(
    ("mode", "open_to", "refusal"),
    [
        (0o600, 0o666, "may be read by more people (mode 666) than its source (mode 600)"),
        (0o644, 0o666, ""),
        (0o644, 0o644, "may not be written by the session's user"),
    ],
)
def test_a_file_of_another_user_is_written_unless_more_people_could_read_it(
    deployer: Deployer, source: Path, mode: int, open_to: int, refusal: str
) -> None:
    source.chmod(mode)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        theirs = Path(name) / "theirs"
        theirs.write_text("theirs")
        theirs.chmod(open_to)
        with shells(Path(name), NOBODY) as running:
            control("PUT", f"instances/{deployer.instance}", {"ports": {"shell": running.port}})
            done = deployer("cp", "--via", "session", str(source), ":theirs")
        assert done.code == bool(refusal) and refusal in done.err, done.err
        assert theirs.stat().st_uid == 0 and theirs.stat().st_mode & 0o777 == open_to
        assert theirs.read_bytes() == (b"theirs" if refusal else BYTES)
        assert [path.name for path in Path(name).iterdir()] == ["theirs"]


def test_neither_is_a_file_of_another_user_here(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(handle: int, mode: int) -> None:
        raise PermissionError

    (there / "log").write_bytes(BYTES)
    (there / "log").chmod(0o640)
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "theirs").chmod(0o666)
    monkeypatch.setattr(os, "fchmod", refused)
    done = deployer("cp", "--via", "session", ":log", str(tmp_path / "theirs"))
    assert done.code == 1 and "(mode 666) than its source (mode 640)" in done.err
    assert (tmp_path / "theirs").read_text() == "theirs" and not list(tmp_path.glob("*.deployer-part"))


def test_several_sources_need_a_directory(deployer: Deployer, host: Host, there: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
        (there / name).write_text(name)
    done = deployer("cp", "--via", "session", str(tmp_path / "a"), str(tmp_path / "b"), ":c")
    assert done.code == 1 and "There is no directory c on the instance" in done.err
    done = deployer("cp", "--via", "session", ":a", ":b", str(tmp_path / "c"))
    assert done.code == 1 and f"There is no directory {tmp_path}/c" in done.err
    assert not (there / "c").exists() and not (tmp_path / "c").exists()


def test_a_directory_or_a_pipe_is_no_source(deployer: Deployer, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("pipe", "is not a regular file"), ("", "is a directory")):
        done = deployer("cp", str(tmp_path / name), ":x")
        assert done.code == 2 and what in done.err and "-r" in done.err


# Falling back from SSH: named, and only where no SSH server has answered


FALLBACK = "may be written to the session log"


@pytest.fixture
def no_server(deployer: Deployer, host: Host) -> None:
    deployer.behind(p22=sshd.free_port())


def test_without_an_ssh_server_the_copy_goes_through_sessions_and_says_so(
    deployer: Deployer, no_server: None, source: Path, there: Path
) -> None:
    done = deployer("cp", str(source), ":kept", "--output", "json")
    assert done.code == 0 and done.result["via"] == "session", done.err
    assert "could not be established" in done.result["fallback"] and FALLBACK in done.err
    assert (there / "kept").read_bytes() == BYTES


@pytest.mark.parametrize("program", ["scp", "ssh"])
def test_without_openssh_here_the_copy_goes_through_sessions_and_says_so(
    deployer: Deployer, server: None, host: Host, source: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == program else which(name))
    done = deployer("cp", str(source), ":kept")
    assert done.code == 0 and f"There is no {program} on this computer" in done.err and FALLBACK in done.err


@pytest.mark.parametrize(("via", "far"), [("auto", f"{USER}@.:kept"), ("ssh", ":kept")])
def test_a_named_login_or_route_is_never_replaced(
    deployer: Deployer, no_server: None, host: Host, source: Path, via: str, far: str
) -> None:
    done = deployer("cp", "--via", via, str(source), far)
    assert done.code == 255 and FALLBACK not in done.err and host.served == 0


def test_a_session_cannot_copy_as_another_user(deployer: Deployer, host: Host, source: Path) -> None:
    done = deployer("cp", "--via", "session", str(source), f"{USER}@.:kept")
    assert done.code == 2 and "copies as its own user" in done.err and host.served == 0


def test_a_changed_host_key_ends_the_copy(
    deployer: Deployer, server: None, host: Host, source: Path, tmp_path: Path
) -> None:
    assert deployer("ssh", f"{USER}@.", "true").code == 0
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "impostor", keys, port):
        done = deployer("cp", str(source), ":kept")
    assert done.code == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.err
    assert FALLBACK not in done.err and host.served == 0


def test_a_server_that_does_not_take_the_key_ends_the_copy(
    deployer: Deployer, server: None, host: Host, source: Path
) -> None:
    done = deployer("cp", str(source), ":kept")  # as ec2-user, whom this computer does not have
    assert done.code == 255 and "Permission denied" in done.err and host.served == 0


def test_a_connection_lost_after_the_greeting_ends_the_copy(deployer: Deployer, host: Host, source: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        deployer.behind(p22=server.getsockname()[1])
        threading.Thread(target=_greet_and_go, args=(server,), daemon=True).start()
        done = deployer("cp", str(source), ":kept")
    assert done.code == 255 and FALLBACK not in done.err and host.served == 0


def _greet_and_go(server: socket.socket) -> None:
    connection, _ = server.accept()
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
    connection.close()


@pytest.mark.parametrize("there_already", [False, True])
def test_a_directory_goes_there_and_back_through_sessions(
    there_already: bool, deployer: Deployer, host: Host, there: Path, tmp_path: Path, tree: Path
) -> None:
    if there_already:
        (there / "kept").mkdir()
    up = deployer("cp", "-r", "--via", "session", str(tree), ":kept")
    arrived = there / "kept" / "tree" if there_already else there / "kept"
    assert up.code == 0 and shape(arrived) == shape(tree), up.err
    assert host.served <= 4, "one set of sessions for all of it"
    assert up.out.count(sha256(b"top").hexdigest()) == 2, "a line for each file, the link's too"
    down = deployer("cp", "-r", "--via", "session", f":{arrived.relative_to(there)}", str(tmp_path / "back"))
    assert down.code == 0 and shape(tmp_path / "back") == shape(tree, mask()), down.err
    assert not [*there.rglob("*.deployer-part"), *(tmp_path / "back").rglob("*.deployer-part")]


@pytest.mark.parametrize("mask", [0o000, 0o027, 0o077])
def test_a_directory_has_the_mode_and_the_time_of_its_source(copied: Copy, tree: Path, mask: int) -> None:
    """A directory that is made here is no wider than this user's umask either; a file is as its source."""
    copied.source.unlink()
    shutil.copytree(tree, copied.source)
    wanted = shape(copied.source, 0 if copied.upward else mask)
    before = os.umask(mask)
    try:
        done = copied("-r")
    finally:
        os.umask(before)
    assert done.code == 0 and shape(copied.target) == wanted, done.err


def test_a_directory_that_is_made_is_private_until_all_is_in_it(
    deployer: Deployer, host: Host, there: Path, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, real = set[int](), parallel_copy.send

    async def send(*words: object) -> str:
        seen.update(path.stat().st_mode & 0o777 for path in there.rglob("*") if path.is_dir())
        return await real(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(parallel_copy, "send", send)
    assert deployer("cp", "-r", "--via", "session", str(tree), ":kept").code == 0
    assert seen == {0o700}


@pytest.mark.parametrize(
    ("of_source", "older", "sent", "fetched"),
    [(0o755, 0o700, 0o755, 0o700), (0o700, 0o755, 0o700, 0o700), (0o1777, 0o2750, 0o3777, 0o2750)],
)
def test_a_directory_that_is_there_keeps_what_is_in_it_and_is_no_wider_than_its_source(
    copied: Copy, of_source: int, older: int, sent: int, fetched: int
) -> None:
    if copied.via == "ssh" and not (copied.upward or older == fetched):
        pytest.skip("scp leaves a directory here as wide as it is")
    copied.source.unlink()
    copied.source.mkdir()
    (copied.source / "file").write_text("new")
    copied.source.chmod(of_source)
    os.utime(copied.source, (1_600_000_000, 1_500_000_000))
    target = copied.target / "source"
    target.mkdir(parents=True)
    (target / "more").write_text("stays")
    target.chmod(older)
    assert copied("-r").code == 0
    assert {path.name: path.read_text() for path in target.iterdir()} == {"file": "new", "more": "stays"}
    if copied.via == "ssh" and copied.upward:
        sent &= ~0o2000  # over SSH a directory loses its set-group-ID
    assert oct(target.stat().st_mode & 0o7777) == oct(sent if copied.upward else fetched)
    assert target.stat().st_mtime == 1_500_000_000


@pytest.mark.parametrize("upward", [True, False])
def test_a_directory_that_is_there_is_narrowed_before_anything_is_in_it(
    upward: bool, deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = (tmp_path / "secret", there / "secret") if upward else (there / "secret", tmp_path / "secret")
    for path, mode in ((source, 0o700), (target, 0o777)):
        path.mkdir()
        path.chmod(mode)
    (source / "file").touch()
    name = "send" if upward else "fetch"
    seen, real = list[int](), getattr(parallel_copy, name)

    async def carry(*words: object) -> object:
        seen.append(target.stat().st_mode & 0o777)
        return await real(*words)

    monkeypatch.setattr(parallel_copy, name, carry)
    words = (str(source), ":.") if upward else (":secret", str(tmp_path))
    assert deployer("cp", "-r", "--via", "session", *words).code == 0 and seen == [0o700]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
@pytest.mark.parametrize(("mode", "refused"), [(0o700, True), (0o711, True), (0o755, False), (0o1755, False)])
def test_a_directory_of_another_user_is_no_place_for_what_it_would_open(
    mode: int, refused: bool, deployer: Deployer, tree: Path
) -> None:
    tree.chmod(mode)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        theirs = Path(name) / "tree"
        theirs.mkdir()
        for path in (Path(name), theirs):
            path.chmod(0o777)
        with shells(Path(name), NOBODY) as running:
            control("PUT", f"instances/{deployer.instance}", {"ports": {"shell": running.port}})
            done = deployer("cp", "-r", "--via", "session", str(tree), ":.")
        assert done.code == refused and ("may be read by more people (mode 777)" in done.err) == refused, done.err
        assert (theirs.stat().st_mode & 0o777, (theirs / "top").exists()) == (0o777, not refused)


@pytest.mark.parametrize("upward", [True, False])
def test_what_a_directory_may_not_have_is_named_before_anything_is_written(
    upward: bool, deployer: Deployer, host: Host, there: Path, tmp_path: Path, tree: Path
) -> None:
    root = tree if upward else there / "tree"
    root.mkdir(exist_ok=True)
    os.mkfifo(root / "pipe")
    words = (str(tree), ":kept") if upward else (":tree", str(tmp_path / "kept"))
    done = deployer("cp", "-r", "--via", "session", *words)
    assert done.code in (1, 2) and "pipe" in done.err and "no regular file and no directory" in done.err
    assert not (there / "kept").exists() and not (tmp_path / "kept").exists()


def test_a_link_that_leads_back_ends_it(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, tree: Path
) -> None:
    (tree / "it's" / "loop").symlink_to(tree)
    up = deployer("cp", "-r", "--via", "session", str(tree), ":kept")
    assert up.code == 2 and "leads back to" in up.err and not (there / "kept").exists()
    (there / "far").mkdir()
    (there / "far" / "loop").symlink_to(there / "far")
    down = deployer("cp", "-r", "--via", "session", ":far", str(tmp_path / "kept"))
    assert down.code == 1 and "loop" in down.err and not (tmp_path / "kept").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil"])
def test_an_instance_that_names_a_file_elsewhere_writes_nothing_here(
    name: str, deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "far").mkdir()
    real = HostShell.ask

    async def ask(shell: HostShell, script: str) -> bytes:
        return f"d 755 1 1 \0f 644 1 1 {name}\0".encode() if script.startswith("find") else await real(shell, script)

    monkeypatch.setattr(HostShell, "ask", ask)
    done = deployer("cp", "-r", "--via", "session", ":far", str(tmp_path / "kept"))
    assert done.code == 1 and f"outside the directory that is copied: {name}" in done.err
    assert not (tmp_path / "kept").exists()


def test_a_file_where_a_directory_should_be_is_named(deployer: Deployer, host: Host, there: Path, tree: Path) -> None:
    (there / "kept").mkdir()
    (there / "kept" / "tree").mkdir()
    (there / "kept" / "tree" / "it's").write_text("in the way")
    done = deployer("cp", "-r", "--via", "session", str(tree), ":kept")
    assert done.code == 1 and "it's on the instance is no directory" in done.err
    assert (there / "kept" / "tree" / "it's").read_text() == "in the way"


def test_a_directory_needs_r(deployer: Deployer, host: Host, there: Path, tmp_path: Path) -> None:
    (there / "far").mkdir()
    done = deployer("cp", "--via", "session", ":far", str(tmp_path / "kept"))
    assert done.code == 1 and "far on the instance is a directory" in done.err and "-r" in done.err


# From one instance to another


@pytest.fixture
def second(deployer: Deployer, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another instance, and the directory of its shells."""
    (tmp_path / "second").mkdir()
    with another_instance(deployer) as name, shells(tmp_path / "second") as running:
        control("PUT", f"instances/{name}", {"ports": {"shell": running.port}})
        yield name, tmp_path / "second"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_files_and_directories_go_from_host_to_host_and_nothing_stays_here(
    deployer: Deployer, host: Host, there: Path, second: tuple[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, tree: Path, umask: int,
) -> None:  # fmt: skip
    name, directory = second
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "near"))
    (there / "log").write_bytes(BYTES)
    shutil.copytree(tree, there / "tree")
    before = os.umask(umask)
    try:
        done = deployer("cp", "-r", "--via", "session", ":log", ":tree", f"{name}:.", "--output", "json")
    finally:
        os.umask(before)
    assert done.code == 0 and done.result["target"] == f"{deployer.instance} -> {name}", done.err
    assert (directory / "log").read_bytes() == BYTES and shape(directory / "tree") == shape(there / "tree")
    assert dict(map(tuple, done.result["files"]))["log"] == sha256(BYTES).hexdigest()
    assert not list((tmp_path / "near").glob("deployer-cp-*"))


def test_modes_and_times_go_from_host_to_host_over_ssh_too(
    deployer: Deployer, server: None, second: tuple[str, Path], there: Path, tree: Path
) -> None:
    shutil.copytree(tree, there / "tree")
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / second[0]
    port = sshd.free_port()
    control("PUT", f"instances/{second[0]}", {"ports": {"22": port}})
    with sshd.serve(second[1].parent / "another-sshd", keys, port):
        words = (f"{USER}@.:{there}/tree", f"{USER}@{second[0]}:{second[1]}/kept")
        done = deployer("cp", "-r", "--via", "ssh", *words)
    assert done.code == 0 and shape(second[1] / "kept") == shape(there / "tree", mask()), done.err


def test_a_copy_that_fails_halfway_leaves_nothing_here_either(
    deployer: Deployer, host: Host, there: Path, second: tuple[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (there / "log").write_bytes(BYTES)
    done = deployer("cp", "--via", "session", ":log", f"{second[0]}:nowhere/log")
    assert done.code == 1 and "There is no directory" in done.err
    assert not list(tmp_path.glob("deployer-cp-*"))


def test_two_sources_of_one_name_are_refused(
    deployer: Deployer, host: Host, there: Path, second: tuple[str, Path]
) -> None:
    for name in ("a", "b"):
        (there / name).mkdir()
        (there / name / "log").write_text(name)
    done = deployer("cp", "--via", "session", ":a/log", ":b/log", f"{second[0]}:.")
    assert done.code == 2 and "Two of the sources have one name" in done.err and not list(second[1].iterdir())


def test_within_one_instance_nothing_is_copied(deployer: Deployer) -> None:
    done = deployer("cp", ":a", ":b")
    assert done.code == 2 and "Both sides of this copy are one instance" in done.err


def test_support_may_name_no_login_either(
    deployer: Deployer, host: Host, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("cp", str(source), "root@.:kept")
    assert done.code == 1 and "may not push an SSH key for root" in done.err and host.served == 0


def test_support_copies_through_the_logged_shell_because_ssh_is_not_for_it(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "log").write_bytes(BYTES)
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("cp", ":log", str(tmp_path / "log"), "--output", "json")
    assert done.code == 0 and done.result["via"] == "session", done.err
    assert "may not push an SSH key" in done.result["fallback"] and FALLBACK in done.err
    assert (tmp_path / "log").read_bytes() == BYTES


# A disk that is full


@pytest.fixture
def full(there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Puts a program of that name before the instance's own, which says that the disk is full."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")

    def put(name: str, words: str) -> None:
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\ncase "$*" in *of=*|*-l*) echo "{words}" >&2; exit 1;; esac\n')
        (tmp_path / "bin" / name).chmod(0o755)

    yield put


@pytest.mark.parametrize("words", ["No space left on device", "Disk quota exceeded"])
def test_a_full_disk_of_the_instance_is_left_without_the_part(
    words: str, full: Callable[[str, str], None], deployer: Deployer, host: Host, source: Path, there: Path
) -> None:
    full("dd", f"dd: error writing: {words}")
    done = deployer("cp", "--via", "session", str(source), ":kept")
    assert done.code == 1 and words in done.err and "Free some space on the instance" in done.err, done.err
    assert not list(there.iterdir())


def test_what_is_there_is_not_touched_where_its_disk_has_no_room(
    full: Callable[[str, str], None], deployer: Deployer, host: Host, source: Path, there: Path
) -> None:
    full("fallocate", "fallocate: fallocate failed: No space left on device")
    (there / "kept").write_text("older")
    done = deployer("cp", "--via", "session", str(source), ":kept")
    assert done.code == 1 and "what is there was not touched" in done.err and "Free some space" in done.err, done.err
    assert {path.name: path.read_text() for path in there.iterdir()} == {"kept": "older"}


@pytest.mark.parametrize("moment", ["arriving", "in place"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_here_is_called_that_and_keeps_what_was_there(
    number: int, moment: str, deployer: Deployer, host: Host, there: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    if moment == "arriving":
        monkeypatch.setattr(parallel_copy.Journal, "note", refuse)
    else:
        monkeypatch.setattr(os, "posix_fallocate", refuse)
    (home / "kept").mkdir()
    (home / "kept" / "log").write_text("older")
    (there / "log").write_bytes(BYTES)
    done = deployer("cp", "--via", "session", ":log", str(home / "kept"))
    assert done.code == 1 and f"There is no room for {home}/kept/log" in done.err and "bug" not in done.err, done.err
    assert {path.name: path.read_text() for path in (home / "kept").iterdir()} == {"log": "older"}


def test_a_file_system_that_reserves_nothing_is_no_full_one(
    deployer: Deployer, host: Host, there: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", unknown)
    (home / "log").write_text("older")
    (there / "log").write_bytes(BYTES)
    assert deployer("cp", "--via", "session", ":log", str(home)).code == 0 and (home / "log").read_bytes() == BYTES


# Ended by the user


@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_copy_that_the_user_ends_says_what_has_arrived_and_goes_on(
    upward: bool, number: int, deployer: Deployer, host: Host, there: Path, home: Path
) -> None:
    near, far = home / "log", there / "log"
    (near if upward else far).write_bytes(BYTES * 20)
    words = (str(near), ":log") if upward else (":log", str(near))
    line = ("cp", "--via", "session", "--sessions", "1", *words)
    copying = deployer.start(*line)
    wait_for(lambda: list(home.glob(".local/state/deployer/copies/*.json")), 30)
    copying.send_signal(number)
    _, err = copying.communicate(timeout=30)
    assert copying.returncode == 130 and "open sessions were closed" in err, err
    [part] = [path for path in (there if upward else home).iterdir() if path.name.endswith(".deployer-part")]
    told = re.search(r"([\d,]+) of 6,[\d,]+ bytes have arrived; the same command again goes on with the rest", err)
    assert told and int(told[1].replace(",", "")) > 0 and part.name in err, err
    assert wait_for(lambda: not deployer.live())
    assert deployer(*line).code == 0 and (far if upward else near).read_bytes() == BYTES * 20
    assert not part.exists()


@pytest.mark.parametrize(("code", "told"), [(1, True), (0, False)])
def test_scp_that_is_interrupted_is_told_with_the_code_of_an_interruption(
    code: int, told: bool, deployer: Deployer, server: None, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    (tmp_path / "bin").mkdir()
    script = f"trap 'exit {code}' INT; touch {tmp_path}/started; while :; do sleep 0.1; done"
    (tmp_path / "bin" / "scp").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin" / "scp").chmod(0o755)
    path = f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "generator", "cp", "--via", "ssh", str(source), f"{USER}@.:kept"]
    env = {**os.environ, "PATH": path}
    copying = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True, start_new_session=True)
    wait_for(lambda: (tmp_path / "started").exists(), 30)
    os.killpg(copying.pid, signal.SIGINT)  # as the terminal does
    _, err = copying.communicate(timeout=30)
    assert (copying.returncode, "Ended by Ctrl-C; what scp was writing may be half a file" in err) == (130 * told, told)
