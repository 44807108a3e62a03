"""The grades in MySQL 8 and Aurora MySQL 3, as SQL.

The grants stand on the named database, not on *.*, which would include the server's own tables. Ending a session goes
through RDS's own procedures, as RDS gives nobody CONNECTION_ADMIN (RDS user guide, "Ending a session or query"). A
token is taken by AWSAuthenticationPlugin, over TLS only (RDS user guide, "Creating a database account").
"""

from __future__ import annotations

from generator.model.database import Grade
from generator.operations.database.sql import mysql_identifier, mysql_schema_pattern, script

_DATA = {
    Grade.READ: "SELECT, SHOW VIEW",
    Grade.WRITE: "SELECT, INSERT, UPDATE, DELETE, SHOW VIEW",
}


def bootstrap(database: str, users: dict[str, Grade]) -> str:
    """The script that makes the users given (name to grade). Safe to run again. MySQL commits each statement."""
    return script(*(statement for user, grade in sorted(users.items()) for statement in _user(database, user, grade)))


def drop_user(user: str) -> str:
    """The script that takes a user away. Its live sessions go on until they end or are ended."""
    return script(f"DROP USER IF EXISTS {_account(user)}")


def shut_out(users: list[str]) -> str:
    """The script after which no token of these users opens a connection."""
    return script(*(f"ALTER USER IF EXISTS {_account(user)} ACCOUNT LOCK" for user in users))


def _user(database: str, user: str, grade: Grade) -> list[str]:
    account = _account(user)
    made = f"CREATE USER IF NOT EXISTS {account} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"
    return [made, f"ALTER USER {account} REQUIRE SSL", *_grants(database, account, grade)]


def _grants(database: str, account: str, grade: Grade) -> list[str]:
    if grade in _DATA:
        return [f"GRANT {_DATA[grade]} ON {mysql_schema_pattern(database)}.* TO {account}"]
    procedures = ("rds_kill", "rds_kill_query")
    return [
        f"GRANT PROCESS ON *.* TO {account}",
        f"GRANT SELECT ON `performance_schema`.* TO {account}",
        f"GRANT SELECT ON `sys`.* TO {account}",
        *(f"GRANT EXECUTE ON PROCEDURE `mysql`.`{name}` TO {account}" for name in procedures),
    ]


def _account(user: str) -> str:
    return f"{mysql_identifier(user)}@`%`"
