"""Stored defaults: what is in force and why, files edited without losing a line, and values that reach a command."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import pytest
import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.main import main
from generator.errors import DeployerError, NotFound, UsageError
from generator.model.config import KEYS, Origin
from generator.model.parameter_options import PARAMETERS
from generator.operations.config.files import ConfigFile, read
from generator.operations.config.resolve import chosen_environment, explain, settings, stored_for
from generator.sandbox.state import SandboxState, environment

PROJECT = ConfigFile(Path("p"), Origin.PROJECT, {"region": "eu-west-1"}, {"prod": {"database": "main"}})
USER = ConfigFile(
    Path("u"),
    Origin.USER,
    {"region": "eu-west-2", "profile": "work"},
    {"prod": {"region": "us-east-1", "database": "old"}},
)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home and a project of one's own, and no variable that says anything."""
    for key in KEYS.values():
        for variable in key.variables:
            monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv("DEPLOYER_ENV", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_CONFIG_FILE", raising=False)
    (tmp_path / "project" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "below")
    return tmp_path


@pytest.mark.parametrize(
    ("key", "environment", "variables", "expected"),
    [
        ("region", "", {"AWS_REGION": "ap-south-1"}, ("ap-south-1", Origin.ENVIRONMENT, "AWS_REGION")),
        ("region", "prod", {}, ("us-east-1", Origin.USER, "u [prod]")),
        ("region", "", {}, ("eu-west-1", Origin.PROJECT, "p")),
        ("database", "prod", {}, ("main", Origin.PROJECT, "p [prod]")),
        ("profile", "prod", {}, ("work", Origin.USER, "u")),
        ("profile", "", {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, (None, Origin.ENVIRONMENT, "AWS_ACCESS_KEY_ID")),
        ("local-port", "", {}, (56789, Origin.DEFAULT, "")),
    ],
)
def test_the_stronger_place_wins_and_is_named(
    key: str, environment: str, variables: dict[str, str], expected: tuple[object, ...]
) -> None:
    found = explain(KEYS[key], environment, [PROJECT, USER], variables)
    assert (found.value, found.origin, found.place) == expected


Place = tuple[str | None, str | None, str]
Refusal = str
SHELL = {
    "AWS_REGION": "ap-south-1",
    "AWS_PROFILE": "shell",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "DEPLOYER_STACK_NAME": "shells",
}


@pytest.mark.parametrize(
    ("key", "typed", "expected"),
    [
        ("region", True, "us-east-1"),
        ("region", False, "ap-south-1"),
        ("profile", True, "shell"),  # that environment names none
    ],
)
def test_an_environment_that_was_typed_wins_over_the_shell_in_what_it_names(
    key: str, typed: bool, expected: str
) -> None:
    assert explain(KEYS[key], "prod", [PROJECT, USER], SHELL, typed=typed).value == expected


def place_of(*argv: str) -> Place | Refusal:
    """Where a command works that is typed so: profile, region and stack; or the refusal and what to do."""
    seen: list[Invocation] = []
    app = typer.Typer()

    @command(app, "look")
    def look(call: Invocation) -> CommandResult:
        """Look."""
        seen.append(call)
        return CommandResult({})

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = app(args=list(argv), standalone_mode=False)
    if not seen:
        assert code == 2, said.getvalue()
        return said.getvalue()
    [call] = seen
    return call.profile, call.region, call.stack_name


@pytest.mark.parametrize(
    ("argv", "place"),
    [
        (("--env", "e"), ("theirs", "eu-north-1", "second")),
        (("--env", "e", "--region", "sa-east-1"), ("theirs", "sa-east-1", "second")),
        (("--env", "e", "--profile", "p", "--stack-name", "s"), ("p", "eu-north-1", "s")),
        ((), (None, None, "shells")),
    ],
)
def test_the_place_of_a_typed_environment_is_whole(
    argv: tuple[str, ...], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in (("profile", "theirs"), ("region", "eu-north-1"), ("stack-name", "second")):
        assert main(["config", "set", "--env", "e", key, value]) == 0
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    assert place_of(*argv) == place


STACK = {"stack-name": "second"}
REGION = STACK | {"region": "eu-north-1"}
WHO = STACK | {"profile": "theirs"}
KEYS_ALONE, SHELLS_REGION = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}, {"AWS_REGION": "ap-south-1"}
PAIRS: list[tuple[dict[str, str], dict[str, str], tuple[str, ...], Place | tuple[str, ...]]] = [
    (REGION, {"AWS_PROFILE": "mine"}, (), ("names no profile", "AWS_PROFILE names mine", "--profile mine")),
    (STACK, {"AWS_DEFAULT_PROFILE": "mine"}, (), ("AWS_DEFAULT_PROFILE names mine", "set --env e profile mine")),
    (REGION, {"AWS_PROFILE": "mine"}, ("--profile", "p"), ("p", "eu-north-1", "second")),
    (WHO, {"AWS_PROFILE": "mine"}, (), ("theirs", None, "second")),
    (REGION, KEYS_ALONE, (), (None, "eu-north-1", "second")),
    (REGION, SHELLS_REGION, (), (None, "eu-north-1", "second")),
    (REGION, {"AWS_DEFAULT_REGION": "ap-south-1"}, ("--region", "sa-east-1"), (None, "sa-east-1", "second")),
    (WHO, SHELLS_REGION, (), ("theirs", "us-west-2", "second")),
    (WHO, {"AWS_DEFAULT_REGION": "ap-south-1"}, (), ("theirs", "us-west-2", "second")),
    (WHO, SHELLS_REGION, ("--region", "sa-east-1"), ("theirs", "sa-east-1", "second")),
    (WHO, SHELLS_REGION, ("--profile", "p"), ("p", None, "second")),
    (STACK | {"profile": "nowhere"}, SHELLS_REGION, (), ("nowhere", None, "second")),
]


@pytest.mark.parametrize(("named", "shell", "beside", "expected"), PAIRS)
def test_what_a_typed_environment_leaves_open_is_not_filled_in_by_the_shell_in_silence(
    named: dict[str, str],
    shell: dict[str, str],
    beside: tuple[str, ...],
    expected: tuple[str | None, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A profile's own region is the environment's; keys name nobody, and may be all that there is."""
    (tmp_path / "aws").write_text("[profile theirs]\nregion = us-west-2\n[profile nowhere]\n")
    for key, value in named.items():
        assert main(["config", "set", "--env", "e", key, value]) == 0
    for name, value in ({"AWS_CONFIG_FILE": str(tmp_path / "aws")} | shell).items():
        monkeypatch.setenv(name, value)
    place = place_of("--env", "e", *beside)
    if isinstance(place, str):
        assert all(str(words) in place for words in ("stored environment e", *expected)), place
    else:
        assert place == expected
        shown = {setting.key: setting.value for setting in settings("e")}
        assert beside or shown["region"] == (place[1] or shell.get("AWS_REGION"))


IN_THE_SANDBOX: list[tuple[dict[str, str], tuple[str, ...], Place | tuple[str, ...]]] = [
    (REGION, (), ("names the region eu-north-1", "point to the sandbox", "AWS_REGION=us-east-1", "env --unset")),
    (WHO, (), ("names the profile theirs", "point to the sandbox", "http://127.0.0.1:1")),
    (WHO, ("--region", "us-east-1"), ("names the profile theirs",)),
    (WHO, ("--profile", "vendor"), ("vendor", None, "second")),
    (REGION, ("--region", "us-east-1"), (None, "us-east-1", "second")),
    (REGION, ("--profile", "vendor"), ("names the region eu-north-1",)),
    (STACK | {"region": "us-east-1"}, (), (None, "us-east-1", "second")),
    (STACK, (), (None, None, "second")),
]


@pytest.mark.parametrize(("named", "beside", "expected"), IN_THE_SANDBOX)
def test_an_environment_of_another_place_is_refused_in_a_shell_that_points_to_the_sandbox(
    named: dict[str, str],
    beside: tuple[str, ...],
    expected: tuple[str | None, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path / "sandbox"))
    for key, value in named.items():
        assert main(["config", "set", "--env", "e", key, value]) == 0
    for name, value in environment(SandboxState(1, 1, str(tmp_path / "sandbox"), "ab" * 16)).items():
        monkeypatch.setenv(name, value)
    place = place_of("--env", "e", *beside)
    if isinstance(place, str):
        assert all(str(words) in place for words in ("stored environment e", *expected)), place
    else:
        assert place == expected


def test_the_option_for_the_sandbox_beside_an_environment_takes_its_region_and_refuses_its_profile() -> None:
    for key, value in REGION.items():
        assert main(["config", "set", "--env", "e", key, value]) == 0
    assert stored_for("status", "e", sandbox=True) == {"region": "eu-north-1", "stack_name": "second"}
    assert main(["config", "set", "--env", "e", "profile", "theirs"]) == 0
    with pytest.raises(UsageError, match="names the profile theirs and the region eu-north-1, and --sandbox"):
        stored_for("status", "e", sandbox=True)


def test_the_environment_is_chosen_by_option_variable_or_file_and_must_exist() -> None:
    choosing = ConfigFile(Path("c"), Origin.USER, {"environment": "prod"}, {"prod": {}, "test": {}})
    assert chosen_environment("test", [choosing], {"DEPLOYER_ENV": "prod"}) == "test"
    assert chosen_environment("", [choosing], {"DEPLOYER_ENV": "test"}) == "test"
    assert chosen_environment("", [choosing], {}) == "prod"
    assert chosen_environment("", [USER], {}) == ""
    with pytest.raises(NotFound, match="nope"):
        chosen_environment("nope", [choosing], {})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("region = ", "is not TOML: Invalid value"),
        ('\ufeffregion = "eu-west-1"', "begins with a byte order mark, which TOML has not."),
        ("colour = 'red'", "colour is not a stored default"),
        ("permission = 'x'", "permission cannot be"),
        ("[environments]\nprod = 1", "must hold tables"),
        ("local-port = 70000", "local-port cannot be"),
    ],
)
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "c.toml").write_text(content)
    with pytest.raises(DeployerError, match=says) as refused:
        read(tmp_path / "c.toml", Origin.USER)
    assert "c.toml" in refused.value.message


@pytest.mark.parametrize("name", sorted({*KEYS, "environment"} - {"region", "stack-name", "database", "dbname"}))
def test_a_projects_file_names_things_in_the_account_and_nothing_else(
    name: str, folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may come with somebody's repository: no credentials, level, program, port, host or authority from there."""
    values = {
        "permission": "r",
        "local-port": "1",
        "client": "psql",
        "own": "o-abcdefghij",
        "trusted-keys": "/k",
        "signing-key": "/k",
    }
    value = values.get(name, "mine")
    assert main(["config", "set", "--project", name, value]) == 2
    assert f"and not {name}" in capsys.readouterr().err
    (folders / "project" / ".deployer.toml").write_text(f'[environments.prod]\n{name} = "{value}"\n')
    with pytest.raises(DeployerError, match=f"may not set {name}|{name} is not a stored default") as refused:
        stored_for("db connect", "")
    assert f"deployer config unset --project --env prod {name}" in refused.value.hint
    (folders / "project" / ".deployer.toml").write_text(f'{name} = "{value}"\n')
    assert main(["generate", "-o", "-"]) == 1
    assert f"a project's file may not set {name}." in capsys.readouterr().err
    assert main(["config", "unset", "--project", name]) == 0  # as the hint says
    assert stored_for("db connect", "") == {}


def envelope(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_set_get_list_unset_from_the_command_line(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "get", "region"]) == 4
    assert main(["config", "set", "region", "eu-west-1"]) == 0
    assert main(["config", "set", "--env", "prod", "region", "us-east-1"]) == 0
    assert main(["config", "set", "--project", "region", "eu-north-1"]) == 0
    capsys.readouterr()
    for argv, value in (([], "eu-north-1\n"), (["--env", "prod"], "us-east-1\n")):
        assert main(["config", "get", "region", *argv]) == 0
        assert capsys.readouterr().out == value
    assert main(["config", "unset", "--project", "region"]) == 0
    capsys.readouterr()
    assert main(["config", "list", "--output", "json"]) == 0
    _, file = envelope(capsys)["result"]  # type: ignore[misc]
    assert file["values"] == {"region": "eu-west-1"}
    assert file["environments"] == {"prod": {"region": "us-east-1"}}


@pytest.mark.parametrize("argv", [["set", "colour", "red"], ["set", "region", "Frankfurt"], ["set", "local-port", "x"]])
def test_wrong_names_and_values_are_usage_errors(argv: list[str]) -> None:
    assert main(["config", *argv]) == 2


def seen(app_argv: list[str]) -> Invocation:
    """What a command of the name `db connect` is given."""
    app, group, caught = typer.Typer(), typer.Typer(name="db"), []

    @command(group, "connect")
    def connect(call: Invocation, local_port: int = 1, permission: str = "r") -> CommandResult:
        caught.append((call, local_port, permission))
        return CommandResult({}, [])

    @command(group, "other")
    def other(call: Invocation, local_port: int = 1) -> CommandResult:
        caught.append((call, local_port, ""))
        return CommandResult({}, [])

    app.add_typer(group)
    app(args=app_argv, standalone_mode=False)
    return caught[0]  # type: ignore[return-value]


def test_stored_values_reach_a_command_and_options_win(monkeypatch: pytest.MonkeyPatch) -> None:
    for pair in (["stack-name", "mine"], ["region", "eu-west-1"], ["local-port", "5000"], ["permission", "w"]):
        assert main(["config", "set", *pair]) == 0
    call, port, permission = seen(["db", "connect"])  # type: ignore[misc]
    assert (call.stack_name, call.region, port, permission) == ("mine", "eu-west-1", 5000, "w")
    call, port, _ = seen(["db", "connect", "--stack-name", "deepsql-selfhost", "--local-port", "1"])  # type: ignore[misc]
    assert (call.stack_name, port) == ("deepsql-selfhost", 1)
    assert seen(["db", "other"])[1] == 1  # type: ignore[index]
    monkeypatch.setenv("DEPLOYER_STACK_NAME", "by-variable")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    call, *_ = seen(["db", "connect"])  # type: ignore[misc]
    assert (call.stack_name, call.region) == ("by-variable", None)


def test_no_key_collides_with_a_template_parameters_option() -> None:
    everywhere = {key.parameter for key in KEYS.values() if not key.commands}
    assert not everywhere & {parameter.snake for parameter in PARAMETERS.values()}


def test_a_key_says_what_it_may_be() -> None:
    with pytest.raises(UsageError, match="r, w or o"):
        KEYS["permission"].parse("admin")


def test_a_port_outside_the_range_is_refused_with_the_range(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "set", "local-port", "99999"]) == 2
    assert "0 to 65535" in capsys.readouterr().err


def test_a_wrong_value_is_answered_with_what_it_may_be(folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folders / "project" / ".deployer.toml").write_text("region = 'Frankfurt'\n")
    assert main(["config", "list"]) == 1
    said = capsys.readouterr().err
    assert "Fix that line in the file. Give a region, like eu-west-1." in said


@pytest.mark.parametrize("options", [["--project"], ["--env", "prod"], ["--project", "--env", "prod"]])
def test_unset_names_the_other_file_that_has_the_value(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "unset", "region"]) == 0
    assert main(["config", "set", *options, "region", "eu-west-1"]) == 0
    assert main(["config", "unset", "region"]) == 4
    assert f"deployer config unset {' '.join(options)} region" in capsys.readouterr().err
    assert main(["config", "unset", *options, "region"]) == 0
    assert main(["config", "get", "region"]) == 4
