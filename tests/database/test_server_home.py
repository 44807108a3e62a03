"""Where a database server runs: root starts it as another user, who must reach it wherever the package is installed."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import DeployerError
from generator.sandbox.database import process

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a server as another user")


@pytest.fixture(params=[0o022, 0o077], ids=["umask 022", "umask 077"])
def closed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder that only its owner may enter, the process's umask, and no usual place for temporary files in it."""
    before = os.umask(request.param)
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    os.umask(before)


@pytest.fixture
def package(closed: Path) -> Path:
    """A package whose program reads a file beside it and says who runs it."""
    made = closed / "package"
    (made / "bin").mkdir(parents=True)
    (made / "share").mkdir()
    (made / "share" / "text").write_text("read\n")
    (made / "bin" / "latest").symlink_to("program")
    program = made / "bin" / "program"
    program.write_text('#!/bin/sh\ncat "${0%/bin/*}/share/text" && id -un >"$1/who" && id -G >>"$1/who"\n')
    program.chmod(0o755 & ~os.umask(os.umask(0)))
    return made


@AS_ROOT
def test_a_program_in_a_closed_folder_is_run_as_another_user(package: Path) -> None:
    with process.home("deployer-test-") as home:
        asyncio.run(process.run(home, [str(home.readable(package) / "bin" / "latest"), str(home.path)]))
        assert (home.path / "who").read_text().split()[0] == "nobody"
        assert "0" not in (home.path / "who").read_text().split()[1:], "root's own group went along"
        asyncio.run(process.run(home, ["/bin/sh", "-c", 'rm -rf "$0"/*', str(home.path)]))
        assert not any(home.path.iterdir()), "its own user could not remove it"


@AS_ROOT
def test_one_closed_file_in_an_open_folder_is_enough_to_copy_it() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        package = Path(name)
        package.chmod(0o755)
        (package / "text").write_text("")
        (package / "text").chmod(0o644)
        with process.home("deployer-test-") as home:
            assert home.readable(package) == package
            (package / "text").chmod(0o600)
            assert home.readable(package) == home.path / "programs" / package.name


@AS_ROOT
def test_a_closed_place_for_temporary_files_is_passed_over(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(closed))
    with process.home("deployer-test-") as home:
        assert closed not in home.path.parents
    monkeypatch.setattr(process, "_TEMPORARY", ())
    with pytest.raises(DeployerError, match=f"cannot enter any of: {closed}"), process.home("deployer-test-"):
        pass
