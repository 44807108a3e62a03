"""The command that adds an extra: by the tool that made the environment, from where this program came."""

import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from generator import installation
from generator.errors import NotFound
from generator.installation import install_command
from generator.operations import sandbox

PIP = [sys.executable, "-m", "pip", "install"]
CLONE = {"url": "file:///home/jo/my%20code/deployer", "dir_info": {}}
WHEEL = {"url": "file:///tmp/deepsql_deployer-0.1.0-py3-none-any.whl", "archive_info": {}}
REPOSITORY = {"url": "https://example.com/deployer.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}


def came_from(monkeypatch: pytest.MonkeyPatch, origin: object) -> None:
    text = None if origin is None else json.dumps(origin)
    found = SimpleNamespace(read_text=lambda name: text)
    monkeypatch.setattr(installation.importlib.metadata, "distribution", lambda name: found)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (CLONE, ["/home/jo/my code/deployer[sandbox]"]),
        ({**CLONE, "dir_info": {"editable": True}}, ["--editable", "/home/jo/my code/deployer[sandbox]"]),
        (WHEEL, [f"deepsql-deployer[sandbox] @ {WHEEL['url']}"]),
        (REPOSITORY, ["deepsql-deployer[sandbox] @ git+https://example.com/deployer.git"]),
        (None, ["deepsql-deployer[sandbox]"]),
    ],
)
def test_it_comes_from_where_this_program_came_from(
    origin: object, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    came_from(monkeypatch, origin)
    assert shlex.split(install_command("sandbox")) == [*PIP, *words]


@pytest.mark.parametrize(
    ("mark", "words"),
    [("pipx_metadata.json", "pipx install --force"), ("uv-receipt.toml", "uv tool install --force")],
)
def test_the_tool_that_made_the_environment_changes_it(
    mark: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_from(monkeypatch, WHEEL)
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert install_command("database").startswith(f"{words} 'deepsql-deployer[database] @ ")


def test_an_environment_without_pip_is_changed_by_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    came_from(monkeypatch, WHEEL)
    monkeypatch.setattr(installation, "has", lambda module: False)
    assert install_command("sandbox").startswith(f"uv pip install -p {sys.executable} ")


def test_the_sandbox_says_what_to_type_where_its_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "has", lambda module: module != "ministack")
    with pytest.raises(NotFound) as raised:
        sandbox.start()
    assert raised.value.message == "The sandbox is an extra of this program, and it is not installed."
    assert "[sandbox]" in raised.value.hint and raised.value.hint.startswith("Install it with: ")
