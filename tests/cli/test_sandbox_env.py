"""`sandbox env` fails closed: whatever stands in its way, `eval` fails with it and the shell gets nothing."""

import json
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generator.cli.main import main
from generator.sandbox import state

NOT_RUNNING = "error: The sandbox is not running."


@contextmanager
def answering(reply: bytes) -> Iterator[int]:
    """Another program on a port of this computer: it gives every connection the same reply."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def http(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def evaluated(home: Path, words: str = "") -> tuple[int, str, str]:
    """What a shell has after `eval "$(deployer sandbox env …)"`: the exit code, its AWS variables, standard error."""
    script = f'eval "$({sys.executable} -m generator sandbox env {words})"\ncode=$?\nenv | grep ^AWS_\nexit $code'
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["sh", "-c", script], env={**clean, state.HOME_VARIABLE: str(home)}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_one_that_never_ran(tmp_path: Path) -> None:
    code, variables, err = evaluated(tmp_path)
    assert code != 0 and not variables
    assert err.startswith(NOT_RUNNING) and "deployer sandbox start" in err


@pytest.mark.parametrize("words", ["--no-such-option", "--account", "and-more"])
def test_words_that_it_does_not_take(tmp_path: Path, words: str) -> None:
    code, variables, err = evaluated(tmp_path, words)
    assert code != 0 and not variables and err.startswith("error: ")


@pytest.mark.parametrize(
    "reply",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"", http("[]"), http('{"pid": 1}'), http("<html>"), http("\\xff")],
    ids=["another protocol", "nothing", "a list", "another process", "a page", "no JSON"],
)
def test_one_that_ended_and_left_its_port_to_another_program(tmp_path: Path, reply: bytes) -> None:
    with answering(reply) as port:
        state.write(state.SandboxState(os.getpid(), port, str(tmp_path), "00" * 32))
        code, variables, err = evaluated(tmp_path)
    assert code != 0 and not variables and err.startswith(NOT_RUNNING)


def test_one_that_was_killed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    state.write(state.SandboxState(os.getpid(), port, str(tmp_path), "00" * 32))
    code, variables, err = evaluated(tmp_path)
    assert code != 0 and not variables and err.startswith(NOT_RUNNING)


def after_leaving(home: Path, words: str = "") -> tuple[int, str, str]:
    """The same after the shell has left a sandbox that was running when it entered, and has stopped since."""
    state.write(state.SandboxState(os.getpid(), 4566, str(home), "00" * 32))
    entered = state.environment(state.SandboxState(1, 4566, str(home), "00" * 32), env={"NO_PROXY": "intranet"})
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in entered.items())
    script = f'{lines}eval "$({sys.executable} -m generator sandbox env --unset {words})"\ncode=$?\nenv\nexit $code'
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        ["sh", "-c", script], env={**clean, state.HOME_VARIABLE: str(home)}, capture_output=True, text=True
    )
    return done.returncode, done.stdout, done.stderr


def test_a_shell_leaves_the_sandbox_and_keeps_what_was_its_own(tmp_path: Path) -> None:
    code, variables, err = after_leaving(tmp_path)
    left = [line for line in variables.splitlines() if line.startswith(("AWS_", "DEPLOYER_CA_BUNDLE", "NO_PROXY"))]
    assert code == 0 and left == ["NO_PROXY=intranet,127.0.0.1,localhost"]
    assert "AWS_PROFILE, is not set again" in err


def test_a_shell_that_is_not_in_the_sandbox_loses_nothing(tmp_path: Path) -> None:
    code, _, err = evaluated(tmp_path, "--unset")
    assert code != 0 and "does not point to the sandbox" in err


def test_a_script_reads_the_failure_from_the_envelope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(state.HOME_VARIABLE, str(tmp_path))
    assert main(["sandbox", "env", "--output", "json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "sandbox-not-running"
    code, variables, _ = evaluated(tmp_path, "--output json")
    assert code != 0 and not variables


def test_no_other_command_prints_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(state.HOME_VARIABLE, str(tmp_path))
    assert main(["sandbox", "database"]) == 4
    assert not capsys.readouterr().out
