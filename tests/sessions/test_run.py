"""run: a command over instances, with what each did."""

from __future__ import annotations

import signal
from unittest.mock import Mock

import pytest

from generator.errors import AwsError
from generator.gateway.ssm import SSM
from generator.model.run_command import HostResult
from generator.operations.sessions import run
from tests.sandbox.ssm.conftest import launch
from tests.sessions.conftest import Deployer, as_support, wait_for

TAG = "deepsql:managed=true"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "FIRST_INVOCATIONS", 0.2)


def test_one_hosts_output_is_the_result_as_it_is(deployer: Deployer) -> None:
    done = deployer("run", "echo one; whoami")
    place = "the sandbox (account 111122223333, region us-east-1)"
    said = f"Running on {deployer.instance} in {place}:\n  echo one; whoami\n  where: {place}\n"
    assert (done.code, done.out, done.err) == (0, "one\nroot\n", said)


def test_a_host_that_printed_nothing_leaves_standard_output_empty(deployer: Deployer) -> None:
    done = deployer("run", "--instance-id", deployer.instance, "exit 4")
    assert (done.code, done.out) == (1, "") and "Failed  exit 4" in done.err and "0 of 1 succeeded" in done.err


def test_one_hosts_errors_are_on_standard_error_unmarked(deployer: Deployer) -> None:
    done = deployer("run", "echo data; nonsense")
    assert done.out == "data\n" and "\nsandbox: nonsense" in f"\n{done.err}", done.err


def test_the_output_of_hosts_found_by_a_tag_is_marked_and_the_summary_is_the_result(deployer: Deployer) -> None:
    done = deployer("run", "--tag", TAG, "echo one; whoami")
    assert done.code == 0, done.err
    assert f"{deployer.instance}  one\n{deployer.instance}  root" in done.err
    assert "Success" in done.out and "1 of 1 succeeded" in done.out


def test_the_exit_code_of_a_host_is_kept_and_failure_is_failure(deployer: Deployer) -> None:
    done = deployer("run", "--tag", TAG, "--output", "json", "echo before; exit 3")
    (host,) = done.result["hosts"]
    assert done.code == 1 and host["exit_code"] == 3 and host["status"] == "Failed" and host["out"] == "before\n"


def test_words_after_the_options_belong_to_the_command(deployer: Deployer) -> None:
    assert f"{deployer.instance}  --tag -y" in deployer("run", "--tag", TAG, "echo", "--tag", "-y").err


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (["--tag", "Role=nothing", "true"], 4),
        (["--tag", "Role", "true"], 2),
        ([], 2),
        (["--instance-id", "i-0", "true"], 1),
        (["--concurrency", "0", "true"], 2),
        (["--concurrency", "0%", "true"], 2),
        (["--max-errors", "1.5", "true"], 2),
        (["--max-errors", "101%", "true"], 2),
        ([word for number in range(51) for word in ("--instance-id", f"i-{number}")] + ["true"], 2),
    ],
)
def test_where_nothing_can_run_it_is_said(deployer: Deployer, argv: list[str], code: int) -> None:
    assert deployer("run", *argv).code == code


def test_hosts_that_got_nothing_after_the_first_failure_are_called_that(deployer: Deployer) -> None:
    client = lambda service: deployer.gateway.client(service)  # noqa: E731
    for _ in range(2):
        launch(client, {"fleet": "three"})
    one = ("run", "--tag", "fleet=three", "--concurrency", "1")
    done = deployer(*one, "--max-errors", "0", "false")
    assert done.code == 1 and done.out.count("exit 1") == 1, done.out
    assert done.out.count("not started: too many had failed (--max-errors)") == 1
    assert deployer(*one, "--max-errors", "50%", "false").out.count("exit 1") == 2


def test_support_may_not_run_commands(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        refused = deployer("run", "true")
    assert refused.code == 1 and "Support may only start sessions" in refused.err


@pytest.mark.parametrize(
    ("number", "how"),
    [(signal.SIGINT, ""), (signal.SIGTERM, " by SIGTERM"), (signal.SIGHUP, " by SIGHUP")],
)
def test_an_interrupt_cancels_it_on_the_hosts_and_says_so(number: signal.Signals, how: str, deployer: Deployer) -> None:
    ssm, trail = deployer.gateway.client("ssm"), deployer.gateway.client("cloudtrail")
    name = {"AttributeKey": "EventName", "AttributeValue": "ListCommandInvocations"}

    def looks() -> list[str]:
        return [event["EventId"] for event in trail.lookup_events(LookupAttributes=[name], MaxResults=1)["Events"]]

    before = looks()
    process = deployer.start("run", "sleep 30")
    wait_for(lambda: looks() != before, 20)  # from then on it knows the command's ID
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130 and f"Interrupted{how}." in err, err
    [last] = ssm.list_commands(MaxResults=1)["Commands"]
    told = (
        f"The command {last['CommandId']} is cancelled on each host where it had not ended; see what it did with: aws"
    )
    assert last["Status"] == "Cancelled" and told in " ".join(err.split()), err


@pytest.mark.parametrize(
    "command",
    [
        ("run", "true"),
        ("cluster", "kubectl", "--instance-id", "INSTANCE", "--version", "1.33.1", "--sha256", "0" * 64, "--yes"),
    ],
)
@pytest.mark.parametrize(
    ("place", "told"),
    [("start", "may have been sent, although no answer has named its ID yet"), ("follow", "is cancelled on each host")],
)
def test_an_interrupt_before_anything_is_followed_is_told_too(
    place: str, told: str, command: tuple[str, ...], deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, place, Mock(side_effect=KeyboardInterrupt))
    done = deployer(*(deployer.instance if word == "INSTANCE" else word for word in command))
    assert done.code == 130 and told in done.err, done.err


def test_a_command_that_may_not_be_cancelled_is_said_to_go_on(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    def refuse(*_: object) -> None:
        raise AwsError("You may not cancel it.", aws_code="AccessDeniedException")

    monkeypatch.setattr(run, "follow", interrupt)
    monkeypatch.setattr(SSM, "cancel_command", refuse)
    done = deployer("run", "true")
    assert done.code == 130 and "goes on: it could not be cancelled: You may not cancel it; see what" in done.err


CUT = "… more than Systems Manager shows: write it into a file there, and fetch that with: deployer cp "


@pytest.mark.parametrize(
    ("out", "err", "code", "cut"),
    [
        ("x" * 24_000, "", 0, True),
        ("x" * 23_999, "", 0, False),
        ("", "y" * 8_000, 3, True),
        ("", "only errors\n", 0, False),
        ("\x1b[31mred\x00\r\nno line end", "", 255, False),
    ],
)
def test_odd_output_of_one_host_is_the_result_as_it_is(
    out: str, err: str, code: int, cut: bool, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def result(ssm: SSM, command_id: str, instance_id: str) -> HostResult:
        return HostResult(instance_id, "Failed" if code else "Success", code, out, err)

    monkeypatch.setattr(SSM, "command_result", result)
    done = deployer("run", "true")
    assert (
        done.out.removesuffix("\n") == out
        and (CUT.format(deployer.instance) in done.err) == cut
        and done.code == bool(code)
    )
    assert err in done.err and (f"exit {code}" in done.err) == bool(code)
