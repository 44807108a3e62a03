"""The front before MySQL: what it changes in the exchange, and what it does not let by."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pymysql
import pytest
from pymysql.constants import COMMAND

from generator.host import mysql_front
from generator.host.drivers import SqlRefused
from generator.model.database import ClientProgram
from generator.operations.database import connect
from generator.sandbox.database.certificates import certify
from generator.sandbox.database.mysql_packets import LONGEST, Packet, error
from tests.database.conftest import ENDPOINT

from .conftest import World, login, token


def query(text: bytes, number: int = 0) -> Packet:
    return Packet(number, b"\x03" + text)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        (b"CREATE USER x IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'", b"auth_socket AS 'me'"),
        (b"CREATE USER x IDENTIFIED WITH 'awsauthenticationplugin'  as 'RDS'", b"WITH auth_socket AS 'me'"),
        (b"SET @c = 'CREATE USER x IDENTIFIED WITH AWSAuthenticationPlugin AS ''RDS'''", b"auth_socket AS ''me'''"),
        (b"SELECT 1 FROM mysql.user WHERE plugin <> 'AWSAuthenticationPlugin'", b"plugin <> 'auth_socket'"),
    ],
)
def test_rdss_plugin_is_one_that_mysql_has(typed: bytes, sent: bytes) -> None:
    made = query(typed).for_community("me")
    assert made.payload.endswith(sent)
    assert bytes(made)[:4] == len(made.payload).to_bytes(3, "little") + b"\0"


def test_what_is_no_statement_is_left_alone() -> None:
    text = b"'AWSAuthenticationPlugin'"
    for packet in (query(text, number=2), Packet(0, b"\x17" + text), Packet(0, b"\x03" + text * (LONGEST // 25 + 1))):
        assert packet.for_community("me") == packet


def test_an_error_is_as_the_server_words_one() -> None:
    assert bytes(error(3, 1045, "28000", "no")) == b"\x0b\0\0\x03\xff\x15\x04#28000no"


def test_no_user_is_changed_on_an_open_connection(world: World) -> None:
    with world.open() as master:
        assert master("SELECT 1") == [(1,)]
    connection = pymysql.connect(
        host="127.0.0.1",
        port=world.server.port,
        user="master",
        password=world.server.password,
        ssl={"check_hostname": False},
    )
    with pytest.raises(pymysql.OperationalError, match="Unknown command"):
        connection._execute_command(COMMAND.COM_CHANGE_USER, "alice_w\0\0\0")
        connection._read_ok_packet()
    connection.close()


def test_rdss_own_user_never_comes_in(world: World) -> None:
    with pytest.raises(SqlRefused, match="Access denied"), world.open("rdsadmin"):
        pass


def test_the_client_may_ask_for_compression_and_gets_none(at_home: World) -> None:
    server = at_home.server
    ways = [f"--host={ENDPOINT}", f"--port={server.port}", "--user=alice_r", f"--ssl-ca={server.ca_bundle}"]
    argv = ["mysql", *ways, "--host=127.0.0.1", "--protocol=TCP", "--ssl-mode=VERIFY_CA", "--enable-cleartext-plugin"]
    statement = ["--compression-algorithms=zstd,zlib,uncompressed", "-Ne", "SHOW STATUS LIKE 'Compression'"]
    env = {**os.environ, "MYSQL_PWD": token()}
    done = subprocess.run([*argv, *statement], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["Compression", "OFF"], done.stderr


def test_no_server_outlives_the_process_that_started_it() -> None:
    program = (
        "import asyncio, os\nfrom generator.model.database import Engine\n"
        "from generator.sandbox.database import server\n"
        "async def main():\n  async with server.running(engine=Engine.MYSQL) as made:\n"
        "    print(made.socket.parent, flush=True)\n    os.kill(os.getpid(), 9)\nasyncio.run(main())\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    home, deadline = Path(done.stdout.strip()), time.monotonic() + 20
    assert home.name.startswith("deployer-my-"), done.stderr
    while home.exists():
        assert time.monotonic() < deadline, "the watcher has not cleaned up"
        time.sleep(0.05)


def test_what_to_install_is_said_where_there_is_no_mysql(tmp_path: Path) -> None:
    fake = tmp_path / "mysqld"
    fake.write_text("#!/bin/sh\necho 'mysqld  Ver 10.11.6-MariaDB for Linux'\n")
    fake.chmod(0o755)
    program = (
        "import asyncio, sys; sys.executable = sys.argv[1]\nfrom generator.sandbox.database import mysql\n"
        "from generator.errors import DeployerError\n"
        "try:\n  print(asyncio.run(mysql.program()))\nexcept DeployerError as error:\n  print(error.code, error.hint)\n"
    )
    argv = [sys.executable, "-c", program, str(tmp_path / "python")]
    done = subprocess.run(argv, env={**os.environ, "PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.stdout.startswith(("mysql-missing Put its mysqld on the PATH.", "/usr/sbin/")), done.stderr


def test_one_bundle_may_hold_several_authorities_of_the_one_name(at_home: World, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    others = [certify(ENDPOINT, tmp_path).ca_bundle.read_text() for _ in range(2)]
    bundle.write_text("".join([*others, at_home.server.ca_bundle.read_text()]))
    connect.check_connection(ClientProgram.mysql, login(), at_home.route(ca_bundle=str(bundle)))


def test_the_far_end_is_closed_where_the_client_gives_up_before_it_speaks_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    async def refused(*args: object) -> None:
        raise ssl.SSLError("the client has gone")

    async def opened(*args: object) -> tuple[object, object]:
        return object(), SimpleNamespace(close=lambda: closed.append("far end"))

    async def serve() -> None:
        near, client = socket.socketpair()
        with near, socket.create_server(("127.0.0.1", 0)) as listener:

            async def greeted(client: socket.socket, server: socket.socket, far_end: object) -> bytes:
                await asyncio.get_running_loop().sock_connect(server, listener.getsockname())
                return b"greeting"

            async def packet(source: socket.socket) -> bytes:
                return b"request"

            async def wanted(*args: object) -> bool:
                return True

            replaced = {"_greeting": greeted, "_packet": packet, "_wants_tls": wanted}
            for name, stand_in in {**replaced, "_far_streams": opened, "_near_streams": refused}.items():
                monkeypatch.setattr(mysql_front, name, stand_in)
            await mysql_front._serve(client, mysql_front.FarEnd(0, "db", ""), ssl.create_default_context())

    asyncio.run(serve())
    assert closed == ["far end"]
