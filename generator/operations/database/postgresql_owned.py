"""What a PostgreSQL user owns, and which of it works with its owner's rights, as SQL.

With its owner's rights run routines that are SECURITY DEFINER, what a view or a rule reads and writes (PostgreSQL
manual, "Rules and Privileges"), a materialized view's refresh, and subscriptions; and what a table calls by itself, for
autovacuum or a foreign key (`postgresql_calls`). An event trigger does not, and is named all the same: it acts on
everybody.
"""

from __future__ import annotations

from collections.abc import Collection

from generator.operations.database.postgresql_calls import (
    CASCADES,
    CASTS,
    EXPRESSIONS,
    FOREIGN_KEYS,
    RANGES,
    identity_of,
)
from generator.operations.database.sql import identifier, literal

_HERE = "(SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
_OWNERS = """FROM pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_roles AS u ON u.oid = s.refobjid
LEFT JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid"""
_OF_OWNERS = "WHERE s.refclassid = 'pg_authid'::regclass"
_INVOKER = """EXISTS (SELECT FROM pg_catalog.pg_options_to_table(c.reloptions) AS o
  WHERE o.option_name = 'security_invoker' AND o.option_value::boolean)"""


def owned(users: Collection[str], *, shared: bool = True) -> str:
    """A query for what these users own in this database: user, what it is, whether it runs with its owner's rights, and
    the statement after which it does not.

    With the triggers on their tables and those that call their functions, the rules of their tables and what these call
    by themselves that run so, and, `shared`, what is in no database.
    """
    names = ", ".join(map(literal, users))
    parts = (
        _objects(f"s.dbid IN ({'0, ' if shared else ''}{_HERE})"),
        _TRIGGERS,
        _RULES,
        EXPRESSIONS,
        FOREIGN_KEYS,
        CASTS,
        RANGES,
    )
    each = " UNION ALL ".join(f"({part} AND u.rolname IN ({names}))" for part in parts)
    columns = "o.who, o.what, o.remedy IS NOT NULL, coalesce(o.remedy, '')"
    return f"SELECT DISTINCT {columns} FROM ({each}) AS o(who, what, remedy) ORDER BY 1, 2"


def refuse_owners_rights(user: str) -> str:
    """A block that fails in a script where something would run with its next owner's rights, naming it."""
    return f"""DECLARE held text;
BEGIN
  SELECT string_agg(o.what, ', ') INTO held FROM ({owned((user,))}) AS o(who, what, runs, remedy) WHERE o.runs;
  IF held IS NOT NULL THEN
    RAISE EXCEPTION 'this would run with the rights of its next owner: %', held;
  END IF;
END;"""


def owned_elsewhere(users: Collection[str]) -> str:
    """A query for how much these users own in the server's other databases: user, database, how many.

    Their names are in those databases alone (PostgreSQL manual, "pg_shdepend").
    """
    names = ", ".join(map(literal, users))
    return f"""SELECT u.rolname, d.datname, count(*) {_OWNERS} {_OF_OWNERS} AND s.deptype = 'o'
AND u.rolname IN ({names}) AND s.dbid NOT IN (0, {_HERE}) GROUP BY u.rolname, d.datname ORDER BY 1, 2"""


def naming(user: str) -> str:
    """The query that names what a user owns in the database that it is typed in, on one line for a person."""
    return (
        "SELECT pg_describe_object(classid, objid, objsubid) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass "
        f"AND deptype = 'o' AND refobjid = {literal(identifier(user))}::regrole "
        "AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )


def other_databases(user: str) -> str:
    """A query for the server's other databases in which the user owns something or has rights: no role with any can be
    dropped."""
    return f"""SELECT DISTINCT d.datname {_OWNERS} {_OF_OWNERS} AND u.rolname = {literal(user)}
AND s.dbid NOT IN (0, {_HERE}) ORDER BY 1"""


_ROUTINE = identity_of("'pg_proc'::regclass", "p.oid")
_INVOKED = f"'ALTER ROUTINE ' || {_ROUTINE} || ' SECURITY INVOKER'"


def _objects(where: str) -> str:
    identity = identity_of("s.classid", "s.objid")
    return f"""SELECT u.rolname, pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid), CASE
  WHEN p.prosecdef THEN {_INVOKED}
  WHEN c.relkind = 'v' AND {_INVOKER} THEN NULL
  WHEN c.relkind = 'v' AND current_setting('server_version_num')::integer < 150000 THEN 'DROP VIEW ' || {identity}
  WHEN c.relkind = 'v' THEN 'ALTER VIEW ' || {identity} || ' SET (security_invoker = true)'
  WHEN c.relkind = 'm' THEN 'DROP MATERIALIZED VIEW ' || {identity}
  WHEN s.classid = 'pg_event_trigger'::regclass THEN 'DROP EVENT TRIGGER ' || {identity}
  WHEN s.classid = 'pg_subscription'::regclass THEN 'DROP SUBSCRIPTION ' || {identity} END
{_OWNERS}
LEFT JOIN pg_catalog.pg_proc AS p ON s.classid = 'pg_proc'::regclass AND p.oid = s.objid
LEFT JOIN pg_catalog.pg_class AS c ON s.classid = 'pg_class'::regclass AND c.oid = s.objid
{_OF_OWNERS} AND s.deptype = 'o' AND {where}"""


_TRIGGERS = f"""SELECT u.rolname, pg_catalog.pg_describe_object('pg_trigger'::regclass, t.oid, 0), CASE
  WHEN p.prosecdef AND p.proowner = u.oid THEN {_INVOKED}
  WHEN c.relowner = u.oid AND {CASCADES} THEN 'DROP TRIGGER ' || {identity_of("'pg_trigger'::regclass", "t.oid")} END
FROM pg_catalog.pg_trigger AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_proc AS p ON p.oid = t.tgfoid JOIN pg_catalog.pg_roles AS u ON u.oid IN (c.relowner, p.proowner)
WHERE NOT t.tgisinternal"""
_RULES = f"""SELECT u.rolname, pg_catalog.pg_describe_object('pg_rewrite'::regclass, w.oid, 0),
  'DROP RULE ' || {identity_of("'pg_rewrite'::regclass", "w.oid")}
FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_class AS c ON c.oid = w.ev_class
JOIN pg_catalog.pg_roles AS u ON u.oid = c.relowner WHERE w.rulename <> '_RETURN'"""
