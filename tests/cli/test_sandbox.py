"""A sandbox that goes on from before an update: it is used, and what to do about it is said."""

import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from generator.cli.main import main
from generator.sandbox import state
from generator.sandbox.version import fingerprint

SECRET = "00" * 32
NOTE = "note: The running sandbox was started from another version"


class Older(BaseHTTPRequestHandler):
    """Answers as a sandbox did before it said what code it runs."""

    said = {"pid": os.getpid(), "failures": []}  # noqa: RUF012 - a test changes it

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(self.said).encode())

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Older]]:
    for name in state.environment(state.SandboxState(1, 1, "", SECRET)):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # what --sandbox sets is taken back afterwards
    monkeypatch.setenv(state.HOME_VARIABLE, str(tmp_path))
    monkeypatch.setattr(Older, "said", dict(Older.said))
    with HTTPServer(("127.0.0.1", 0), Older) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        state.write(state.SandboxState(os.getpid(), server.server_port, str(tmp_path), SECRET))
        yield Older
        server.shutdown()


@pytest.mark.parametrize(
    "argv", [["--sandbox", "config", "list"], ["sandbox", "start"], ["sandbox", "status"], ["sandbox", "env"]]
)
def test_an_older_sandbox_is_reported_with_the_command_for_a_newer_one(
    argv: list[str], older: type[Older], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 0
    shown = capsys.readouterr()
    assert NOTE in shown.err and "next: deployer sandbox stop && deployer sandbox start" in shown.err
    assert shown.out and "note:" not in shown.out


def test_a_sandbox_of_this_code_is_not_talked_about(older: type[Older], capsys: pytest.CaptureFixture[str]) -> None:
    older.said["code"] = fingerprint()
    assert main(["sandbox", "status", "--output", "json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["result"]["current"] is True and not shown.err


def test_any_change_of_the_servers_code_is_seen(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    code = tmp_path / "sandbox" / "app.py"
    code.write_text("PORT = 1")
    before = fingerprint(tmp_path)
    code.write_text("PORT = 2")
    changed = fingerprint(tmp_path)
    code.rename(code.with_name("served.py"))
    assert len({before, changed, fingerprint(tmp_path)}) == 3
