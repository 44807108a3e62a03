"""Words for another program behind our own options: what is whose, and no command run elsewhere than was meant."""

import pytest

from generator.cli.main import main


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["run", "--tga", "Role=web", "uptime"], "No such option: --tga"),
        (["ssh", "--reasn", "T-1", "."], "No such option: --reasn"),
        (["run", "uptime", "--tag", "Role=web"], "--tag comes after the command"),
        (["run", "uptime", "--instance-id=i-1"], "--instance-id comes after the command"),
        (["run", "exit 3", "--output", "json"], "--output follows a command that is quoted as a whole"),
        (["run", "--"], "There is no command to run."),
        (["run", ""], "There is no command to run."),
        (["run", " \n"], "There is no command to run."),
        (["run", "i-0123456789abcdef0"], "deployer run --instance-id i-0123456789abcdef0 uptime"),
        (["run", "i-0123456789abcdef0", "echo a; b"], "--instance-id i-0123456789abcdef0 'echo a; b'"),
        (["run", "mi-0123456789abcdef0", "df", "-h"], "--instance-id mi-0123456789abcdef0 df -h"),
    ],
)
def test_a_word_in_the_wrong_place_is_refused_before_anything_runs(
    typed: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("typed", [["run", "--", "docker", "build", "--tag", "x"], ["ssh", ".", "df", "--output"]])
def test_what_is_the_other_programs_own_is_left_to_it(
    typed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")  # as far as the first call of AWS
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert main([typed[0], "--region", "us-east-1", *typed[1:]]) != 2, capsys.readouterr().err
