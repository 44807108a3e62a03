"""A real MySQL on a private socket: the mysqld on the PATH or beside this Python, if it is Oracle's, 8.0 or newer.

RDS has and MySQL lacks: a master user without SUPER, who has rds_superuser_role (RDS user guide, "Role-based privilege
model"), and the procedures that end sessions; both are added. AWSAuthenticationPlugin is RDS's own: the front replaces
it by auth_socket.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from generator.errors import DeployerError
from generator.sandbox.database import process
from generator.sandbox.database.certificates import certify
from generator.sandbox.database.master_user import SUPERUSER, Owner, Server

OLDEST = 8
_END = "$$"  # of a statement; the procedures hold semicolons
# CONNECTION_ADMIN is left out: RDS for MySQL has none since 8.0.36, and Aurora's role often lacks it. So is
# SET_USER_ID, which newer servers call otherwise.
_PRIVILEGES = """ALTER, ALTER ROUTINE, CREATE, CREATE ROLE, CREATE ROUTINE, CREATE TEMPORARY TABLES, CREATE USER,
CREATE VIEW, DELETE, DROP, DROP ROLE, EVENT, EXECUTE, INDEX, INSERT, LOCK TABLES, PROCESS, REFERENCES, RELOAD,
REPLICATION CLIENT, REPLICATION SLAVE, SELECT, SHOW DATABASES, SHOW VIEW, TRIGGER, UPDATE, APPLICATION_PASSWORD_ADMIN,
ROLE_ADMIN, SHOW_ROUTINE, XA_RECOVER_ADMIN""".replace("\n", " ")
# Data that ends with the sandbox needs no safety on the disk; what is not used is not started.
_SETTINGS = (
    "--secure-file-priv=NULL", "--skip-log-bin", "--mysqlx=OFF", "--log-error-verbosity=1",
    "--innodb-redo-log-capacity=64M", "--innodb-buffer-pool-size=32M", "--innodb-doublewrite=OFF",
    "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
    "--auto-generate-certs=OFF", "--caching-sha2-password-auto-generate-rsa-keys=OFF",
)  # fmt: skip


async def program() -> Path:
    """The mysqld to run. Raises DeployerError with what to install when there is none."""
    places = os.pathsep.join((os.environ.get("PATH", ""), str(Path(sys.executable).parent), "/usr/sbin"))
    for directory in places.split(os.pathsep):
        if (path := shutil.which("mysqld", path=directory)) and await _is_oracles(path):
            return Path(path).resolve()
    raise DeployerError(
        f"The sandbox needs a MySQL server (Oracle's, {OLDEST}.0 or newer), and this computer has none.",
        "Put its mysqld on the PATH. Ubuntu: apt install mysql-server-core-8.0; for a checkout: .ci/real-mysql.",
        code="mysql-missing",
    )


async def _is_oracles(mysqld: str) -> bool:
    probe = await asyncio.create_subprocess_exec(mysqld, "--version", stdout=asyncio.subprocess.PIPE)
    output, _ = await probe.communicate()
    version = re.search(rb"Ver (\d+)\.", output)
    return b"MariaDB" not in output and version is not None and int(version[1]) >= OLDEST


@asynccontextmanager
async def running(owner: Owner) -> AsyncIterator[Server]:
    """A fresh server with an empty database while the block runs; it is removed afterwards."""
    with process.home("deployer-my-") as home:
        argv = [await _command(home), "--no-defaults", *_SETTINGS, f"--datadir={home.path / 'data'}"]
        await process.run(home, [*argv, "--initialize-insecure"])
        socket = home.path / "mysqld.sock"
        listening = (f"--socket={socket}", "--skip-networking", "--plugin-load-add=auth_socket.so")
        argv += [*listening, *_certificate(home), f"--init-file={_first_statements(home, owner)}"]

        async def accepts() -> bool:
            try:
                reader, writer = await asyncio.open_unix_connection(str(socket))
                answered = await reader.read(1)
                writer.close()
                return bool(answered)
            except OSError:
                return False

        async with process.running(home, argv, "KILL", accepts):  # there is nothing to keep
            (home.path / "first.sql").unlink()
            yield Server(socket, owner)


async def _command(home: process.Home) -> str:
    """mysqld where its user can run it; one from .ci/real-mysql may be copied with its package."""
    path = await program()
    package = path.parent.parent
    return str(home.readable(package) / "bin" / path.name if (package / "libexec").exists() else path)


def _certificate(home: process.Home) -> list[str]:
    """MySQL's own certificate: the front uses TLS when the client does, so that REQUIRE SSL is MySQL's decision."""
    certify("localhost", home.path)
    for file in ("ca.pem", "server.pem", "server.key"):
        home.own(home.path / file)
    return [f"--ssl-{kind}={home.path / file}" for kind, file in (("cert", "server.pem"), ("key", "server.key"))]


def _first_statements(home: process.Home, owner: Owner) -> Path:
    path = home.path / "first.sql"
    path.touch(0o600)
    path.write_text(
        f"DELIMITER {_END}\n" + "".join(f"{statement}{_END}\n" for statement in statements(owner)), encoding="utf-8"
    )
    home.own(path)
    return path


def socket_user() -> str:
    """The local user that auth_socket sees at the other end: this process's."""
    return pwd.getpwuid(os.geteuid()).pw_name


def statements(owner: Owner) -> tuple[str, ...]:
    """What RDS has and MySQL lacks, one statement a line, as an init file needs it."""
    admin = f"'{SUPERUSER}'@'localhost'"
    password = owner.password.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "")
    return (
        f"CREATE USER {admin} ACCOUNT LOCK",
        f"GRANT ALL ON *.* TO {admin}",
        _procedure("rds_kill", "CONNECTION"),
        _procedure("rds_kill_query", "QUERY"),
        "CREATE ROLE rds_superuser_role",
        f"GRANT {_PRIVILEGES} ON *.* TO rds_superuser_role WITH GRANT OPTION",
        f"CREATE USER `{owner.user}`@`%` IDENTIFIED BY '{password}'",
        f"GRANT rds_superuser_role TO `{owner.user}`@`%` WITH ADMIN OPTION",
        f"SET DEFAULT ROLE ALL TO `{owner.user}`@`%`",
        f"CREATE DATABASE `{owner.database}`",
        "DROP USER 'root'@'localhost'",
    )


def _procedure(name: str, what: str) -> str:
    """RDS's procedure of that name: whoever may execute it ends any session but RDS's own."""
    rds = f"SELECT 1 FROM information_schema.processlist WHERE id = thread AND user = '{SUPERUSER}'"  # noqa: S608 - a constant
    refusal = "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'ERROR (RDS): CANNOT KILL RDSADMIN SESSION'"
    body = f"BEGIN IF EXISTS ({rds}) THEN {refusal}; ELSE KILL {what} thread; END IF; END"
    definer = f"DEFINER = '{SUPERUSER}'@'localhost'"
    return f"CREATE {definer} PROCEDURE mysql.{name}(IN thread BIGINT) SQL SECURITY DEFINER {body}"
