"""The mistakes people make at the command line: one sentence, a next step, exit 2, nothing asked of AWS."""

import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from typer.main import get_command

from generator import __version__
from generator.cli.app import app
from generator.cli.command import execute
from generator.cli.index import GROUP_SYNONYMS, SYNONYMS
from generator.cli.invocation import Invocation
from generator.cli.main import main
from generator.errors import DeployerError
from generator.model.contract import GRANT_PARAMETERS
from generator.model.parameter_options import option, snake
from tests.embedded import run


def envelope(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ups"]) == 2
    shown = capsys.readouterr().err
    assert "error: No such command 'ups'" in shown and "next: See: deployer --help" in shown


@pytest.mark.parametrize(
    ("line", "ours"),
    [
        ("cb --location app", "the database is named without an option: deployer cb NAME"),
        ("connect-bastion --localport 1", "--local-port"),
        ("cb --awsprofile dev", "--profile"),
        ("up --awsprofile dev", "--profile"),
        ("db connect --legacydbuser depot_iam_reader", "--user"),
        ("connect --target i-1", "the instance is named without an option: deployer connect TARGET"),
        ("connect --document-name d", "--document"),
        ("connect --parameters command=df", "--parameter NAME=VALUE, each with an option of its own"),
        ("engineers up --allowed-ports 8080", "--ports"),
    ],
)
def test_an_option_of_another_program_is_answered_with_ours(
    line: str, ours: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    shown = capsys.readouterr().err
    assert f"error: No such option: {line.split()[-2]}.\n  next: Here it is: {ours}\n" == shown


def test_usage_errors_speak_the_envelope_when_json_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--volume-size-gib", "many", "--output", "json"]) == 2
    answer = envelope(capsys)
    assert (answer["version"], answer["ok"], answer["result"]) == (1, False, None)
    assert answer["error"]["code"] == "usage"  # type: ignore[index]


@pytest.mark.parametrize(
    "argv", [["--admin-password", "hunter2hunter2"], ["--parameter", "AdminPassword=hunter2hunter2"]]
)
def test_a_password_in_argv_is_refused_and_not_repeated(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", *argv]) == 2
    shown = capsys.readouterr()
    assert "may not be given on the command line" in shown.err and "--admin-password-file" in shown.err
    assert "hunter2" not in shown.err + shown.out


GRANT_VALUES = {
    "VendorAccounts": ["444455556666", ""],
    "VendorPrincipals": [
        "arn:aws:iam::444455556666:role/support",
        "arn:aws:iam::444455556666:role/*",
        "arn:aws-cn:iam::444455556666:user/a",
        "arn:aws-us-gov:iam::444455556666:*",
        "arn:aws:iam::444455556666:role/support,",
        "arn:aws:iam::*:root",
        "*",
        "?",
        "",
    ],
    "SupportAccessUntil": ["", "2030-01-01T00:00:00Z"],
    "SupportAccessReason": ["", "TICKET-1"],
    "SupportAccessVia": ["all", "secret", "role"],
    "SupportSessionsNotBefore": ["", "2026-01-01T00:00:00Z"],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in GRANT_VALUES.items() for value in values])
def test_up_refuses_what_only_access_may_change_in_every_spelling(
    key: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", Mock(side_effect=AssertionError("AWS was asked")))
    verb = "access pause" if key == "SupportSessionsNotBefore" else "access grant"
    spellings = [[option(key), value], [f"{option(key)}={value}"]]
    spellings += [["--parameter", f"{key}={value}"], [f"--parameter={key}={value}"]]
    place = ["--vpc-id", "vpc-1", "--subnet-id", "subnet-1", "--admin-email", "a@example.com"]
    for spelling in spellings:
        for more in ([], ["--plan"], ["--yes", "--support-user=yes"], [*place, "--yes"]):
            assert main(["up", *spelling, *more]) == 2, (spelling, more)
            said = capsys.readouterr().err
            assert f"{option(key)} ({key}) is not for up" in said and f"deployer {verb}" in said


def test_every_parameter_of_the_grant_is_refused_and_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(GRANT_VALUES) == {str(key) for key in GRANT_PARAMETERS}
    assert main(["up", "--help"]) == 0
    shown = capsys.readouterr().out
    assert not [key for key in GRANT_VALUES if option(key) in shown]


def test_no_stored_default_sets_a_parameter_of_the_grant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for key in GRANT_PARAMETERS:
        for name in (option(key).removeprefix("--"), snake(key), str(key)):
            (tmp_path / ".deployer.toml").write_text(f'{name} = "x"\n')
            assert main(["up"]) == 1 and f"{name} is not a stored default" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "says"), [(("--all", "--principal", "x"), "cannot be used together"), ((), "not clear whose access")]
)
def test_a_revocation_is_of_somebody_or_of_all(
    argv: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["access", "revoke", *argv]) == 2
    assert says in capsys.readouterr().err


def test_support_user_takes_yes_or_no(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--support-user=maybe"]) == 2
    assert "'yes'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["--parameter", "VpcId"], "--parameter takes KEY=VALUE."),
        (["--vpc-id", "vpc-1", "--parameter", "VpcId=vpc-2"], "VpcId is given twice"),
        (["--admin-password-file", "/nonexistent/file"], "could not be read"),
    ],
)
def test_parameters_are_checked_before_anything_is_asked(
    argv: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up", *argv]) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("argv", [[], ["access"], ["db"]])
def test_a_group_alone_shows_its_help_and_no_error(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Usage: deployer") and "error:" not in shown


def test_a_common_option_before_the_command_is_sent_behind_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--region", "eu-west-1", "status"]) == 2
    assert "next: Write it after the command: deployer COMMAND --region" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("access grant --output=json --nope", "access grant"),
        ("up --output json --vpc-id", "up"),  # which the parser refuses before it knows for which command
        ("vendor check --output=json --secret-id", "vendor check"),
        ("sessions en x --output=json", "sessions"),
        ("nope --output=json", ""),
    ],
)
def test_a_usage_error_names_the_command_and_sends_to_its_help(
    typed: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) == 2
    answer = envelope(capsys)
    assert answer["command"] == command
    assert answer["error"]["hint"].splitlines()[-1] == f"See: {f'deployer {command}'.strip()} --help"  # type: ignore[index]


