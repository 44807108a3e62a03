"""How connections through a tunnel end: each side learns at once that the other has, and nobody loses an answer."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer, until_line

SOON = 3.0  # seconds, on a busy machine; it was ten
Serve = Callable[[socket.socket], None]


@contextmanager
def tunnel_to(deployer: Deployer, serve: Serve) -> Iterator[tuple[int, list[float]]]:
    """A tunnel to a server that treats each connection by `serve`: its port, and when each one ended there."""
    ended: list[float] = []

    def accept(server: socket.socket) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=treat, args=(connection,), daemon=True).start()

    def treat(connection: socket.socket) -> None:
        with connection:
            serve(connection)
        ended.append(time.monotonic())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        deployer.behind(p3035=server.getsockname()[1])
        tunnel = deployer.start("connect", "-L", "0:localhost:3035")
        try:
            yield int(until_line(tunnel.stderr, "leads to").split()[0].rpartition(":")[2]), ended
        finally:
            tunnel.terminate()
            tunnel.communicate(timeout=10)
            control("DELETE", "instances/x")


def silent(connection: socket.socket) -> None:
    """A database with an idle client: it reads until the end."""
    while connection.recv(65_536):
        pass


def wait_for_end(ended: list[float], began: float) -> float:
    while not ended and time.monotonic() < began + 20:
        time.sleep(0.02)
    assert ended, "the far side never heard of it"
    return ended[0] - began


CLIENT = "import socket, sys; s = socket.create_connection(('127.0.0.1', {})); s.sendall(b'x'); sys.stdin.read(1); {}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists its sockets")
@pytest.mark.parametrize("end", ["s.close(); sys.stdin.read()", "raise SystemExit", "killed"])
def test_the_far_side_learns_at_once_that_a_program_here_has_gone(deployer: Deployer, end: str) -> None:
    with tunnel_to(deployer, silent) as (port, ended):
        code = CLIENT.format(port, "pass" if end == "killed" else end)
        client = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
        try:
            time.sleep(0.5)
            assert not ended
            if end == "killed":
                os.kill(client.pid, signal.SIGKILL)
            else:
                assert client.stdin
                client.stdin.write(b"\n")
                client.stdin.flush()
            assert wait_for_end(ended, time.monotonic()) < SOON
        finally:
            client.kill()
            client.communicate()


def test_a_long_answer_to_a_client_that_has_finished_sending_arrives_whole(deployer: Deployer) -> None:
    """As `nc -N` and HTTP/1.0 ask."""
    answer = bytes(range(256)) * 4096

    def serve(connection: socket.socket) -> None:
        connection.recv(100)
        time.sleep(1.5)
        connection.sendall(answer)

    with tunnel_to(deployer, serve) as (port, _), socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        got = b""
        while data := client.recv(65_536):
            got += data
    assert got == answer


@pytest.mark.parametrize("close", ["close", "half-close"])
def test_a_client_here_learns_at_once_that_the_far_side_has_ended(deployer: Deployer, close: str) -> None:
    """All that it said before arrives, although the client goes on sending."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"x" * 100_000)
        if close == "half-close":
            connection.shutdown(socket.SHUT_WR)
            silent(connection)

    with tunnel_to(deployer, serve) as (port, _), socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(SOON)
        got = 0
        while data := client.recv(65_536):
            got += len(data)
        assert got == 100_000


def test_curl_and_its_server_part_without_waiting(deployer: Deployer) -> None:
    began = time.monotonic()
    command = shlex.join(["curl", "-sS", "--max-time", "8", "-o", os.devnull, "-w", "%{http_code}"])
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", f"{command} http://localhost:$DEPLOYER_PORT/")
    assert (done.code, done.out) == (0, "200") and time.monotonic() - began < 10
