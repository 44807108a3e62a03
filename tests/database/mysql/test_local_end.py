"""The local end of a tunnel to MySQL: each connection that carries a token is one that was verified."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from generator.cli.main import main
from generator.errors import DeployerError
from generator.host.loopback_certificate import loopback_certificate
from generator.model.database import ClientProgram, Login, Route
from generator.operations.database import client_settings as settings
from generator.operations.database import connect
from generator.sandbox.database import certificates
from tests.canaries import watched
from tests.database.conftest import ENDPOINT

from .conftest import World, login

OTHER = "other.cluster-x.us-east-1.rds.amazonaws.com"
CLIENTS = pytest.mark.parametrize("client", [ClientProgram.mysql, ClientProgram.none])  # none is checked by the driver


def mysql(who: Login, way: Route, statement: str, *options: str) -> subprocess.CompletedProcess[str]:
    """The client as a person starts it."""
    argv = [*settings.client_argv(who, way), "-N", *options, "-e", statement]
    env = {**os.environ, **settings.client_environment(who)}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)


@dataclass
class Impostor:
    """Where a tunnel ends that leads to the database for the first `honest` connections, and then elsewhere.

    `got` is what arrived there: in TLS what was read from it.
    """

    real: int
    tls: ssl.SSLContext | None
    strips: bool = False
    honest: int = 1
    port: int = 0
    got: bytes = b""
    connections: int = 0
    sockets: list[socket.socket] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self.sockets.append(client)
                client.settimeout(10)
                self.connections += 1
                elsewhere = self.connections > self.honest
                threading.Thread(target=self.impersonate if elsewhere else self.carry, args=(client,)).start()

    def carry(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self.real))
        self.sockets.append(server)
        threading.Thread(target=_copy, args=(client, server)).start()
        _copy(server, client)

    def impersonate(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self.real)) as server, suppress(OSError):
            greeting = bytearray(server.recv(4096))
            if self.strips:
                at = greeting.index(b"\0", 5) + 14
                greeting[at + 1] &= ~(1 << 3)  # CLIENT_SSL
            client.sendall(greeting)
            self.got += client.recv(36)
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            while more := client.recv(4096):
                self.got += more
                if b"alice_r" in self.got:
                    client.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def hop(world: World, tls: ssl.SSLContext | None, **changed: object) -> Iterator[Impostor]:
    made = Impostor(world.server.port, tls, **changed)  # type: ignore[arg-type]
    with ExitStack() as open_now:
        listener = open_now.enter_context(socket.create_server(("127.0.0.1", 0)))
        made.port = listener.getsockname()[1]
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        yield made
        listener.shutdown(socket.SHUT_RDWR)
        for each in made.sockets:
            each.close()


def certified(directory: Path, name: str, life: timedelta = certificates.LIFE) -> certificates.Certified:
    directory.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(certificates, "LIFE", life)
        return certificates.certify(name, directory)


Kind = Callable[[Path], tuple[ssl.SSLContext | None, bool, str]]
KINDS: dict[str, tuple[Kind, str]] = {
    "another's authority": (lambda d: (certified(d, ENDPOINT).context, False, ""), "wrong-ca"),
    "self-signed": (lambda d: (loopback_certificate(d / "own", datetime.now(UTC)).context, False, ""), "wrong-ca"),
    "another name": (
        lambda d: ((made := certified(d, OTHER)).context, False, str(made.ca_bundle)),
        "wrong-host-name",
    ),
    "expired": (
        lambda d: ((made := certified(d, ENDPOINT, timedelta(minutes=-1))).context, False, str(made.ca_bundle)),
        "certificate-expired",
    ),
    "TLS taken out of the greeting": (lambda d: (None, True, ""), "no-tls"),
    "no TLS where it was promised": (lambda d: (None, False, ""), "connection-cut"),
}


@CLIENTS
@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_not_the_database_gets_no_token_and_is_told(
    at_home: World, tmp_path: Path, client: ClientProgram, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.host.mysql_front.SECONDS_TO_CONNECT", 1.5)  # for the one that goes silent
    make, code = KINDS[kind]
    tls, strips, bundle = make(tmp_path)
    with hop(at_home, tls, strips=strips, honest=0) as far:
        way = at_home.route(port=far.port, ca_bundle=bundle)
        with pytest.raises(DeployerError) as refused:
            connect.check_connection(client, login(), way)
        assert refused.value.code == code, refused.value.message
        assert b"alice_r" not in far.got and b"X-Amz-Signature" not in far.got and far.connections == 1


def test_a_hop_that_is_honest_to_the_first_connection_only_gets_no_token_from_the_second(
    at_home: World, tmp_path: Path
) -> None:
    with hop(at_home, certified(tmp_path, ENDPOINT).context) as far:
        who, way = login(), at_home.route(port=far.port)
        connect.check_connection(ClientProgram.mysql, who, way)
        done = mysql(who, way, "SELECT 1")
        assert (done.returncode, done.stdout, far.connections) == (1, "", 2)
        assert f"{ENDPOINT} is not what answers, so no login was sent: certificate verify failed" in done.stderr
        assert b"alice_r" not in far.got and b"X-Amz-Signature" not in far.got


def test_the_test_would_see_a_token_that_was_sent(at_home: World, tmp_path: Path) -> None:
    made = certified(tmp_path, ENDPOINT)
    with hop(at_home, made.context, honest=0) as far:
        mysql(login(), at_home.route(port=far.port, ca_bundle=str(made.ca_bundle)), "SELECT 1")
        assert b"alice_r" in far.got


def test_many_connections_at_once_each_get_their_own_answer(at_home: World) -> None:
    way = at_home.route()

    def ask(number: int) -> str:
        return mysql(login(), way, f"SELECT sleep(0.2) + {number}, repeat('{number % 10}', 200000)").stdout

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(12)))
    assert answers == [f"{number}\t{str(number % 10) * 200000}\n" for number in range(12)]


def test_a_large_result_and_a_large_statement_arrive_whole(at_home: World) -> None:
    way, large = at_home.route(), 40
    rows = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {large})"
    done = mysql(login(), way, f"{rows} SELECT repeat('x', 1048576) FROM n")
    assert (len(done.stdout), set(done.stdout)) == (large * 1048577, {"x", "\n"}), done.stderr
    text = "y" * 15_000_000  # close to a packet's limit
    argv = [*settings.client_argv(login(), way), "-N", "--max-allowed-packet=64M"]
    env = {**os.environ, **settings.client_environment(login())}
    said = subprocess.run(argv, input=f"SELECT length('{text}');", env=env, capture_output=True, text=True, timeout=60)
    assert said.stdout == "15000000\n", said.stderr[:300]


def test_compression_goes_through(at_home: World) -> None:
    done = mysql(login(), at_home.route(), "SELECT repeat('x', 100000)", "--compression-algorithms=zstd,uncompressed")
    assert len(done.stdout) == 100001, done.stderr


def test_a_client_that_ends_leaves_no_connection_to_the_database(at_home: World) -> None:
    with hop(at_home, None, honest=9) as far:
        way = at_home.route(port=far.port)
        assert mysql(login(), way, "SELECT 1").stdout == "1\n"
        deadline = time.monotonic() + 5
        near = far.sockets[0].dup()  # whoever copies goes on waiting at the other
        near.setblocking(False)
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                if near.recv(1, socket.MSG_PEEK) == b"":  # and not what the client sent last, still on its path
                    return
            time.sleep(0.05)
    pytest.fail("the connection stays")


def test_a_client_without_tls_is_told_and_its_login_goes_nowhere(at_home: World) -> None:
    with hop(at_home, None, honest=0) as far:
        done = mysql(login(), at_home.route(port=far.port), "SELECT 1", "--ssl-mode=DISABLED")
        assert "wants TLS (--ssl-mode=VERIFY_IDENTITY): nothing was sent to the database" in done.stderr
        assert far.got == b""


def test_what_else_listens_on_the_port_gets_no_token(at_home: World, tmp_path: Path) -> None:
    """As after the tunnel's end, when another user of the computer takes its port."""
    who, way = login(), at_home.route()
    with hop(at_home, certified(tmp_path, "127.0.0.1").context, honest=0) as far:
        done = mysql(who, Route(way.host, far.port, way.ca_bundle, way.database, way.local_certificate), "SELECT 1")
        assert "certificate verify failed" in done.stderr and b"alice_r" not in far.got