@pytest.mark.parametrize("typed", ["-h", "help", "up -h", "help up", "access grant -h", "help access grant"])
def test_help_is_asked_for_as_elsewhere(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed.split()) == 0
    shown = capsys.readouterr().out
    words = [word for word in typed.split() if word not in ("-h", "help")]
    assert main([*words, "--help"]) == 0
    assert shown == capsys.readouterr().out
    assert "Usage: deployer" in shown


def test_help_on_what_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", "ups"]) == 2
    assert "No such command 'ups'" in capsys.readouterr().err


def test_the_version_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    shown = capsys.readouterr().out
    assert main(["--version"]) == 0
    assert shown == capsys.readouterr().out


@pytest.mark.parametrize("line", ["generate --target i-1", "status --location app", "access show --parameters a=1"])
def test_it_is_not_answered_where_the_command_has_nothing_of_the_kind(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 2
    assert "Here it is" not in capsys.readouterr().err


@pytest.mark.parametrize("name", SYNONYMS)
def test_a_word_of_other_tools_leads_to_the_command_here(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name]) == 2
    shown = capsys.readouterr().err
    assert f"deployer {SYNONYMS[name][0]}" in shown
    assert "Did you mean" not in shown
    for command in SYNONYMS[name]:
        words = [word for word in command.split() if not word.startswith("-") and not word.isdigit()]
        assert main([*words, "--help"]) == 0
        options = [word for word in command.split() if word.startswith("-")]
        assert all(option in capsys.readouterr().out for option in options)


