"""connect --selftest, and what --debug shows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.operations.sessions import host_shell
from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer
from tests.sessions.host import shells


@pytest.fixture
def shell(deployer: Deployer, tmp_path: Path) -> Iterator[None]:
    with shells(tmp_path) as running:
        control("PUT", f"instances/{deployer.instance}", {"ports": {"shell": running.port}})
        yield


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    log = logging.getLogger("deployer.channel")
    yield
    log.setLevel(logging.NOTSET)


def test_it_measures_cuts_resumes_and_leaves_a_log_without_secrets(deployer: Deployer, shell: None) -> None:
    done = deployer("connect", "--selftest", "--output", "json")
    assert done.code == 0, done.err
    result = done.result
    assert result["resumed_whole"] and result["reconnects"] >= 1
    assert result["open_seconds"] < 10 and result["down"] > 10_000 and result["up"] > 10_000
    log = Path(result["log"])
    text = log.read_text()
    assert log.stat().st_mode & 0o77 == 0
    assert "HANDSHAKE_REQUEST" in text and "resume" not in text.partition("opening of")[0]
    assert text.count("opening of") >= 2 and "TokenValue" not in text


def test_a_shell_that_is_none_is_said_soon(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_shell, "READY", 0.5)
    control("PUT", f"instances/{deployer.instance}", {"ports": {"shell": 1}})
    done = deployer("connect", "--selftest")
    assert done.code == 1 and ("does not respond" in done.err or "it was ended" in done.err)


def test_debug_shows_frames_without_what_they_carry(deployer: Deployer) -> None:
    done = deployer.start("connect", "-L", "0:localhost:3035", "--exec", "true", "--debug")
    _, err = done.communicate(timeout=20)
    assert done.returncode == 0 and "HANDSHAKE_COMPLETE" in err and "TokenValue" not in err