def test_the_token_goes_to_mysql_by_its_environment_alone(
    at_home: World, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["--endpoint", ENDPOINT, "--port", "3306", "--dbname", "app", "--local-port", "0", "--user", "alice_r"]
    with watched(tmp_path / "person") as seen:
        assert main(["db", "connect", *words, "-c", "SELECT 1", "--debug"]) == 0
        seen.shown += capfd.readouterr()
    assert "ssl-mode=VERIFY_IDENTITY" in "".join(seen.arguments)
    assert seen.where("X-Amz-Signature", os.environ["AWS_SECRET_ACCESS_KEY"]) == []


def test_a_local_port_in_use_is_told_before_a_session_is_started(
    at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ["--endpoint", ENDPOINT, "--port", "3306", "--local-port", port, "--user", "alice_r"]
        assert main(["db", "connect", *words, "-c", "SELECT 1"]) == 1
    assert "--local-port" in capsys.readouterr().err


def test_a_certificate_is_kept_until_it_is_about_to_expire_or_is_damaged(tmp_path: Path) -> None:
    home, now = tmp_path / "a" / "mysql", datetime.now(UTC)
    first = loopback_certificate(home, now).path.read_bytes()
    assert loopback_certificate(home, now + timedelta(days=300)).path.read_bytes() == first
    assert [oct(path.stat().st_mode & 0o777) for path in (home, home / "key.pem")] == ["0o700", "0o600"]
    assert b"PRIVATE" not in first and [path.name for path in home.parent.iterdir()] == ["mysql"]
    other = tmp_path / "b"
    loopback_certificate(other, now)
    for spoil in (
        lambda: (home / "key.pem").unlink(),
        lambda: (home / "certificate.pem").write_text("-----BEGIN CERTIFICATE-----\n"),
        lambda: (home / "key.pem").write_bytes((other / "key.pem").read_bytes()),
        lambda: shutil.rmtree(home),
    ):
        before = (home / "certificate.pem").read_bytes()
        spoil()
        assert loopback_certificate(home, now).path.read_bytes() != before
    assert loopback_certificate(home, now + timedelta(days=364)).path.read_bytes() != first


def test_the_certificate_pleases_a_strict_client(tmp_path: Path) -> None:
    """Python's own from 3.13 on checks as RFC 5280 has it."""
    made = loopback_certificate(tmp_path / "own", datetime.now(UTC))
    trusting = ssl.create_default_context(cafile=made.path)
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT

    async def greet() -> None:
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=made.context)
        async with server:
            _, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=trusting)
            writer.close()

    asyncio.run(greet())
