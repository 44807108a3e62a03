"""The access levels in PostgreSQL 14 and later, as SQL.

r is pg_read_all_data, w that and pg_write_all_data, o pg_monitor and pg_signal_backend (PostgreSQL manual, "Predefined
Roles"). A full w has all privileges on the database as well, of which CREATE makes schemas. Members of these cannot
signal a superuser's backend. A user is a member of its access level's role and of rds_iam, which makes RDS accept a
token instead of a password (RDS user guide, "Creating a database account"). A signed-in user may set its own password,
which is valid as soon as rds_iam is revoked: so a locked user may not log in at all, and bootstrap removes the
password before it unlocks the user. Every script is one transaction and can be run again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from generator.model.database import FULL_WRITE_ROLE, LOCKED_ROLE, AccessLevel
from generator.operations.database.postgresql_owned import refuse_owners_rights
from generator.operations.database.sql import dollar_quoted, identifier, literal, script

IAM_ROLE = "rds_iam"
NOBODY: Collection[str] = ()
_PREDEFINED = {
    AccessLevel.READ.role: ("pg_read_all_data",),
    AccessLevel.WRITE.role: ("pg_read_all_data", "pg_write_all_data"),
    AccessLevel.OPERATE.role: ("pg_monitor", "pg_signal_backend"),
    FULL_WRITE_ROLE: ("pg_read_all_data", "pg_write_all_data"),
    LOCKED_ROLE: (),
}
_GROUPS = ", ".join(map(literal, _PREDEFINED))
_ALL_ROLES = ", ".join(identifier(role) for role, rights in _PREDEFINED.items() if rights)

_REQUIREMENTS = f"""BEGIN
  IF current_setting('server_version_num')::integer < 140000 THEN
    RAISE EXCEPTION 'PostgreSQL 14 or newer is needed, this is %', current_setting('server_version');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{IAM_ROLE}') THEN
    RAISE EXCEPTION 'the role {IAM_ROLE} is missing: IAM database authentication is not enabled here';
  END IF;
END"""

# Not SECURITY DEFINER: the caller's own pg_signal_backend is used, so the function grants nothing.
_KILL = """BEGIN
  IF $1 = pg_catalog.pg_backend_pid() THEN
    RAISE EXCEPTION 'a session does not end itself with pg_kill_connection';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a
      WHERE a.pid = $1 AND a.backend_type = 'client backend') THEN
    RAISE EXCEPTION 'there is no client session %', $1;
  END IF;
  RETURN pg_catalog.pg_terminate_backend($1);
END"""


# The path of the database without "$user": a schema that somebody named after another would come before all others.
_PATH = r"""BEGIN
  PERFORM pg_catalog.set_config('search_path', coalesce(nullif(btrim(
      regexp_replace(s.reset_val, '(^|,)\s*"?\$user"?\s*(?=,|$)', '', 'g'), ', '), ''), 'public'), true)
    FROM pg_catalog.pg_settings AS s WHERE s.name = 'search_path';
END"""


def bootstrap(database: str, users: Mapping[str, AccessLevel], full: Collection[str] = NOBODY) -> str:
    """The script that creates the roles in `database` and the users given (name to access level). Can be run again.

    Of those in `full` the `w` is not limited to data.
    """
    levels = [statement for role in _PREDEFINED for statement in _role(role)]
    roles = {user: FULL_WRITE_ROLE if user in full else level.role for user, level in sorted(users.items())}
    parse_users = [statement for user, role in roles.items() for statement in _user(database, user, role)]
    return script(
        "BEGIN",
        f"DO {dollar_quoted(_REQUIREMENTS)}",
        *levels,
        f"GRANT CONNECT ON DATABASE {identifier(database)} TO {_ALL_ROLES}",
        f"GRANT ALL PRIVILEGES ON DATABASE {identifier(database)} TO {identifier(FULL_WRITE_ROLE)}",
        "CREATE OR REPLACE FUNCTION public.pg_kill_connection(integer) RETURNS boolean LANGUAGE plpgsql "
        f"SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS {dollar_quoted(_KILL)}",
        "REVOKE ALL ON FUNCTION public.pg_kill_connection(integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION public.pg_kill_connection(integer) TO {identifier(AccessLevel.OPERATE.role)}",
        f"DO {dollar_quoted(_PATH)}",
        *parse_users,
        "COMMIT",
    )


def drop_user(user: str) -> str:
    """The script that drops a user, ends its sessions and gives what it owned to the user who runs the script.

    A missing user is no error; a role without an access level is refused, and so is one that owns what would run with
    its next owner's rights (docs/decisions/0077-what-runs-with-its-owners-rights.md).
    """
    name, text = identifier(user), literal(user)
    first = f"""  REVOKE {IAM_ROLE} FROM {name};
  PERFORM pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE usename = {text};
