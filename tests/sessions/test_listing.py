"""sessions: who is in, who was, and ending them."""

from __future__ import annotations

from collections.abc import Iterator
from subprocess import Popen
from typing import Any
from unittest.mock import Mock

import pytest

from generator.errors import AwsError
from generator.gateway.cloudtrail import CloudTrail
from generator.gateway.ssm import SSM
from generator.operations.sessions import listing
from tests.sessions.conftest import Deployer, as_support, until_line


@pytest.fixture
def tunnel(deployer: Deployer) -> Iterator[Popen[str]]:
    """A tunnel that stays open until it is ended."""
    process = deployer.start("connect", "-L", "0:localhost:3035", "--reason", "TICKET-3")
    until_line(process.stderr, "leads to")
    yield process
    process.terminate()
    process.communicate(timeout=15)


def test_a_live_session_is_listed_with_who_where_by_what_and_why(deployer: Deployer, tunnel: Popen[str]) -> None:
    (session,) = deployer("sessions", "--output", "json").result
    assert session["target"] == deployer.instance and session["reason"] == "TICKET-3"
    assert session["document"].startswith("deepsql-port-") and session["owner"].endswith(":root")
    shown = deployer("sessions").out
    assert session["session_id"] in shown and "TICKET-3" in shown


def test_ending_one_is_read_back_and_it_is_past(deployer: Deployer, tunnel: Popen[str]) -> None:
    name = deployer.live()[0].session_id
    done = deployer("sessions", "end", name)
    assert done.code == 0 and f"{name} has ended" in done.out, done.err
    assert name in deployer("sessions", "--past").out
    again = deployer("sessions", "end", name)
    assert again.code == 0 and "had already ended" in again.out


@pytest.mark.parametrize(("choice", "ended"), [(["--owner", "nobody"], 0), (["--target", "i-0"], 0), (["--all"], 1)])
def test_ending_many_ends_those_that_fit(deployer: Deployer, tunnel: Popen[str], choice: list[str], ended: int) -> None:
    done = deployer("sessions", "end", *choice, "--yes", "--output", "json")
    assert done.code == 0 and len(done.result["ended"]) == ended


def test_ending_all_asks_first(deployer: Deployer, tunnel: Popen[str]) -> None:
    done = deployer("sessions", "end", "--all")
    assert done.code == 2 and "there is no terminal to ask at" in done.err and len(deployer.live()) == 1


def test_a_session_that_does_not_end_is_not_called_ended(
    deployer: Deployer, tunnel: Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "END_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(SSM, "terminate_session", lambda self, session_id: None)
        done = deployer("sessions", "end", deployer.live()[0].session_id)
    assert done.code == 3 and "STILL OPEN" in done.out


def test_none_of_somebodys_is_not_none_at_all(deployer: Deployer, tunnel: Popen[str]) -> None:
    assert deployer("sessions", "--owner", "nobody").out == "No such session is open.\n"
    assert deployer("sessions", "end", "--owner", "nobody", "--yes").out == "There was no session to end.\n"


def test_an_unknown_session_is_not_found(deployer: Deployer) -> None:
    assert deployer("sessions", "end", "alice-0123").code == 4
    assert deployer("sessions", "end").code == 2


OWN_BY_ID = "It ends its own by the ID shown when they began: deployer sessions end --stack-name deepsql-sessions ID"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("sessions", OWN_BY_ID),
        ("sessions end --all --yes", OWN_BY_ID),
        ("sessions end root-0a1b", "the customer can end any: deployer sessions end "),
    ],
)
def test_support_is_told_what_it_may_instead(
    words: str, hint: str, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        refused = deployer(*words.split())
    assert refused.code == 1 and hint in refused.err, refused.err
    assert "root-0a1b" not in words or refused.err.rstrip().endswith(" root-0a1b"), "whoever is asked knows which"


def past(deployer: Deployer, name: str) -> dict[str, str]:
    return next(s for s in deployer("sessions", "--past", "--output", "json").result if s["session_id"] == name)


def test_a_past_session_has_who_from_where_when_and_by_what(deployer: Deployer, tunnel: Popen[str]) -> None:
    name = deployer.live()[0].session_id
    deployer("sessions", "end", name)
    session = past(deployer, name)
    assert session["address"] == "127.0.0.1" and "deepsql-deployer/" in session["agent"] and session["started"]
    [line] = [line for line in deployer("sessions", "--past").out.splitlines() if name in line]
    assert " 127.0.0.1 " in line and " deepsql-deployer/" in line and "Boto3" not in line


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        (AwsError("No.", aws_code="AccessDeniedException"), "they came from: you lack the permission for cloudtrail:"),
        (AwsError("It is down."), "CloudTrail was not asked where they came from: It is down."),
        (([], False), "CloudTrail has more than the 0 sessions that were read"),
    ],
)
def test_without_cloudtrail_the_list_is_there_and_says_what_it_lacks(
    deployer: Deployer, tunnel: Popen[str], monkeypatch: pytest.MonkeyPatch, starts: Any, said: str
) -> None:
    name = deployer.live()[0].session_id
    deployer("sessions", "end", name)
    kind = "side_effect" if isinstance(starts, AwsError) else "return_value"
    monkeypatch.setattr(CloudTrail, "session_starts", Mock(**{kind: starts}))
    done = deployer("sessions", "--past")
    assert done.code == 0 and name in done.out and said in done.err
    assert past(deployer, name)["address"] == ""