@pytest.mark.parametrize(
    ("group", "word"), [(group, word) for group, words in GROUP_SYNONYMS.items() for word in words]
)
def test_within_a_group_too(group: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    meant = f"{group} {GROUP_SYNONYMS[group][word]}"
    assert main([group, word]) == 2
    shown = capsys.readouterr().err
    assert f"error: No such command '{word}'.\n  next: Perhaps: deployer {meant}; " in shown
    assert main([*meant.split(" &&")[0].split(), "--help"]) == 0


@pytest.mark.parametrize(("typed", "meant"), [("Up", "up"), ("ACCESS show", "access"), ("access SHOW", "access show")])
def test_a_command_in_capitals_leads_to_it(typed: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(typed.split()) == 2
    assert f"next: Perhaps: deployer {meant}; " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("up --dry-run", "Here it is: --plan"),
        ("status --json", "Here it is: --output json"),
        ("events --tail", "Here it is: --follow"),
        ("connect --port 5432", "Here it is: -L PORT"),
        ("access grant --role x", "Here it is: --principal ARN"),
        ("lint --dry-run", "See: deployer lint --help"),  # which has no --plan
        ("status --role x", "See: deployer status --help"),
    ],
)
def test_an_option_of_other_tools_is_answered_where_the_command_has_ours(
    typed: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed.split()) == 2
    assert capsys.readouterr().err.splitlines()[-1] == f"  next: {hint}"


