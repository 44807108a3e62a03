"""The command that adds an extra: by the tool that made the environment, from where this program came."""

import json
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from botocore.exceptions import MissingDependencyException

from generator import installation
from generator.errors import NotFound
from generator.gateway.local_errors import from_local_error
from generator.installation import install_command, sign_in_command
from generator.operations import sandbox

MARKS = ("pipx_metadata.json", "uv-receipt.toml", "none")
PIP = [sys.executable, "-m", "pip", "install"]
CLONE = {"url": "file:///home/jo/my%20code/deployer", "dir_info": {}}
WHEEL = {"url": "file:///tmp/deepsql_deployer-0.1.0-py3-none-any.whl", "archive_info": {}}
REPOSITORY = {"url": "https://example.com/deployer.git", "vcs_info": {"vcs": "git", "commit_id": "1"}}


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The modules that are installed: pip alone, until a test adds others."""
    modules = {"pip"}
    monkeypatch.setattr(installation, "has", modules.__contains__)
    return modules


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


@pytest.mark.parametrize(
    ("present", "wanted", "named"),
    [
        ({"psycopg"}, "sandbox", "[database,sandbox]"),
        ({"ministack"}, "database", "[database,sandbox]"),
        ({"ministack"}, "sandbox", "[sandbox]"),
        ({"awscrt"}, "sandbox", "[sandbox]"),
    ],
)
@pytest.mark.parametrize("origin", [CLONE, WHEEL, REPOSITORY, None])
@pytest.mark.parametrize("mark", MARKS)
def test_what_is_there_already_stays(
    present: set[str],
    wanted: str,
    named: str,
    origin: object,
    mark: str,
    there: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    came_from(monkeypatch, origin)
    there |= present
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    words = shlex.split(install_command(wanted))
    assert named in words[-1]
    assert ("botocore[crt]" in words) == (mark == "uv-receipt.toml" and "awscrt" in present)


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("pipx_metadata.json", ["pipx", "inject", "deepsql-deployer", "botocore[crt]"]),
        (
            "uv-receipt.toml",
            [
                "uv",
                "tool",
                "install",
                "--force",
                "--with",
                "botocore[crt]",
                f"deepsql-deployer[sandbox] @ {WHEEL['url']}",
            ],
        ),
        ("none", [*PIP, "botocore[crt]"]),
    ],
)
def test_what_signs_in_is_added_by_the_same_tool(
    mark: str, words: list[str], there: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_from(monkeypatch, WHEEL)
    there.add("ministack")
    (tmp_path / mark).touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert shlex.split(sign_in_command()) == words
    error = from_local_error("sts", "GetCallerIdentity", MissingDependencyException(msg="x"))
    assert error.hint == f"Install it with: {sign_in_command()}"


def test_an_environment_without_pip_is_changed_by_uv(there: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    came_from(monkeypatch, WHEEL)
    there.clear()
    assert install_command("sandbox").startswith(f"uv pip install -p {sys.executable} ")


def test_the_sandbox_says_what_to_type_where_its_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "has", lambda module: module != "ministack")
    with pytest.raises(NotFound) as raised:
        sandbox.start()
    assert raised.value.message == "The sandbox is an extra of this program, and it is not installed."
    assert "[sandbox]" in raised.value.hint and raised.value.hint.startswith("Install it with: ")
