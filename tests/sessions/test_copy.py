"""cp in both directions: by scp to a real sshd, and without SSH through real shells."""

from __future__ import annotations

import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.operations.sessions import stripes
from generator.operations.sessions.copy import Place, read_place, read_request
from tests.sessions import sshd
from tests.sessions.conftest import Deployer, as_support, put
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
        put(f"/_sandbox/instances/{deployer.instance}", {"ports": {"shell": running.port}})
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
def test_exactly_one_side_is_an_instance(words: list[str]) -> None:
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
    sizes = (stripes.SMALLEST_PIECE * 9, 6 * mebibyte, 10 * mebibyte + 1, 100 * mebibyte)
    pieces = {size: (piece := stripes.piece_of(size, 4), -(-size // piece)) for size in sizes}
    assert all(count % 4 == 0 and piece <= stripes.LARGEST_PIECE for piece, count in pieces.values()), pieces
    assert stripes.piece_of(1, 4) == stripes.SMALLEST_PIECE, "no piece is too small to be worth a question"


def test_sessions_carry_a_file_there_and_back(
    deployer: Deployer, host: Host, source: Path, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripes, "SMALLEST_PIECE", 4096)
    up = deployer("cp", "--via", "session", str(source), ":kept")
    assert up.code == 0 and up.out.startswith(sha256(BYTES).hexdigest()), up.err
    assert (there / "kept").read_bytes() == BYTES and [path.name for path in there.iterdir()] == ["kept"]
    assert host.served == 4, "the one that looks carries as well, and one of them compares"
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
    monkeypatch.setattr(stripes, "SMALLEST_PIECE", 4096)
    monkeypatch.setattr(stripes, "LARGEST_PIECE", 4096)  # so that most of the file is still to come at the cut
    noted, cut = stripes.Journal.note, []

    def note(journal: stripes.Journal, offset: int) -> None:
        noted(journal, offset)
        if len(journal.there) == 2 and not cut:
            cut.append(host.cut())

    monkeypatch.setattr(stripes.Journal, "note", note)
    done = deployer("cp", "--via", "session", str(source), ":kept")
    assert done.code == 0 and cut and host.served > 4, done.err
    assert (there / "kept").read_bytes() == BYTES


def test_a_copy_that_broke_off_goes_on_where_it_was(
    deployer: Deployer, host: Host, source: Path, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripes, "LARGEST_PIECE", stripes.SMALLEST_PIECE)
    noted, carried = stripes.Journal.note, []

    def note(journal: stripes.Journal, offset: int) -> None:
        noted(journal, offset)
        carried.append(offset)
        if len(carried) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stripes.Journal, "note", note)
        assert deployer("cp", "--via", "session", "--sessions", "1", str(source), ":kept").code == 130
    carried.clear()
    monkeypatch.setattr(
        stripes.Journal, "note", lambda journal, offset: (noted(journal, offset), carried.append(offset))
    )
    assert deployer("cp", "--via", "session", "--sessions", "1", str(source), ":kept").code == 0
    assert (there / "kept").read_bytes() == BYTES and 0 not in carried


def test_bytes_that_differ_are_not_put_in_place(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "log").write_bytes(BYTES)
    monkeypatch.setattr(stripes, "digest_of", lambda path: "0" * 64)
    done = deployer("cp", "--via", "session", ":log", str(tmp_path / "log"))
    assert done.code == 1 and "differs from its source" in done.err and not (tmp_path / "log").exists()


@pytest.mark.parametrize(("side", "words"), [(":missing", "there is no file"), (":/root/../etc", "there is no file")])
def test_what_the_instance_refuses_is_said(deployer: Deployer, host: Host, side: str, words: str, home: Path) -> None:
    done = deployer("cp", "--via", "session", side, str(home / "x"))
    assert done.code == 1 and words in done.err


def test_a_file_that_is_not_here_costs_no_session(deployer: Deployer) -> None:
    assert deployer("cp", "nowhere", ":x").code == 4


def test_support_copies_through_the_logged_shell_because_ssh_is_not_for_it(
    deployer: Deployer, host: Host, there: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (there / "log").write_bytes(BYTES)
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("cp", ":log", str(tmp_path / "log"), "--output", "json")
    assert done.code == 0 and done.result["via"] == "session", done.err
    assert (tmp_path / "log").read_bytes() == BYTES
