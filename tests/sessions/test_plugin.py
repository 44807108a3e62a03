"""AWS's plugin, played by a stand-in that prints what the real one prints and carries what it is given."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest

from generator.host import plugin as host_plugin
from generator.host.plugin_output import LONGEST_LINE, Lines, is_end, is_listening, is_routine
from tests.sessions import plugin_stand_in
from tests.sessions.conftest import Deployer, until_line

Ended = Callable[[Popen[str], signal.Signals], int]
TUNNEL = ("connect", "--client", "plugin", "-L", "0:localhost:3035")
THREE = """import os, urllib.request as u
for _ in range(3):
    print(u.urlopen('http://localhost:' + os.environ['DEPLOYER_PORT']).status)"""
BANNER = "This session is recorded.\n\nWaiting is not over; Port 1 is not opened for sessionId x yet"


@dataclass
class Installed:
    """A plugin on PATH."""

    program: Path
    record: Path
    socket: Path

    @property
    def ran(self) -> bool:
        return self.record.exists()

    @property
    def seen(self) -> Any:
        """What it was given."""
        return json.loads(self.record.read_text())


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Installed]:
    """Install a stand-in of a version."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("STAND_IN_SOCKET", str(tmp_path / "socket"))

    def install(version: str = "1.2.814.0") -> Installed:
        installed = Installed(
            tmp_path / "bin" / "session-manager-plugin", tmp_path / "record.json", tmp_path / "socket"
        )
        source = Path(plugin_stand_in.__file__)
        argv = [sys.executable, str(source), version, str(installed.record)]
        installed.program.write_text(
            f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(source.parents[2]))} exec {shlex.join(argv)} "$@"\n'
        )
        installed.program.chmod(0o755)
        return installed

    return install


def get(port: int) -> str:
    return str(urllib.request.urlopen(f"http://localhost:{port}/", timeout=10).read().decode())


def test_lines_are_the_same_whatever_the_pieces_and_the_line_end() -> None:
    printed = f"\nStarting session with SessionId: x\n{BANNER}\nPort 15711 opened for sessionId x.\n\n\nend"
    for data in (printed.encode(), printed.replace("\n", "\r\n").encode()):
        for size in (1, 2, 7, len(data)):
            lines = Lines()
            found = [line for at in range(0, len(data), size) for line in lines.feed(data[at : at + size])]
            assert [*found, *lines.rest()] == [line for line in printed.split("\n") if line], size


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    lines = Lines()
    assert [len(line) for line in lines.feed(b"x" * LONGEST_LINE)] == [LONGEST_LINE] and lines.rest() == []


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        ("Starting session with SessionId: user-0a1", "routine"),
        ("Port 15711 opened for sessionId user-0a1.", "listening routine"),
        ("Waiting for connections...", "listening routine"),
        ("Connection accepted for session [user-0a1]", "routine"),
        ("Connection accepted for session user-0a1.", "routine"),
        ("Terminate signal received, exiting.", "routine"),
        ("Exiting session with sessionId: user-0a1.", "end"),
        ("Session: user-0a1 timed out.", "end"),
        ("SessionId: user-0a1 : Your session has been terminated for the following reasons: x", "end"),
        ("Connection to destination port failed, check SSM Agent logs.", ""),
        ("Cannot perform start session: x", ""),
        ("Waiting for connections... not yet", ""),
        ("This session is encrypted using AWS KMS.", ""),
    ],
)
def test_each_line_of_the_plugin_means_what_it_says(line: str, kinds: str) -> None:
    meant = {"listening": is_listening, "routine": is_routine, "end": is_end}
    assert " ".join(name for name, test in meant.items() if test(line)) == kinds


def test_an_installed_plugin_is_not_used_unless_it_is_asked_for(
    deployer: Deployer, plugin: Callable[..., Installed]
) -> None:
    installed = plugin()
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", "true", "--output", "json")
    assert done.code == 0 and done.result["client"] == "native" and not installed.ran, done.err


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("piece", ["1", "7", "4096"])
def test_three_requests_through_the_plugins_tunnel_are_answered(
    deployer: Deployer, plugin: Callable[..., Installed], monkeypatch: pytest.MonkeyPatch, line_end: str, piece: str
) -> None:
    plugin()
    for name, value in (("LINE_END", line_end), ("PIECE", piece), ("BANNER", BANNER)):
        monkeypatch.setenv(f"STAND_IN_{name}", value)
    done = deployer(*TUNNEL, "--exec", shlex.join([sys.executable, "-c", THREE]))
    assert done.code == 0 and done.out.splitlines()[:3] == ["200"] * 3, done.err
    assert "This session is recorded." in done.err, "what the customer has to say is shown"


def test_a_tunnel_of_the_plugin_stays_open_between_requests_and_a_signal_ends_it(
    deployer: Deployer, plugin: Callable[..., Installed], ended: Ended
) -> None:
    installed = plugin()
    tunnel = deployer.start(*TUNNEL)
    port = int(re.findall(r":(\d+) leads to", until_line(tunnel.stderr, "leads to"))[0])
    assert all("DeepSQL" in get(port) for _ in range(3)) and tunnel.poll() is None
    assert len(deployer.live()) == 1 and installed.socket.exists()
    assert ended(tunnel, signal.SIGTERM) == 130
    assert not installed.socket.exists(), "the plugin could tidy up"


