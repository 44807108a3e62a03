"""The access levels in MySQL 8 and Aurora MySQL 3, as SQL.

Privileges are granted on the named database, not on *.*, which would include the server's own tables. Sessions are
ended by RDS's own procedures, as RDS grants nobody CONNECTION_ADMIN (RDS user guide, "Ending a session or query").
Tokens are checked by AWSAuthenticationPlugin, over TLS only (RDS user guide, "Creating a database account").

A user with an access level is one whose name ends in its letter and that uses that plugin. MySQL commits each
statement, and a script stops at the first that fails. Sessions are read from information_schema: performance_schema is
off on many RDS instances, and then its tables are empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from generator.model.database import AccessLevel
from generator.operations.database.sql import (
    mysql_account,
    mysql_identifier,
    mysql_literal,
    mysql_schema_pattern,
    script,
)

_DATA = {
    AccessLevel.READ: "SELECT, SHOW VIEW",
    AccessLevel.WRITE: "SELECT, INSERT, UPDATE, DELETE, SHOW VIEW",
}
_STRUCTURE = (
    "CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, CREATE VIEW, CREATE ROUTINE, "
    "ALTER ROUTINE, EXECUTE, EVENT, TRIGGER"
)
"""What ALL PRIVILEGES on a database has besides data (MySQL manual, "Privileges Provided by MySQL")."""
NOBODY: Collection[str] = ()
_PLUGIN = "AWSAuthenticationPlugin"
_SUFFIXES = ", ".join(f"'_{level.value}'" for level in AccessLevel)
_KILL = "mysql.rds_kill"
GONE = "Unknown thread id"
"""MySQL's error for a session that has ended (ER_NO_SUCH_THREAD)."""


def bootstrap(database: str, users: Mapping[str, AccessLevel], full: Collection[str] = NOBODY) -> str:
    """The script that creates or unlocks the users given (name to access level). Can be run again.

    Of those in `full` the `w` is not limited to data.
    """
    each = ((user, level, user in full) for user, level in sorted(users.items()))
    return script(*(statement for who in each for statement in _user(database, *who)))


def drop_user(user: str) -> str:
    """The script that drops a user; no error if there is none. Its sessions are ended separately (`sessions`).

    A definer is refused: MySQL drops it for whoever may make objects without one, and a user made later under the same
    name would be that again.
    """
    message = "concat('the user ', o.who, ' is referenced as a definer account in ', o.what)"
    return script(
        _refuse(user, f"plugin <> '{_PLUGIN}' OR right(User, 2) NOT IN ({_SUFFIXES})"),
        f"SELECT /* fails for a definer */ UUID_TO_BIN({message}) FROM ({owned([user])}) AS o(who, what, runs, name)",
        f"DROP USER IF EXISTS {mysql_account(user)}",
    )


def shut_out(users: list[str]) -> str:
    """The script that locks these users, so that no token is accepted. Their sessions are ended separately."""
    return script(*(f"ALTER USER IF EXISTS {mysql_account(user)} ACCOUNT LOCK" for user in users))


