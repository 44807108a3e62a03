"""cp in both directions: by scp to a real sshd, and without SSH through real shells."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
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
from tests.sessions.conftest import Deployer, another_instance, as_support
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


@pytest.mark.parametrize("words", [["a"], ["a", "b"], [":a", ":b"], [":a", "web-1:b", "."], ["a", ":b", ":c"]])
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
            raise KeyboardInterrupt

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


@pytest.mark.parametrize(("side", "words"), [(":missing", "there is no file"), (":/root/../etc", "there is no file")])
def test_what_the_instance_refuses_is_said(deployer: Deployer, host: Host, side: str, words: str, home: Path) -> None:
    done = deployer("cp", "--via", "session", side, str(home / "x"))
    assert done.code == 1 and words in done.err


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
    for name in ("pipe", ""):
        done = deployer("cp", str(tmp_path / name), ":x")
        assert done.code == 2 and "is not a regular file" in done.err and "-r" in done.err


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


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with what a directory may have: levels, an empty one, odd names, modes, a link to a file."""
    root = tmp_path / "near" / "tree"
    (root / "it's" / "deep").mkdir(parents=True)
    (root / "empty").mkdir(mode=0o750)
    (root / "top").write_bytes(b"top")
    (root / "it's" / "-n").write_bytes(BYTES[:5_000])
    (root / "it's" / "deep" / "x y").write_bytes(b"")
    (root / "link").symlink_to("top")
    (root / "it's" / "-n").chmod(0o600)
    (root / "it's").chmod(0o711)
    for number, path in enumerate(path for path in sorted(root.rglob("*")) if path.is_file()):
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    return root


def shape(root: Path) -> dict[str, object]:
    """What is below, by its path: the mode of a directory; mode, time and bytes of a file."""
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        status = path.stat()
        mode = status.st_mode & 0o777
        found[str(path.relative_to(root))] = mode if path.is_dir() else (mode, int(status.st_mtime), path.read_bytes())
    return found


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
    assert down.code == 0 and shape(tmp_path / "back") == shape(tree), down.err
    assert not [*there.rglob("*.deployer-part"), *(tmp_path / "back").rglob("*.deployer-part")]


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


def test_what_is_there_already_stays_and_keeps_its_mode(
    deployer: Deployer, host: Host, there: Path, tree: Path
) -> None:
    (there / "tree" / "it's").mkdir(parents=True)
    (there / "tree" / "it's").chmod(0o755)
    (there / "tree" / "more").write_text("stays")
    assert deployer("cp", "-r", "--via", "session", str(tree), ".:.").code == 0
    assert (there / "tree" / "more").read_text() == "stays" and (there / "tree" / "top").read_bytes() == b"top"
    assert (there / "tree" / "it's").stat().st_mode & 0o777 == 0o755


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
        return f"d 755 \0f 644 {name}\0".encode() if script.startswith("find") else await real(shell, script)

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
    assert done.code == 1 and "there is no file" in done.err


# From one instance to another


@pytest.fixture
def second(deployer: Deployer, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Another instance, and the directory of its shells."""
    (tmp_path / "second").mkdir()
    with another_instance(deployer) as name, shells(tmp_path / "second") as running:
        control("PUT", f"instances/{name}", {"ports": {"shell": running.port}})
        yield name, tmp_path / "second"


def test_files_and_directories_go_from_host_to_host_and_nothing_stays_here(
    deployer: Deployer, host: Host, there: Path, second: tuple[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, tree: Path,
) -> None:  # fmt: skip
    name, directory = second
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "near"))
    (there / "log").write_bytes(BYTES)
    shutil.copytree(tree, there / "tree")
    done = deployer("cp", "-r", "--via", "session", ":log", ":tree", f"{name}:.", "--output", "json")
    assert done.code == 0 and done.result["target"] == f"{deployer.instance} -> {name}", done.err
    assert (directory / "log").read_bytes() == BYTES and shape(directory / "tree") == shape(there / "tree")
    assert dict(map(tuple, done.result["files"]))["log"] == sha256(BYTES).hexdigest()
    assert not list((tmp_path / "near").glob("deployer-cp-*"))


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
