"""The grades in PostgreSQL 14 and newer, as SQL.

r is pg_read_all_data, w that and pg_write_all_data, o pg_monitor and pg_signal_backend (PostgreSQL manual, "Predefined
Roles"). Members of these cannot signal a superuser's backend. A person's user belongs to its grade's role and to
rds_iam, which makes RDS take a token in place of a password (RDS user guide, "Creating a database account").
Whoever is signed in may give itself a password, which counts as soon as rds_iam is gone: so a user that is shut out may
not log in at all, and a bootstrap forgets the password before it lets the user in.
Every script is one transaction and may be run again.
"""

from __future__ import annotations

from generator.model.database import Grade
from generator.operations.database.sql import dollar_quoted, identifier, literal, script

IAM_ROLE = "rds_iam"
_PREDEFINED = {
    Grade.READ: ("pg_read_all_data",),
    Grade.WRITE: ("pg_read_all_data", "pg_write_all_data"),
    Grade.OPERATE: ("pg_monitor", "pg_signal_backend"),
}
_GROUPS = ", ".join(literal(grade.role) for grade in Grade)
_ALL_ROLES = ", ".join(identifier(grade.role) for grade in Grade)

_REQUIREMENTS = f"""BEGIN
  IF current_setting('server_version_num')::integer < 140000 THEN
    RAISE EXCEPTION 'PostgreSQL 14 or newer is needed, this is %', current_setting('server_version');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = '{IAM_ROLE}') THEN
    RAISE EXCEPTION 'the role {IAM_ROLE} is missing: IAM database authentication is not enabled here';
  END IF;
END"""

# Not SECURITY DEFINER: the caller's own pg_signal_backend does the work, so the function lends nobody any power.
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


def bootstrap(database: str, users: dict[str, Grade]) -> str:
    """The script that makes the grades in `database` and the users given (name to grade). Safe to run again."""
    grades = [statement for grade in Grade for statement in _grade(grade)]
    people = [statement for user, grade in sorted(users.items()) for statement in _user(user, grade)]
    return script(
        "BEGIN",
        f"DO {dollar_quoted(_REQUIREMENTS)}",
        *grades,
        f"GRANT CONNECT ON DATABASE {identifier(database)} TO {_ALL_ROLES}",
        "CREATE OR REPLACE FUNCTION public.pg_kill_connection(integer) RETURNS boolean LANGUAGE plpgsql "
        f"SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS {dollar_quoted(_KILL)}",
        "REVOKE ALL ON FUNCTION public.pg_kill_connection(integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION public.pg_kill_connection(integer) TO {identifier(Grade.OPERATE.role)}",
        *people,
        "COMMIT",
    )


def drop_user(user: str) -> str:
    """The script that takes a user away: no new connections, live ones ended, what it owned kept by who runs this.

    A user that is not there is no error; a role outside the grades is refused.
    """
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    RETURN;
  END IF;
{_refuse_stranger(text)}
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
"""The users of the grades: name, grade's role, whether a token still opens a connection, live sessions.

Whoever is shut out is among them.
"""

MAY_LOG_IN = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolcanlogin"
"""Who may open a connection, by a token or by a password."""


def shut_out(users: list[str]) -> str:
    """The script that ends what these users have open and lets neither a token nor a password of theirs open more.

    Needs the right to change these roles, which whoever made them has (PostgreSQL manual, "ALTER ROLE").
    """
    names = ", ".join(literal(user) for user in users)
    revoke = [
        statement
        for user in map(identifier, users)
        for statement in (f"ALTER ROLE {user} NOLOGIN PASSWORD NULL", f"REVOKE {IAM_ROLE} FROM {user}")
    ]
    sessions = f"pg_catalog.pg_stat_activity WHERE usename IN ({names})"
    return script("BEGIN", *revoke, "COMMIT", f"SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM {sessions}")


def _grade(grade: Grade) -> list[str]:
    name = grade.role
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {literal(name)}) THEN
    CREATE ROLE {identifier(name)} NOLOGIN;
  END IF;
END"""
    return [f"DO {dollar_quoted(body)}", f"GRANT {', '.join(_PREDEFINED[grade])} TO {identifier(name)}"]


def _user(user: str, grade: Grade) -> list[str]:
    name, text = identifier(user), literal(user)
    body = f"""BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = {text}) THEN
    CREATE ROLE {name};
    GRANT {identifier(grade.role)} TO {name};
  END IF;
{_refuse_stranger(text)}
END"""
    return [
        f"DO {dollar_quoted(body)}",
        f"ALTER ROLE {name} LOGIN PASSWORD NULL",
        f"GRANT {identifier(grade.role)}, {IAM_ROLE} TO {name}",
    ]


def _refuse_stranger(text: str) -> str:
    """A role that was there before and has none of the grades may be an application's: it is not taken over.

    Since PostgreSQL 16 whoever makes a role is a member of it, with the admin option: the master is no such user.
    """
    return f"""  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m
      JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
      WHERE u.rolname = {text} AND g.rolname IN ({_GROUPS}) AND NOT m.admin_option) THEN
    RAISE EXCEPTION 'the role % exists and has none of the grades', {text};
  END IF;"""