@pytest.mark.parametrize("answer", ["No", "NO", "no"])
def test_yes_and_no_are_taken_in_any_case(answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", f"--support-user={answer}", "--volume-size-gib", "many"]) == 2
    assert "volume-size-gib" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "hint"), [("revoke", "deployer access revoke;"), ("start", "deployer sandbox start;"), ("nope", "--help")]
)
def test_a_verb_without_its_group_is_sent_to_it(typed: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([typed]) == 2
    assert hint in capsys.readouterr().err


def test_a_mistyped_verb_of_a_group_with_a_default_is_answered_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "edn", "root-1"]) == 2
    assert "No such command 'edn'. Did you mean 'end'?" in capsys.readouterr().err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_defect(closed: str, tmp_path: Path) -> None:
    """Some schedulers start programs without standard streams; a socket must not get their numbers either."""
    program = f"{sys.executable} -c 'from generator.cli.main import entry; entry()' sandbox status {closed}"
    done = subprocess.run(
        ["sh", "-c", program],
        env={**os.environ, "DEPLOYER_SANDBOX_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if ">&-" in closed.split() else "not running\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
@pytest.mark.parametrize("line", ["--version", "--help", "sandbox status", "sandbox status --output json"])
def test_a_full_disk_behind_standard_output_is_no_defect(line: str, tmp_path: Path) -> None:
    program = [sys.executable, "-c", "from generator.cli.main import entry; entry()", *line.split()]
    with Path("/dev/full").open("w") as full:
        env = {**os.environ, "DEPLOYER_SANDBOX_HOME": str(tmp_path)}
        done = subprocess.run(program, env=env, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output could not be used: No space left on device.\n"), done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_value_and_documents_every_parameter(capsys: pytest.CaptureFixture[str]) -> None:
    for name, command in commands():
        assert main([*name.split(), "--help"]) == 0
        shown = capsys.readouterr().out
        assert not re.search(r"<(str|int|float|path)\b|  (STRING|INT|TEXT) ", shown), f"{name} --help\n{shown}"
        for parameter in command.params:
            assert getattr(parameter, "hidden", False) or parameter.help, f"{name}: {parameter.name} says nothing"


def test_a_file_that_cannot_be_used_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path / "file" / "home"))
    assert main(["sandbox", "start"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith(f"error: {tmp_path}/file") and "Traceback" not in shown and "bug in deployer" not in shown


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.EROFS, errno.EFBIG, errno.EIO])
def test_what_the_system_refuses_while_a_file_is_open_is_no_defect(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(Invocation(command="cp"), Mock(side_effect=OSError(number, os.strerror(number)))) == 1
    assert f"could not be used: {os.strerror(number)}." in capsys.readouterr().err
    assert execute(Invocation(command="cp"), Mock(side_effect=OSError(errno.EBADF, "Bad file"))) == 1
    assert "bug in deployer" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [(KeyboardInterrupt(), 130, "Interrupted."), (EOFError(), 130, "Interrupted."), ("n", 1, "Nothing was changed")],
)
def test_leaving_a_question_is_no_error(
    answer: object, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Invocation, "interactive", True)
    monkeypatch.setattr("builtins.input", Mock(side_effect=[answer]))
    call = Invocation(command="up")
    assert execute(call, lambda: call.confirm_here("Change the stack?")) == code
    shown = capsys.readouterr().err
    assert said in shown and "error:" not in shown and "bug in deployer" not in shown


@pytest.mark.parametrize(
    ("given", "variables", "shown"),
    [
        ("corp", {}, "corp"),
        (None, {"AWS_PROFILE": "ops"}, "ops"),
        (None, {"AWS_DEFAULT_PROFILE": "first", "AWS_PROFILE": "second"}, "first"),
        (None, {}, ""),
        (r"CORP\user", {}, r"'CORP\user'"),
        (r"\g<9>", {}, r"'\g<9>'"),
        ("p q", {}, "'p q'"),
    ],
)
def test_the_way_to_sign_in_names_the_profile(
    given: str | None,
    variables: dict[str, str],
    shown: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.setenv(name, variables.get(name, ""))
    call = Invocation(command="version", profile=given)
    execute(call, Mock(side_effect=DeployerError("The session has expired.", "Sign in again with: aws sso login")))
    assert capsys.readouterr().err.endswith(f"aws sso login{f' --profile {shown}' if shown else ''}\n")


@pytest.mark.parametrize("place", ["generator.cli.command.signing_in", "generator.cli.render.error"])
@pytest.mark.parametrize("raised", [re.error("bad escape"), KeyError("x"), RecursionError()])
def test_what_goes_wrong_while_an_error_is_told_is_told_too(
    place: str, raised: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = ("config", "set", "region", "not/one")
    code = run(*typed).code
    monkeypatch.setattr(place, Mock(side_effect=raised))
    done = run(*typed)
    assert done.code == (code if "signing_in" in place else 1)
    assert done.err.startswith(f"error: This is a bug in deployer: {type(raised).__name__}"), done.err
    assert "--debug" in done.err and "Traceback" not in done.err
    assert ("not/one" in done.err) == ("signing_in" in place)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that help lists, with the words it is called by."""
    waiting = [("", get_command(app))]
    while waiting:
        name, found = waiting.pop()
        if inner := getattr(found, "commands", None):
            waiting += [(f"{name} {each}".strip(), one) for each, one in inner.items() if not one.hidden]
        else:
            yield name, found


@pytest.mark.parametrize(
    "line", ["--version", "version", "--sandbox --version", "--sandbox version", "--version up", "up --version"]
)
def test_the_version_is_told_wherever_it_is_asked_for(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    assert capsys.readouterr().out == f"deployer {__version__}\n"


def test_an_option_of_that_name_is_the_command_s_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", "kubectl", "--version", "1.33.1"]) == 2
    assert "--sha256 is missing." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "usage"),
    [
        ("help", "deployer ["),
        ("help help", "deployer ["),
        ("help version", "deployer ["),
        ("version -h", "deployer ["),
        ("help up", "deployer up ["),
        ("--sandbox help up", "deployer up ["),
        ("help access grant", "deployer access grant ["),
        ("access help grant", "deployer access grant ["),
        ("access help", "deployer access ["),
        ("sessions help end", "deployer sessions end ["),
    ],
)
def test_help_is_a_word_wherever_a_command_may_stand(line: str, usage: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 0
    assert capsys.readouterr().out.startswith(f"Usage: {usage}")
