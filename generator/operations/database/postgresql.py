"""The access levels in PostgreSQL 14 and later, as SQL.

r is pg_read_all_data, w that and pg_write_all_data, o pg_monitor and pg_signal_backend (PostgreSQL manual, "Predefined
Roles"). Members of these cannot signal a superuser's backend. A user is a member of its access level's role and of
rds_iam, which makes RDS accept a token instead of a password (RDS user guide, "Creating a database account"). A
signed-in user may set its own password, which is valid as soon as rds_iam is revoked: so a locked user may not log in
at all, and bootstrap removes the password before it unlocks the user. Every script is one transaction and can be run
again.
"""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.database import AccessLevel
from generator.operations.database.sql import dollar_quoted, identifier, literal, script

IAM_ROLE = "rds_iam"
_PREDEFINED = {
    AccessLevel.READ: ("pg_read_all_data",),
    AccessLevel.WRITE: ("pg_read_all_data", "pg_write_all_data"),
    AccessLevel.OPERATE: ("pg_monitor", "pg_signal_backend"),
}
_GROUPS = ", ".join(literal(level.role) for level in AccessLevel)
_ALL_ROLES = ", ".join(identifier(level.role) for level in AccessLevel)

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


def bootstrap(database: str, users: Mapping[str, AccessLevel]) -> str:
    """The script that creates the roles in `database` and the users given (name to access level). Can be run again."""
    levels = [statement for level in AccessLevel for statement in _role(level)]
    parse_users = [statement for user, level in sorted(users.items()) for statement in _user(user, level)]
    return script(
        "BEGIN",
        f"DO {dollar_quoted(_REQUIREMENTS)}",
        *levels,
        f"GRANT CONNECT ON DATABASE {identifier(database)} TO {_ALL_ROLES}",
        "CREATE OR REPLACE FUNCTION public.pg_kill_connection(integer) RETURNS boolean LANGUAGE plpgsql "
        f"SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS {dollar_quoted(_KILL)}",
        "REVOKE ALL ON FUNCTION public.pg_kill_connection(integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION public.pg_kill_connection(integer) TO {identifier(AccessLevel.OPERATE.role)}",
        *parse_users,
        "COMMIT",
    )


def drop_user(user: str) -> str:
    """The script that drops a user, ends its sessions and gives what it owned to the user who runs the script.

    A missing user is no error; a role without an access level is refused.
    """
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    RETURN;
  END IF;
{_refuse_unmanaged(text)}
  REVOKE {IAM_ROLE} FROM {name};
  PERFORM pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE usename = {text};
  GRANT {name} TO CURRENT_USER;
  REASSIGN OWNED BY {name} TO CURRENT_USER;
  DROP OWNED BY {name};
  DROP ROLE {name};
END"""
    return script("BEGIN", f"DO {dollar_quoted(body)}", "COMMIT")


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


def _role(level: AccessLevel) -> list[str]:
    name = level.role
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(name)}) THEN
    CREATE ROLE {identifier(name)} NOLOGIN;
  END IF;
END"""
    return [f"DO {dollar_quoted(body)}", f"GRANT {', '.join(_PREDEFINED[level])} TO {identifier(name)}"]


def _user(user: str, level: AccessLevel) -> list[str]:
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    CREATE ROLE {name};
    GRANT {identifier(level.role)} TO {name};
  END IF;
{_refuse_unmanaged(text)}
END"""
    return [
        f"DO {dollar_quoted(body)}",
        f"ALTER ROLE {name} LOGIN PASSWORD NULL",
        f"GRANT {identifier(level.role)}, {IAM_ROLE} TO {name}",
    ]


def _refuse_unmanaged(text: str) -> str:
    """Refuses an existing role without an access level, which may be an application's.

    Since PostgreSQL 16 the creator of a role is a member of it, with the admin option; that does not count.
    """
    return f"""  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m
      JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
      WHERE u.rolname = {text} AND g.rolname IN ({_GROUPS}) AND NOT m.admin_option) THEN
    RAISE EXCEPTION 'the role % exists and has no access level', {text};
  END IF;"""