def take_levels(users: list[str]) -> str:
    """The script that takes all privileges from locked users: what has them as its definer then has none either."""
    return script(*(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {mysql_account(user)}" for user in users))


def sessions(users: list[str]) -> str:
    """A query for the IDs of these users' sessions."""
    names = ", ".join(mysql_literal(user) for user in users)
    return f"SELECT ID FROM information_schema.PROCESSLIST WHERE USER IN ({names}) AND ID <> connection_id()"


def end_session(session: int) -> str:
    """The statement that ends a session; the server answers GONE if there is none."""
    return f"CALL {_KILL}({session:d})"


USERS = f"""SELECT u.User, right(u.User, 1), u.account_locked = 'N',
  (SELECT count(*) FROM information_schema.PROCESSLIST AS p WHERE p.USER = u.User)
FROM mysql.user AS u WHERE u.plugin = '{_PLUGIN}' AND u.Host = '%' AND right(u.User, 2) IN ({_SUFFIXES}) ORDER BY 1"""
"""The users with an access level: name, letter, whether tokens are accepted, live sessions."""


def owned(users: Collection[str]) -> str:
    """A query for what runs with these users' rights, or did: user, what it is, whether it does, its quoted name.

    Tables and databases have no owner in MySQL; what is stored has a definer.
    """
    definers = ", ".join(mysql_literal(f"{user}@%") for user in users)
    tables = (
        ("TRIGGERS", "'trigger'", "TRIGGER_SCHEMA", "TRIGGER_NAME", "1"),
        ("ROUTINES", "lower(ROUTINE_TYPE)", "ROUTINE_SCHEMA", "ROUTINE_NAME", "SECURITY_TYPE = 'DEFINER'"),
        ("EVENTS", "'event'", "EVENT_SCHEMA", "EVENT_NAME", "1"),
        ("VIEWS", "'view'", "TABLE_SCHEMA", "TABLE_NAME", "SECURITY_TYPE = 'DEFINER'"),
    )
    selects = (
        f"SELECT substring_index(DEFINER, '@', 1), concat({kind}, ' ', {schema}, '.', {name}), {runs},"
        f" concat('`', replace({schema}, '`', '``'), '`.`', replace({name}, '`', '``'), '`')"
        f" FROM information_schema.{table} WHERE DEFINER IN ({definers})"
        for table, kind, schema, name, runs in tables
    )
    return f"{' UNION ALL '.join(selects)} ORDER BY 1, 2"


def _user(database: str, user: str, level: AccessLevel, full: bool) -> list[str]:
    account = mysql_account(user)
    return [
        _refuse(user, f"plugin <> '{_PLUGIN}'"),
        *_create(user),
        f"ALTER USER {account} REQUIRE SSL ACCOUNT UNLOCK",
        *_grants(database, user, level, full),
    ]


def _create(user: str) -> list[str]:
    """Statements that create the user unless there is one.

    IF NOT EXISTS would not do: MySQL refuses it too for a user who is the definer of anything (error 4006).
    """
    same = f"SELECT 1 FROM mysql.user WHERE User = {mysql_literal(user)} AND Host = '%'"
    account = mysql_literal(f"CREATE USER {mysql_account(user)}")
    create = f"concat({account}, ' IDENTIFIED WITH {_PLUGIN} AS ''RDS''')"
    return [
        f"SET @deepsql_create = IF(EXISTS({same}), 'DO 0', {create})",
        "PREPARE deepsql_create FROM @deepsql_create",
        "EXECUTE deepsql_create",
        "DEALLOCATE PREPARE deepsql_create",
    ]


def _refuse(user: str, condition: str) -> str:
    """A query that fails for an account that is not ours, an application's perhaps, and meets `condition`.

    MySQL has no conditional statement outside a procedure. UUID_TO_BIN repeats an invalid text in its error, and is not
    called when no row matches.
    """
    message = f"concat('the user ', User, {mysql_literal(' exists and has no access level')})"
    whose = f"User = {mysql_literal(user)} AND Host = '%' AND ({condition})"
    return f"SELECT /* fails for a user that is not ours */ UUID_TO_BIN({message}) FROM mysql.user WHERE {whose}"


def _grants(database: str, user: str, level: AccessLevel, full: bool) -> list[str]:
    account = mysql_account(user)
    if level is AccessLevel.WRITE and full:
        return _grant_on(database, "ALL PRIVILEGES", account)
    if level in _DATA:
        limited = _limit_to_data(database, user) if level is AccessLevel.WRITE else []
        return [*limited, *_grant_on(database, _DATA[level], account)]
    procedures = ("rds_kill", "rds_kill_query")
    return [
        # Reads no row; without any privilege on the database nobody can connect to it.
        *_grant_on(database, "SHOW VIEW", account),
        f"GRANT PROCESS ON *.* TO {account}",
        f"GRANT SELECT ON `performance_schema`.* TO {account}",
        f"GRANT SELECT, EXECUTE ON `sys`.* TO {account}",
        # The users, without their password hashes.
        f"GRANT SELECT (Host, User, plugin, account_locked) ON `mysql`.`user` TO {account}",
        *(f"GRANT EXECUTE ON PROCEDURE `mysql`.`{name}` TO {account}" for name in procedures),
    ]


def _limit_to_data(database: str, user: str) -> list[str]:
    """Take the rest from a user that had all privileges on the database; a revocation of what is not granted fails."""
    pattern = mysql_schema_pattern(database)[1:-1].replace("``", "`")
    names = ", ".join(map(mysql_literal, (database, pattern)))
    whose = f"User = {mysql_literal(user)} AND Host = '%' AND Create_priv = 'Y' AND Db IN ({names})"
    begin, end = f"REVOKE {_STRUCTURE} ON `", f"`.* FROM {mysql_account(user)}"
    text = f"concat({mysql_literal(begin)}, replace(Db, '`', '``'), {mysql_literal(end)})"
    revoked = f"(SELECT {text} FROM mysql.db WHERE {whose} LIMIT 1)"
    return _prepared(f"coalesce({revoked}, 'DO 0')")


def _grant_on(database: str, privileges: str, account: str) -> list[str]:
    return _on(database, f"GRANT {privileges}", f"TO {account}")


def _on(database: str, change: str, account: str) -> list[str]:
    """A grant or a revocation on one database.

    With partial_revokes, _ and % in its name are literal and take no backslash (MySQL manual, "Privilege Restriction
    Using Partial Revokes"); otherwise, unescaped, they match other databases.
    """
    pattern, plain = mysql_schema_pattern(database), mysql_identifier(database)
    if pattern == plain:
        return [f"{change} ON {plain}.* {account}"]
    begin, either, end = f"{change} ON ", (plain, pattern), f".* {account}"
    name = f"IF(@@partial_revokes, {', '.join(map(mysql_literal, either))})"
    return _prepared(f"concat({mysql_literal(begin)}, {name}, {mysql_literal(end)})")


def _prepared(statement: str) -> list[str]:
    """Run the statement that an expression gives."""
    return [
        f"SET @deployer = {statement}",
        "PREPARE deployer FROM @deployer",
        "EXECUTE deployer",
        "DEALLOCATE PREPARE deployer",
    ]
