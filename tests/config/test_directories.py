"""What is the user's on this computer lies in one folder of the platform's directories."""

from __future__ import annotations

import os
import pwd
import re
import stat
from pathlib import Path

import pytest

from generator import directories
from generator.cli.main import main
from generator.host.ssh import state_directory
from generator.operations import lint_cache
from generator.operations.config.paths import user_path
from generator.sandbox import state

ROOT = Path(directories.__file__).parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("XDG_")] + ["DEPLOYER_SANDBOX_HOME"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="the directories of Linux")
def test_without_a_variable_they_are_the_platforms(home: Path) -> None:
    assert directories.config() == home / ".config" / "deployer"
    assert directories.data() == home / ".local" / "share" / "deployer"
    assert directories.cache() == home / ".cache" / "deployer"
    assert directories.state() == home / ".local" / "state" / "deployer"


@pytest.mark.parametrize("kind", ["config", "data", "cache", "state"])
def test_a_variable_moves_its_kind_and_no_other(kind: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = ("config", "data", "cache", "state")
    before = {each: getattr(directories, each)() for each in kinds}
    monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", str(home / "elsewhere"))
    assert {each: getattr(directories, each)() for each in kinds} == {**before, kind: home / "elsewhere" / "deployer"}
    monkeypatch.setenv(f"XDG_{kind.upper()}_HOME", "relative")  # the specification has such a value ignored
    assert getattr(directories, kind)() == before[kind]


def test_every_file_of_the_user_is_in_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert user_path() == directories.config() / "config.toml"
    assert state.home() == directories.state() / "sandbox"
    assert state_directory() == directories.state() / "ssh"
    assert stat.S_IMODE(directories.state().stat().st_mode) == stat.S_IMODE(state_directory().stat().st_mode) == 0o700
    lint_cache.remember("a template")
    assert list(directories.cache().glob("clean-templates/*"))
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(home / "mine"))
    assert state.home() == home / "mine"


def test_no_other_file_says_which_directory() -> None:
    names = re.compile(r"XDG_(CONFIG|DATA|CACHE|STATE)|APPDATA|\"\.(config|cache|local)\b|platformdirs")
    assert [path.name for path in ROOT.rglob("*.py") if names.search(path.read_text())] == ["directories.py"]


def test_a_user_without_a_home_works_without_stored_defaults(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A container that runs as some number: no HOME, and no such user."""

    def nobody(user_id: int) -> pwd.struct_passwd:
        raise KeyError(user_id)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert main(["config", "get", "stack-name"]) == 0
    assert not lint_cache.known("a template")
    lint_cache.remember("a template")
    capsys.readouterr()
    assert main(["config", "set", "region", "eu-west-1"]) == 1
    assert "The home directory of this user is not known.\n  next: Set HOME to it." in capsys.readouterr().err
