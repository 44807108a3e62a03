"""What of documents and sessions survives a stop and a start of the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from generator.host.background_processes import spawn_detached
from generator.sandbox import lifecycle
from generator.sandbox.state import SandboxState
from tests.sandbox_keys import root

from .conftest import launch


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SandboxState]:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path))
    yield lifecycle.start(None, spawn_detached)
    lifecycle.stop()


def client_of(state: SandboxState) -> Any:
    def make(service: str) -> Any:
        session = botocore.session.Session()
        return session.create_client(service, "us-east-1", endpoint_url=state.endpoint, **root(state))

    return make


def test_documents_stay_and_live_sessions_are_over(running: SandboxState) -> None:
    client = client_of(running)
    content = json.dumps({"schemaVersion": "1.0", "sessionType": "Port", "properties": {"portNumber": "22"}})
    client("ssm").create_document(Name="keep", Content=content, DocumentType="Session")
    session = client("ssm").start_session(Target=launch(client, {}), DocumentName="keep")["SessionId"]
    lifecycle.stop()
    ssm = client_of(lifecycle.start(running.port, spawn_detached))("ssm")
    assert ssm.get_document(Name="keep")["Content"] == content
    assert ssm.describe_sessions(State="Active")["Sessions"] == []
    assert [past["SessionId"] for past in ssm.describe_sessions(State="History")["Sessions"]] == [session]
    lifecycle.reset()
    assert ssm.list_documents()["DocumentIdentifiers"] == []
