"""connect as it is used: whole commands, real bytes, and no session left behind."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from generator.cli.callers import SessionInvocation
from generator.cli.invocation import Invocation
from generator.model.session import Target
from generator.operations.sessions import access_watch
from tests.sandbox_keys import control
from tests.sessions.conftest import STACK, Deployer, as_support, until_line, wait_for

FETCH = "import os, urllib.request as u; print(u.urlopen('http://localhost:' + os.environ['{}']).read().decode())"
Ended = Callable[[Popen[str], signal.Signals], int]


def fetch(variable: str = "DEPLOYER_PORT") -> str:
    """A command that prints the page behind a tunnel."""
    return shlex.join([sys.executable, "-c", FETCH.format(variable)])


@pytest.fixture
def echo() -> Iterator[int]:
    """A server that sends back what it gets; its port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_echo, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def _echo(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(65_536):
            connection.sendall(data)


def test_a_command_runs_while_its_tunnel_is_up(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", fetch())
    assert done.code == 0, done.err
    assert "DeepSQL (imitated by the sandbox)" in done.out
    assert "leads to localhost:3035" in done.err and " up " in done.err, "the figures are no output of the command"


def test_the_standard_output_of_exec_holds_the_commands_output_and_nothing_else(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", "printf 'exactly this'")
    assert done.code == 0 and done.out == "exactly this"


@pytest.mark.parametrize("argv", [(), ("-L", "0:localhost:3035", "-L", "0:localhost:3035", "--exec", "true")])
def test_what_the_agent_has_to_tell_the_user_is_shown_once(deployer: Deployer, argv: tuple[str, ...]) -> None:
    connected = deployer.start("connect", *argv)
    _, err = connected.communicate("exit\r", timeout=30)
    assert err.count("This session is served by the deployer sandbox.") == 1, err


def test_each_connection_that_a_tunnel_accepts_has_a_line(deployer: Deployer) -> None:
    tunnel = deployer.start("connect", "-L", "0:localhost:3035")
    [port] = re.findall(r"localhost:(\d+) leads to", until_line(tunnel.stderr, "leads to"))
    accepted = f"Connection accepted on port {port} for session {deployer.live()[0].session_id}\n"
    for address in ("127.0.0.1", "127.0.0.1"):
        with socket.create_connection((address, int(port))):
            assert until_line(tunnel.stderr, "Connection") == accepted
    tunnel.terminate()
    tunnel.communicate(timeout=15)


def test_the_connections_of_a_command_that_runs_beside_have_no_lines(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", fetch())
    assert "imitated by the sandbox" in done.out and "Connection accepted" not in done.err


def test_the_exit_code_is_the_commands_own(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", "exit 3", "--output", "json")
    assert (done.code, done.result["exit_code"], done.error) == (3, 3, None)  # and not a check that found something


def test_json_is_one_envelope_though_the_command_prints(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", fetch(), "--output", "json")
    (tunnel,) = done.result["tunnels"]
    assert tunnel["far_end"] == "localhost:3035" and tunnel["received"] > 100
    assert "imitated by the sandbox" in done.err


def test_several_forwards_to_one_far_end_share_a_session(deployer: Deployer) -> None:
    argv = ("-L", "0:localhost:3035", "-L", "0:localhost:3035")
    done = deployer("connect", *argv, "--exec", fetch("DEPLOYER_PORT_2"), "--output", "json")
    first, second = done.result["tunnels"]
    assert first["session_id"] == second["session_id"] and first["local"] != second["local"]


def test_the_target_is_an_id_a_name_or_an_address(deployer: Deployer) -> None:
    address = deployer.gateway.ec2.describe_instance(deployer.instance).private_ip
    for target in (deployer.instance, address, "deepsql-selfhost"):
        done = deployer("connect", target, "-L", "0:localhost:3035", "--exec", "true", "--output", "json")
        assert done.result["target"] == deployer.instance, done.err


def test_an_unknown_target_is_not_found(deployer: Deployer) -> None:
    done = deployer("connect", "web-99")
    assert done.code == 4 and "There is no instance web-99" in done.err


def test_a_local_port_in_use_is_said_before_any_call(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, monkeypatch.context() as patch:
        port = taken.getsockname()[1]
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody answers there
        done = deployer("connect", "-L", f"{port}:localhost:3035")
    assert done.code == 1 and f"port {port} is in use" in done.err


def test_a_port_the_document_does_not_allow_is_refused_in_words(deployer: Deployer) -> None:
    document = f"deepsql-port-{deployer.instance}"
    done = deployer("connect", "-L", "0:localhost:22", "--exec", "true", "--document", document)
    assert done.code == 1 and "does not allow port 22" in done.err and "--support-ports" not in done.err


def test_exec_without_a_tunnel_is_a_usage_error(deployer: Deployer) -> None:
    assert deployer("connect", "--exec", "true").code == 2


def test_a_shell_reads_commands_and_the_reason_is_recorded(deployer: Deployer) -> None:
    shell = deployer.start("connect", "--reason", "TICKET-7")
    assert shell.stdin and shell.stdout
    shell.stdin.write("whoami\r")
    shell.stdin.flush()
    until_line(shell.stdout, "ssm-user")
    (session,) = deployer.live()
    assert session.reason == "TICKET-7" and session.target == deployer.instance
    shell.stdin.write("exit\r")
    shell.stdin.close()
    assert shell.wait(10) == 0


def test_a_shell_of_support_ends_after_its_minutes_and_the_customers_goes_on(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, own = deployer.instance, deployer.start("connect")
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        theirs = deployer.start("connect", name)
    by_document = wait_for(lambda: len(live := {s.document: s for s in deployer.live()}) == 2 and live)
    assert set(by_document) == {f"deepsql-customer-shell-{name}", f"deepsql-shell-{name}"}
    try:
        for shell in (own, theirs):
            until_line(shell.stderr, "served by the deployer sandbox")
        control("POST", "clock", {"ahead": 59 * 60})
        time.sleep(1.5)
        assert theirs.poll() is None
        control("POST", "clock", {"ahead": 61 * 60})
        assert theirs.wait(10) == 0 and theirs.stderr
        assert "Session reached its maximum duration." in theirs.stderr.read()
        assert own.poll() is None and [s.document for s in deployer.live()] == [f"deepsql-customer-shell-{name}"]
    finally:
        control("POST", "clock", {"ahead": 0})
    own.communicate("exit\r", timeout=10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_session_before_the_process(deployer: Deployer, ended: Ended, number: signal.Signals) -> None:
    tunnel = deployer.start("connect", "-L", "0:localhost:3035")
    until_line(tunnel.stderr, "leads to")
    assert len(deployer.live()) == 1
    assert ended(tunnel, number) == 130
    assert deployer.live() == []


def test_a_session_ended_by_an_administrator_ends_the_command(deployer: Deployer) -> None:
    tunnel = deployer.start("connect", "-L", "0:localhost:3035")
    until_line(tunnel.stderr, "leads to")
    deployer.gateway.ssm.terminate_session(deployer.live()[0].session_id)
    _, err = tunnel.communicate(timeout=10)
    assert tunnel.returncode == 1 and "ended from the other side" in err and "was terminated" in err


def test_a_tunnel_closes_after_the_time_given(deployer: Deployer) -> None:
    done = deployer("connect", "-L", "0:localhost:3035", "--for", "1s", "--output", "json")
    assert done.code == 0 and done.result["ended"] == "The time for this session is over."


def test_megabytes_pass_both_ways_with_the_rate_the_service_allows(deployer: Deployer, echo: int) -> None:
    deployer.behind(p3035=echo)
    tunnel = deployer.start("connect", "-L", "0:localhost:3035")
    port = int(until_line(tunnel.stderr, "leads to").split()[0].rpartition(":")[2])
    sent, got = os.urandom(1 << 20), b""
    try:
        with socket.create_connection(("localhost", port)) as connection:
            threading.Thread(target=connection.sendall, args=(sent,), daemon=True).start()
            while len(got) < len(sent) and (data := connection.recv(65_536)):
                got += data
    finally:
        tunnel.terminate()
        tunnel.communicate(timeout=10)
        control("DELETE", "instances/x")
    assert got == sent


def test_an_unsigned_channel_is_named_when_the_service_wants_a_signature(deployer: Deployer) -> None:
    control("PUT", f"instances/{deployer.instance}", {"requireSignature": True})
    try:
        unsigned = deployer("connect", "-L", "0:localhost:3035", "--exec", "true", "--unsigned-channel")
        signed = deployer("connect", "-L", "0:localhost:3035", "--exec", "true")
    finally:
        control("PUT", f"instances/{deployer.instance}", {"requireSignature": False})
    assert unsigned.code == 1 and "refused the unsigned opening" in unsigned.err
    assert signed.code == 0, signed.err


def test_support_connects_though_it_may_not_read_the_stack(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        tunnel = deployer("connect", "-L", "0:localhost:3035", "--exec", fetch())
        beyond = deployer("connect", "-L", "0:10.0.0.9:5432", "--exec", "true")
        plain = deployer("connect", "--document", "SSM-SessionManagerRunShell")
    assert tunnel.code == 0 and "imitated by the sandbox" in tunnel.out, tunnel.err
    assert beyond.code == 1 and "is not granted to you" in beyond.err
    assert plain.code == 1 and "You may not use SSM-SessionManagerRunShell on" in plain.err
    assert wait_for(lambda: not deployer.live())


def test_a_tunnel_of_support_closes_when_its_access_ends(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(access_watch, "INTERVAL", 0.2)
    outputs = deployer.gateway.cloudformation.describe_stack(STACK).outputs
    iam, who = deployer.gateway.client("iam"), {"UserName": outputs["SupportUserName"]}
    denied = {"Effect": "Deny", "Action": "ssm:GetConnectionStatus", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})

    def end_access() -> None:
        """Once the tunnel is open and has been answered that access stands."""
        wait_for(opened.exists, 60)
        iam.put_user_policy(**who, PolicyName="ended", PolicyDocument=document)

    opened = tmp_path / "opened"
    threading.Thread(target=end_access).start()
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("connect", "-L", "0:localhost:3035", "--exec", f"sleep 3; touch {opened}; sleep 60")
    iam.delete_user_policy(**who, PolicyName="ended")
    assert done.code == 1 and "Your access to" in done.err and "has ended" in done.err


def test_at_a_terminal_a_tunnel_shows_its_figures_until_an_interrupt(deployer: Deployer) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "generator", "connect", "-L", "0:localhost:3035", "--for", "1h"]
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "24"}
    process = Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=env)
    os.close(theirs)
    try:
        shown = read_until(ours, b"0 open")
        process.send_signal(signal.SIGINT)
        shown += read_until(ours, b"open sessions were closed")
        assert process.wait(15) == 130
    finally:
        process.terminate()
        process.wait(15)
        os.close(ours)
    for figure in (b"0 B up", b"0 B/s", b"59 min"):
        assert figure in shown, shown


def read_until(terminal: int, text: bytes, seconds: float = 20) -> bytes:
    """What a terminal shows, up to and with `text`."""
    shown, end = b"", time.monotonic() + seconds
    while text not in shown:
        assert select.select([terminal], [], [], end - time.monotonic())[0], shown
        shown += os.read(terminal, 4096)
    return shown


def test_several_instances_are_offered_at_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    call, found = Invocation(), [Target("i-0a", "web"), Target("i-0b", "web")]
    monkeypatch.setattr(Invocation, "interactive", True)
    monkeypatch.setattr("builtins.input", lambda: "i-0b")
    assert SessionInvocation(call).choose(found) is found[1]
    monkeypatch.setattr(Invocation, "interactive", False)
    assert SessionInvocation(call).choose(found) is None


@pytest.mark.parametrize("command", [["connect"], ["run", "--", "true"], ["ssh"]])
def test_a_mistyped_stack_leads_to_no_other_stacks_instance(command: list[str], deployer: Deployer) -> None:
    first, *rest = command
    refused = deployer(first, "--stack-name", "nope", *rest)
    assert refused.code == 4 and "There is no stack nope" in refused.err, refused.err
    assert not deployer.live()
