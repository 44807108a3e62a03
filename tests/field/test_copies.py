"""Files that are odd: their names, their size, their holes, their mode. Each arrives as it is, there and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.embedded import Deployer, run
from tests.sandbox_keys import control
from tests.sessions.host import shells


@pytest.fixture
def there(deployer: Deployer, tmp_path: Path) -> Iterator[Path]:
    """Where the shells of the instance begin."""
    (tmp_path / "there").mkdir()
    with shells(tmp_path / "there") as host:
        control("PUT", f"instances/{deployer.outputs['InstanceId']}", {"ports": {"shell": host.port}})
        yield tmp_path / "there"
        control("DELETE", "instances/x")


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
    "read-only": ("read-only", of_mode(0o400)),
    "private": ("private", of_mode(0o600)),
    "a link": ("link", linked),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_file_goes_there_and_back(odd: str, there: Path, tmp_path: Path) -> None:
    name, make = ODD[odd]
    here, back = tmp_path / "here", tmp_path / "back"
    here.mkdir()
    back.mkdir()
    source = here / name
    make(source)
    up = run("cp", "--via", "session", str(source), ":./")
    assert up.code == 0, up.err
    assert (there / name).read_bytes() == source.read_bytes() and not (there / name).is_symlink()
    down = run("cp", "--via", "session", f":./{name}", f"{back}/")
    assert down.code == 0, down.err
    copy = back / name
    assert copy.read_bytes() == source.read_bytes()
    assert copy.stat().st_mode == source.stat().st_mode == (there / name).stat().st_mode
    assert not list(there.glob("*.deployer-part")) and not list(back.glob("*.deployer-part"))
