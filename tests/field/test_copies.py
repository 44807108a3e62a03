"""Files that are odd: their names, their size, their holes, their mode. Each arrives as it is, there and back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded import Deployer, Outcome, run
from tests.sandbox_keys import control
from tests.sessions.host import shells


@pytest.fixture
def there(deployer: Deployer, tmp_path: Path) -> Iterator[Path]:
    """Where the shells of the instance begin."""
    (tmp_path / "there").mkdir()
    with shells(tmp_path / "there") as host:
        control("PUT", f"instances/{deployer.outputs['InstanceId']}", {"ports": {"shell": host.port}})
        yield tmp_path / "there"


def plain(path: Path) -> None:
    path.write_bytes(os.urandom(1000))


def hollow(path: Path) -> None:
    with path.open("wb") as out:
        out.write(b"begin")
        out.seek(3_000_000)
        out.write(b"end")


def linked(path: Path) -> None:
    (path.parent / "meant").write_bytes(b"what it leads to")
    path.symlink_to("meant")


def of_mode(mode: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(b"x" * 10)
        path.chmod(mode)

    return make


ODD: dict[str, tuple[str, Callable[[Path], None]]] = {
    "spaces": ("a file with  two spaces", plain),
    "letters": ("Störung 日本語 🙂.txt", plain),
    "quotes": ('it\'s "so" $HOME `id` \\n', plain),
    "an option": ("-rf", plain),
    "empty": ("empty", lambda path: path.touch()),
    "hollow": ("hollow", hollow),
    "a tab": ("a\there", plain),
    "no text": (os.fsdecode(b"\xff\xfe-latin"), plain),
    "long": ("n" * 255, plain),
    "a colon": ("10:30", plain),
    "closed": ("closed", of_mode(0)),
    "read-only": ("read-only", of_mode(0o400)),
    "private": ("private", of_mode(0o600)),
    "a link": ("link", linked),
    "a line end": ("two\nlines", plain),
    "a line end last": ("line\n", plain),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_goes_there_and_back(odd: str, there: Path, tmp_path: Path) -> None:
    name, source, copy = made(odd, tmp_path)
    up = run("cp", "--via", "session", str(source), ":./")
    assert up.code == 0, up.err
    assert (there / name).read_bytes() == source.read_bytes() and not (there / name).is_symlink()
    down = run("cp", "--via", "session", f":./{name}", f"{copy.parent}/")
    assert down.code == 0, down.err
    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_mode == source.stat().st_mode == (there / name).stat().st_mode
    assert not list(there.glob("*.deployer-part")) and not list(copy.parent.glob("*.deployer-part"))


@pytest.mark.parametrize("odd", [odd for odd in ODD if "\\" not in ODD[odd][0]])
def test_it_does_so_over_ssh(odd: str, deployer: Deployer, tmp_path: Path) -> None:
    """To the sandbox's own SSH server. A backslash in an instance's path is scp's to read, and no part of the name."""
    name, source, copy = made(odd, tmp_path)
    for words in ((str(source), ":./"), (f":./{name}", f"{copy.parent}/")):
        done = process("cp", "--via", "ssh", *words)
        assert done.code == 0, done.err
    assert copy.read_bytes() == source.read_bytes() and copy.stat().st_mode == source.stat().st_mode


def made(odd: str, tmp_path: Path) -> tuple[str, Path, Path]:
    """The name, the file made, and where it is to come back."""
    name, make = ODD[odd]
    for each in ("here", "back"):
        (tmp_path / each).mkdir()
    make(tmp_path / "here" / name)
    return name, tmp_path / "here" / name, tmp_path / "back" / name


def process(*argv: str) -> Outcome:
    """A command in a process of its own, with the standard streams that scp needs."""
    command = [sys.executable, "-m", "generator", *argv]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    return Outcome(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))
