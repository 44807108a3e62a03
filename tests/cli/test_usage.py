"""The mistakes people make at the command line: one sentence, a next step, exit 2, nothing asked of AWS."""

import json

import pytest

from generator.cli.main import main


def envelope(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ups"]) == 2
    shown = capsys.readouterr().err
    assert "error: No such command 'ups'" in shown and "next: See: deployer --help" in shown


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
    assert "is not taken from the command line" in shown.err and "--admin-password-file" in shown.err
    assert "hunter2" not in shown.err + shown.out


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


def test_sandbox_credentials_never_reach_a_real_endpoint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert main(["status"]) == 3
    assert "nothing was sent" in capsys.readouterr().err
