"""Nobody is let in while the session log would not work."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator

import pytest
from botocore.session import Session

from generator.errors import NotFound
from generator.gateway.aws import Gateway
from generator.gateway.logs import Logs
from generator.model.session_log import ShellLogging, streams
from generator.operations.access import logging_probe, session_log, stack_access
from tests.embedded import VENDOR_ROLE as SUPPORT
from tests.embedded import Deployer


@pytest.fixture(autouse=True)
def closed(deployer: Deployer) -> None:
    deployer("access", "revoke", "--all", "--yes")


def test_the_stack_as_it_is_made_logs(gateway: Gateway) -> None:
    found = list(session_log.checks(gateway, stack_access.read_access(gateway)))
    assert len(found) == 3 and all(check.holds for check in found), found


@pytest.fixture
def document_by_hand(stack: dict[str, str]) -> Iterator[None]:
    """The shell document without streaming, as somebody may have saved it in the console."""
    ssm, name = Session().create_client("ssm"), stack["ShellDocumentName"]
    made = ssm.get_document(Name=name)
    content = json.loads(made["Content"])
    content["inputs"]["cloudWatchStreamingEnabled"] = False
    content["description"] += uuid.uuid4().hex  # AWS refuses a content it has seen
    changed = ssm.update_document(
        Name=name, Content=json.dumps(content), DocumentVersion="$LATEST", DocumentFormat="JSON"
    )["DocumentDescription"]["DocumentVersion"]
    ssm.update_document_default_version(Name=name, DocumentVersion=changed)
    yield
    ssm.update_document_default_version(Name=name, DocumentVersion=made["DocumentVersion"])


def test_a_document_changed_by_hand_keeps_everybody_out(document_by_hand: None, deployer: Deployer) -> None:
    ran = deployer("access", "grant", "--principal", SUPPORT, "--yes")
    assert (ran.code, ran.error["code"]) == (3, "unlogged") and "changed by hand" in ran.error["message"]


def test_it_takes_a_reason_to_let_somebody_in_unlogged(document_by_hand: None, deployer: Deployer) -> None:
    words = ("access", "grant", "--principal", SUPPORT, "--unlogged", "--yes")
    assert deployer(*words).error["code"] == "reason"
    assert deployer(*words, "--reason", "T-9").code == 0


def test_a_probe_finds_the_transcript_of_a_shell_of_its_own_and_leaves_no_session(
    deployer: Deployer, gateway: Gateway
) -> None:
    before = {session.session_id for session in gateway.ssm.list_sessions()}  # of other tests, left alone by revoke
    ran = deployer("access", "grant", "--principal", SUPPORT, "--probe", "--yes")
    assert ran.code == 0 and "ok  transcript of a shell" in ran.err, ran.err
    end = time.monotonic() + 10  # DescribeSessions lags behind the end, on AWS too
    while left := {session.session_id for session in gateway.ssm.list_sessions()} - before:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def test_a_probe_that_leaves_no_transcript_lets_nobody_in(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_stream(*_: str) -> int:
        raise NotFound("The specified log stream does not exist.")

    monkeypatch.setattr(Logs, "count_events", no_stream)
    monkeypatch.setattr(logging_probe, "TRANSCRIPT_SECONDS", 0.2)
    ran = deployer("access", "grant", "--principal", SUPPORT, "--probe", "--yes")
    assert (ran.code, ran.error["code"]) == (3, "unlogged") and "no transcript" in ran.error["message"]
    assert "logs:GetLogEvents on " in ran.error["hint"] and "kms:Decrypt on arn:aws:kms:" in ran.error["hint"]
    assert not deployer("access", "show").result["grant"]["principals"]


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("3.0.284.0", True),
        ("3.3.987.0", True),
        ("4.0.1.0", True),
        ("3.0.196.0", False),
        ("2.3.1569.0", False),
        ("", False),
    ],
)
def test_agents_stream_from_a_version_on(version: str, enough: bool) -> None:
    assert streams(version) == enough


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"inputs": {"cloudWatchStreamingEnabled": "true"}}'])
def test_what_a_document_does_not_say_is_off(content: str) -> None:
    assert not ShellLogging.of(content).streaming
