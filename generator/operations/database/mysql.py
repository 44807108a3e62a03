"""The grades in MySQL 8 and Aurora MySQL 3, as SQL.

The grants stand on the named database, not on *.*, which would include the server's own tables. Ending a session goes
through RDS's own procedures, as RDS gives nobody CONNECTION_ADMIN (RDS user guide, "Ending a session or query"). A
token is taken by AWSAuthenticationPlugin, over TLS only (RDS user guide, "Creating a database account").

A user of a grade is one whose name ends in it and whom that plugin lets in. MySQL commits each statement, and a script
stops at the first that fails. Sessions are read from information_schema: performance_schema is off on many of RDS's
instances, and then its tables are empty.
"""

from __future__ import annotations

from generator.model.database import Grade
from generator.operations.database.sql import (
    mysql_account,
    mysql_identifier,
    mysql_literal,
    mysql_schema_pattern,
    script,
)

_DATA = {
    Grade.READ: "SELECT, SHOW VIEW",
    Grade.WRITE: "SELECT, INSERT, UPDATE, DELETE, SHOW VIEW",
}
_PLUGIN = "AWSAuthenticationPlugin"
_SUFFIXES = ", ".join(f"'_{grade.value}'" for grade in Grade)
_KILL = "mysql.rds_kill"
GONE = "Unknown thread id"
"""What MySQL says of a session that has ended (ER_NO_SUCH_THREAD)."""


def bootstrap(database: str, users: dict[str, Grade]) -> str:
    """The script that makes the users given (name to grade), or lets them in again. Safe to run again."""
    return script(*(statement for user, grade in sorted(users.items()) for statement in _user(database, user, grade)))


def drop_user(user: str) -> str:
    """The script that takes a user away; no error where there is none. What it has open is ended apart (`sessions`)."""
    return script(
        _refuse(user, f"plugin <> '{_PLUGIN}' OR right(User, 2) NOT IN ({_SUFFIXES})"),
        f"DROP USER IF EXISTS {mysql_account(user)}",
    )


def shut_out(users: list[str]) -> str:
    """The script after which no token of these users opens a connection. What they have open is ended apart."""
    return script(*(f"ALTER USER IF EXISTS {mysql_account(user)} ACCOUNT LOCK" for user in users))


def sessions(users: list[str]) -> str:
    """A query for the ids of the sessions these users have open."""
    names = ", ".join(mysql_literal(user) for user in users)
    return f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER IN ({names}) AND ID <> connection_id()"


def end_session(session: int) -> str:
    """The statement that ends a session. The server says GONE of one that is not there."""
    return f"CALL {_KILL}({session:d})"


USERS = f"""SELECT u.User, right(u.User, 1), u.account_locked = 'N',
  (SELECT count(*) FROM information_schema.PROCESSLIST AS p WHERE p.USER = u.User)
FROM mysql.user AS u WHERE u.plugin = '{_PLUGIN}' AND u.Host = '%' AND right(u.User, 2) IN ({_SUFFIXES}) ORDER BY 1"""
"""The users of the grades: name, grade's letter, whether a token still opens a connection, live sessions."""


def _user(database: str, user: str, grade: Grade) -> list[str]:
    account = mysql_account(user)
    return [
        _refuse(user, f"plugin <> '{_PLUGIN}'"),
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED WITH {_PLUGIN} AS 'RDS'",
        f"ALTER USER {account} REQUIRE SSL ACCOUNT UNLOCK",
        *_grants(database, account, grade),
    ]


def _refuse(user: str, stranger: str) -> str:
    """A query that fails for an account of somebody else's, an application's perhaps: it is not taken over.

    MySQL has no condition outside a procedure. UUID_TO_BIN repeats the text it cannot take in its error, and it is not
    called where no row matches.
    """
    said = f"concat('the user ', User, {mysql_literal(' exists and is no user of a grade')})"
    whose = f"User = {mysql_literal(user)} AND Host = '%' AND ({stranger})"
    return f"SELECT /* fails for a user of somebody else's */ UUID_TO_BIN({said}) FROM mysql.user WHERE {whose}"


def _grants(database: str, account: str, grade: Grade) -> list[str]:
    if grade in _DATA:
        return _grant_on(database, _DATA[grade], account)
    procedures = ("rds_kill", "rds_kill_query")
    return [
        # It reads no row; without any right on the database nobody can open it.
        *_grant_on(database, "SHOW VIEW", account),
        f"GRANT PROCESS ON *.* TO {account}",
        f"GRANT SELECT ON `performance_schema`.* TO {account}",
        f"GRANT SELECT, EXECUTE ON `sys`.* TO {account}",
        # Who there is, and no password's hash.
        f"GRANT SELECT (Host, User, plugin, account_locked) ON `mysql`.`user` TO {account}",
        *(f"GRANT EXECUTE ON PROCEDURE `mysql`.`{name}` TO {account}" for name in procedures),
    ]


def _grant_on(database: str, privileges: str, account: str) -> list[str]:
    """A grant on one database. Where partial_revokes is on, _ and % in its name mean themselves and take no backslash
    (MySQL manual, "Privilege Restriction Using Partial Revokes"); elsewhere they match other databases without one.
    """
    pattern, plain = mysql_schema_pattern(database), mysql_identifier(database)
    if pattern == plain:
        return [f"GRANT {privileges} ON {plain}.* TO {account}"]
    begin, either, end = f"GRANT {privileges} ON ", (plain, pattern), f".* TO {account}"
    name = f"IF(@@partial_revokes, {', '.join(map(mysql_literal, either))})"
    return [
        f"SET @deployer = concat({mysql_literal(begin)}, {name}, {mysql_literal(end)})",
        "PREPARE deployer FROM @deployer",
        "EXECUTE deployer",
        "DEALLOCATE PREPARE deployer",
    ]
