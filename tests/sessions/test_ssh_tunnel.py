"""A database behind a bastion by `ssh -L`: real sshd, real psql, and what limits where the tunnel leads."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from generator.host.clients import find
from generator.model.database import AccessLevel
from generator.operations.database import postgresql
from generator.sandbox.database.rds_server import RdsServer, rds_server
from tests.database.conftest import ENDPOINT, KEYS, World, sign
from tests.sessions import sshd
from tests.sessions.conftest import Deployer, wait_for
from tests.sessions.sshd import USER, free_port

Tunnel = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def database() -> Iterator[RdsServer]:
    """A real PostgreSQL that takes IAM tokens over TLS, under an endpoint's name that nobody here can look up."""
    with rds_server(ENDPOINT, KEYS.__getitem__, lambda claim, user: True) as server:
        World(server).connect().execute(postgresql.bootstrap("app", {"alice_r": AccessLevel.READ}))
        yield server


@pytest.fixture
def tunnel(deployer: Deployer, tmp_path: Path) -> Iterator[Tunnel]:
    """Start an sshd with these lines of configuration behind the instance, and a tunnel through it."""
    started: list[subprocess.Popen[str]] = []
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", "")

        def start(local: int, far: int, limits: str = "") -> subprocess.Popen[str]:
            port = free_port()
            deployer.behind(p22=port)
            server = sshd.serve(tmp_path / "sshd", keys, port, limits)
            server.__enter__()
            servers.append(server)
            words = ("-N", "-o", "ExitOnForwardFailure=yes", "-L", f"127.0.0.1:{local}:127.0.0.1:{far}", f"{USER}@.")
            started.append(deployer.start("ssh", *words))
            wait_for(lambda: _accepts(local) or started[-1].poll() is not None, 20)
            return started[-1]

        servers: list[object] = []
        yield start
        for process in started:
            process.terminate()
            process.communicate(timeout=15)
        for server in servers:
            server.__exit__(None, None, None)  # type: ignore[attr-defined]


def _accepts(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def psql(database: RdsServer, port: int, statement: str) -> subprocess.CompletedProcess[str]:
    """As the page has it: the endpoint's name is verified, and the tunnel's local end is dialled."""
    program = find("psql")
    where = f"host={ENDPOINT} hostaddr=127.0.0.1 port={port} dbname=app user=alice_r"
    verified = f"{where} sslmode=verify-full sslrootcert={database.ca_bundle} connect_timeout=10"
    env = {**os.environ, **program.environment, "PGPASSWORD": sign()}
    argv = [str(program.path), verified, "-XAtc", statement]
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)


def test_psql_reaches_the_database_through_ssh_and_verifies_it(database: RdsServer, tunnel: Tunnel) -> None:
    local = free_port()
    tunnel(local, database.port)
    done = psql(database, local, "SELECT current_user, current_database()")
    assert (done.returncode, done.stdout) == (0, "alice_r|app\n"), done.stderr


LIMITS = (
    "Match User {}\n  AllowTcpForwarding local\n  PermitOpen 127.0.0.1:{}\n  PermitTTY no\n  ForceCommand /bin/false\n"
)


def test_permit_open_is_what_limits_where_ssh_leads_and_a_shell_is_refused(
    deployer: Deployer, database: RdsServer, tunnel: Tunnel
) -> None:
    local = free_port()
    tunnel(local, database.port, LIMITS.format(USER, 9))
    assert psql(database, local, "SELECT 1").returncode != 0
    assert deployer("ssh", f"{USER}@.", "id").code == 1
    again = free_port()
    tunnel(again, database.port, LIMITS.format(USER, database.port))
    assert psql(database, again, "SELECT 1").stdout == "1\n"


def test_without_it_ssh_leads_anywhere_whatever_support_ports_says(database: RdsServer, tunnel: Tunnel) -> None:
    """The stack's `SupportPorts` is 3035: sshd does not know of it."""
    local = free_port()
    tunnel(local, database.port)
    assert psql(database, local, "SELECT 1").stdout == "1\n"
