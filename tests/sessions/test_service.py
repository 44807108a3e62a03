"""The calls behind a session: fresh credentials, and refusals in words."""

from __future__ import annotations

from typing import Any

import pytest

from generator.errors import AwsError
from generator.model.command_line import CommandLine
from generator.model.deployment import Deployment
from generator.model.session import SessionRequest, StartedSession
from generator.operations.sessions import service
from generator.operations.sessions.service import SessionCalls, explained

PORT = SessionRequest("i-1", "deepsql-port-i-1", {"portNumber": ("22",)})


class Ssm:
    """Refuses as often as it is told to, then answers."""

    def __init__(self, refusals: list[str]) -> None:
        self.refusals = refusals

    def start_session(self, request: SessionRequest) -> StartedSession:
        self._maybe_refuse()
        return StartedSession("s-1", "wss://x", "token")

    def resume_session(self, session_id: str) -> str:
        self._maybe_refuse()
        return "fresh"

    terminate_session = resume_session

    def _maybe_refuse(self) -> None:
        if self.refusals:
            raise AwsError("No.", aws_code=self.refusals.pop(0))


class FakeGateway:
    """A gateway of some credentials."""

    def __init__(self, ssm: Ssm) -> None:
        self.ssm, self.deployment, self.notify = ssm, Deployment(), list[str]().append


def calls(monkeypatch: pytest.MonkeyPatch, first: list[str], then: list[str]) -> SessionCalls:
    renewed: Any = FakeGateway(Ssm(then))
    monkeypatch.setattr(service, "Gateway", lambda deployment: renewed)
    made: Any = FakeGateway(Ssm(first))
    return SessionCalls(made, PORT)


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired"])
def test_expired_credentials_are_read_again_once(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    asked = calls(monkeypatch, [code, code], [])
    assert asked.resume("s-1") == "fresh"
    asked.terminate("s-1")
    assert asked.start().session_id == "s-1"


def test_what_takes_longer_is_still_said_by_the_gateway_of_the_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = calls(monkeypatch, ["ExpiredToken"], [])
    before = asked._gateway
    asked.resume("s-1")
    assert asked._gateway is not before and asked._gateway.notify is before.notify


def test_when_the_new_ones_are_expired_too_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AwsError):
        calls(monkeypatch, ["ExpiredToken"], ["ExpiredToken"]).resume("s-1")


def test_a_session_that_is_over_resumes_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert calls(monkeypatch, ["DoesNotExistException"], []).resume("s-1") == ""


@pytest.mark.parametrize(
    ("code", "request_", "words"),
    [
        ("InvalidParameters", PORT, "does not allow port 22"),
        ("TargetNotConnected", PORT, "is not connected to Systems Manager"),
        ("InvalidDocument", PORT, "There is no session document deepsql-port-i-1"),
        ("AccessDeniedException", PORT, "You may not start a session on i-1"),
        ("ThrottlingException", PORT, "No."),
    ],
)
def test_refusals_name_the_thing_and_keep_their_code(code: str, request_: SessionRequest, words: str) -> None:
    said = explained(AwsError("No.", aws_code=code), request_, CommandLine("deepsql"))
    assert words in said.message and said.aws_code == code
    assert said.hint or code == "ThrottlingException"