def test_a_session_ended_elsewhere_ends_the_command_with_the_plugins_reason(
    deployer: Deployer, plugin: Callable[..., Installed]
) -> None:
    plugin()
    tunnel = deployer.start(*TUNNEL)
    until_line(tunnel.stderr, "leads to")
    deployer.gateway.ssm.terminate_session(deployer.live()[0].session_id)
    _, err = tunnel.communicate(timeout=20)
    assert tunnel.returncode == 1 and re.search(r"plugin's tunnel ended: SessionId: \S+ : .*terminated", err), err


def test_a_tunnel_of_the_plugin_runs_a_command_and_gives_its_exit_code(
    deployer: Deployer, plugin: Callable[..., Installed]
) -> None:
    installed = plugin()
    assert deployer(*TUNNEL, "--exec", "exit 5").code == 5
    parameters = json.loads(installed.seen["argv"][4])["Parameters"]
    assert parameters["portNumber"] == ["3035"] and int(parameters["localPortNumber"][0]) > 0


def test_a_tunnel_of_the_plugin_closes_after_the_time_given(
    deployer: Deployer, plugin: Callable[..., Installed]
) -> None:
    plugin()
    done = deployer(*TUNNEL, "--for", "1s", "--output", "json")
    assert done.code == 0 and done.result["ended"] == "The time for this session is over.", done.err


def test_a_plugin_that_fails_to_start_is_quoted(
    deployer: Deployer, plugin: Callable[..., Installed], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin()
    monkeypatch.setenv("STAND_IN_FAILS", "dial tcp: i/o timeout")
    done = deployer(*TUNNEL, "--exec", "true")
    assert done.code == 1 and "Cannot perform start session: dial tcp: i/o timeout" in done.err.splitlines()[-2]


def test_a_plugin_that_never_listens_is_given_up(
    deployer: Deployer, plugin: Callable[..., Installed], monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin()
    monkeypatch.setenv("STAND_IN_SILENT", "yes")
    monkeypatch.setattr(host_plugin, "OPENING", 0.2)
    done = deployer(*TUNNEL, "--exec", "true")
    assert done.code == 1 and "opened no port" in done.err


def test_a_plugin_that_crashed_is_no_success(deployer: Deployer, plugin: Callable[..., Installed]) -> None:
    program = plugin().program
    text = program.read_text()
    for crash, words in (("exit 2", "exit code 2"), ("kill -SEGV $$", "signal SIGSEGV")):
        program.write_text(text.replace("PYTHONPATH", f'test "$1" = --version || {crash}; PYTHONPATH', 1))
        for argv in (("connect", "--client", "plugin"), (*TUNNEL, "--exec", "true")):
            done = deployer(*argv)
            assert done.code == 1 and words in done.err, done.err


def test_a_shell_goes_to_the_plugin_with_the_token_in_the_environment(
    deployer: Deployer, plugin: Callable[..., Installed]
) -> None:
    installed = plugin("1.2.764.0")
    done = deployer("connect", "--client", "plugin", "--reason", "TICKET-9", "--output", "json")
    assert done.code == 0 and done.result["client"] == "plugin", done.err
    variable, region, operation, profile, request, endpoint = installed.seen["argv"]
    assert (variable, region, operation) == ("AWS_SSM_START_SESSION_RESPONSE", "us-east-1", "StartSession")
    assert profile == "" and endpoint == os.environ["AWS_ENDPOINT_URL"]
    assert json.loads(request)["Target"] == deployer.instance and json.loads(request)["Reason"] == "TICKET-9"
    response = json.loads(installed.seen["response"])
    assert set(response) == {"SessionId", "TokenValue", "StreamUrl"}
    assert response["TokenValue"] not in " ".join(installed.seen["argv"]) + done.out + done.err
    assert not any(installed.seen["ignored"].values()), "the plugin must be able to hear what is typed"


def test_keys_typed_while_the_plugin_is_in_front_do_not_end_us(
    deployer: Deployer, plugin: Callable[..., Installed], monkeypatch: pytest.MonkeyPatch, ended: Ended
) -> None:
    plugin()
    monkeypatch.setenv("STAND_IN_SHELL", "1")
    shell = deployer.start("connect", "--client", "plugin")
    assert shell.stdout
    until_line(shell.stdout, "a shell")
    assert ended(shell, signal.SIGINT) == 0


@pytest.mark.parametrize(("client", "code"), [("native", 0), ("plugin", 1)])
def test_an_old_plugin_is_named_when_it_is_asked_for(
    deployer: Deployer, plugin: Callable[..., Installed], client: str, code: int
) -> None:
    installed = plugin("1.2.707.0")
    done = deployer("connect", "--client", client, "-L", "0:localhost:3035", "--exec", "true")
    assert done.code == code and not installed.ran
    if code:
        assert "is 1.2.707.0; the oldest that works is 1.2.764.0" in done.err


def test_a_missing_plugin_is_named_with_where_it_was_looked_for(deployer: Deployer) -> None:
    done = deployer("connect", "--client", "plugin")
    assert done.code == 1 and "no session-manager-plugin" in done.err and "PATH" in done.err


@pytest.mark.parametrize("argv", [("-L", "127.0.0.1:0:localhost:3035"), ("--selftest",)])
def test_what_the_plugin_cannot_do_is_refused(
    deployer: Deployer, plugin: Callable[..., Installed], argv: tuple[str, ...]
) -> None:
    installed = plugin()
    assert deployer("connect", "--client", "plugin", *argv).code == 2 and not installed.ran