"""
    return _given_up(user, first, f"  DROP ROLE {name};\n")


USERS = f"""SELECT u.rolname, g.rolname,
  EXISTS (SELECT FROM pg_catalog.pg_auth_members AS i JOIN pg_catalog.pg_roles AS r ON r.oid = i.roleid
          WHERE i.member = u.oid AND r.rolname = '{IAM_ROLE}') AND u.rolcanlogin,
  (SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.usesysid = u.oid)
FROM pg_catalog.pg_auth_members AS m
JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid
JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
WHERE g.rolname IN ({_GROUPS}) AND NOT m.admin_option
ORDER BY 1, 2"""
"""The users with an access level, locked ones included: name, role, whether tokens are accepted, live sessions."""

MAY_LOG_IN = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin"
"""The roles that may open a connection, by a token or by a password."""


MAY_CREATE = f"SELECT pg_catalog.has_database_privilege('{FULL_WRITE_ROLE}', current_database(), 'CREATE')"
"""Whether a full `w` may create schemas in this database."""


def give_up(user: str) -> str:
    """The script that, in one database, gives what a user owns to the user who runs it, and takes the user's rights.

    Refused as `drop_user` is."""
    return _given_up(user)


def _given_up(user: str, first: str = "", last: str = "") -> str:
    """The script of `give_up`, with more statements before and after."""
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    RETURN;
  END IF;
{_refuse_unmanaged(text)}
{first}{refuse_owners_rights(user)}
  GRANT {name} TO CURRENT_USER;
  REASSIGN OWNED BY {name} TO CURRENT_USER;
  DROP OWNED BY {name};
{last}END"""
    return script("BEGIN", f"DO {dollar_quoted(body)}", "COMMIT")


def shut_out(users: list[str]) -> str:
    """The script that locks these users, so that neither a token nor a password is accepted, and ends their sessions.

    Needs the right to alter these roles, which their creator has (PostgreSQL manual, "ALTER ROLE").
    """
    names = ", ".join(literal(user) for user in users)
    revoke = [
        statement
        for user in map(identifier, users)
        for statement in (f"ALTER ROLE {user} NOLOGIN PASSWORD NULL", f"REVOKE {IAM_ROLE} FROM {user}")
    ]
    sessions = f"pg_catalog.pg_stat_activity WHERE usename IN ({names})"
    return script("BEGIN", *revoke, "COMMIT", f"SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM {sessions}")


def take_levels(users: list[str]) -> str:
    """The script that puts locked users into the role without rights, in place of their access levels'.

    What they left and runs with its owner's rights then has only those of the owner itself.
    """
    moved = [
        s
        for user in users
        for s in (f"GRANT {identifier(LOCKED_ROLE)} TO {identifier(user)}", _only(user, LOCKED_ROLE))
    ]
    return script("BEGIN", *_role(LOCKED_ROLE), *moved, "COMMIT")


def _role(name: str) -> list[str]:
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(name)}) THEN
    CREATE ROLE {identifier(name)} NOLOGIN;
  END IF;
END"""
    rights = ", ".join(_PREDEFINED[name])
    return [f"DO {dollar_quoted(body)}", *([f"GRANT {rights} TO {identifier(name)}"] if rights else [])]


def _user(database: str, user: str, role: str) -> list[str]:
    """Create or unlock a user with exactly this one of our roles, and the search_path that `_PATH` has set."""
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    CREATE ROLE {name};
    GRANT {identifier(role)} TO {name};
  END IF;
{_refuse_unmanaged(text)}
END"""
    return [
        f"DO {dollar_quoted(body)}",
        f"ALTER ROLE {name} LOGIN PASSWORD NULL",
        _only(user, role),
        f"GRANT {identifier(role)}, {IAM_ROLE} TO {name}",
        f"ALTER ROLE {name} IN DATABASE {identifier(database)} SET search_path FROM CURRENT",
    ]


def _only(user: str, role: str) -> str:
    """The statement that takes all our roles but this one from a user."""
    body = f"""DECLARE held name;
BEGIN
  FOR held IN SELECT g.rolname FROM pg_catalog.pg_auth_members AS m
      JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
      WHERE u.rolname = {literal(user)} AND g.rolname IN ({_GROUPS}) AND g.rolname <> {literal(role)}
  LOOP
    EXECUTE pg_catalog.format('REVOKE %I FROM %I', held, {literal(user)});
  END LOOP;
END"""
    return f"DO {dollar_quoted(body)}"


def _refuse_unmanaged(text: str) -> str:
    """Refuses an existing role without an access level, which may be an application's.

    Since PostgreSQL 16 the creator of a role is a member of it, with the admin option; that does not count.
    """
    return f"""  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m
      JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
      WHERE u.rolname = {text} AND g.rolname IN ({_GROUPS}) AND NOT m.admin_option) THEN
    RAISE EXCEPTION 'the role % exists and has no access level', {text};
  END IF;"""
