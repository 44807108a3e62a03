"""Who is dropped leaves nothing that works with the master user's rights, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

import psycopg
import pytest

from generator.errors import DeployerError
from generator.host.drivers import Query
from generator.model.database import FULL_WRITE_ROLE, LOCKED_ROLE, AccessLevel, Database, Engine, Login, Route
from generator.operations.database import postgresql, users
from generator.operations.database.connection import connected
from generator.operations.database.leavers import owned_by_leavers

from .conftest import ENDPOINT, World

Connect = Callable[[str], psycopg.Connection]
APP = Database("app", Engine.POSTGRESQL, ENDPOINT, 5432, database="app")
EVE = postgresql.bootstrap("app", {"eve_w": AccessLevel.WRITE}, {"eve_w"})
KINDS = {
    "a function": ["CREATE FUNCTION mine.f() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user'"],
    "a procedure": ["CREATE PROCEDURE mine.f() LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO mine.note VALUES (1)'"],
    "a view": ["CREATE VIEW mine.f AS SELECT * FROM public.orders"],
    "a view that says so": ["CREATE VIEW mine.f WITH (security_invoker = off) AS SELECT * FROM public.orders"],
    "a materialized view": ["CREATE MATERIALIZED VIEW mine.f AS SELECT * FROM public.orders"],
    "a rule": ["CREATE RULE f AS ON INSERT TO mine.note DO ALSO INSERT INTO public.orders (item) VALUES ('x')"],
    "a trigger": [
        "CREATE FUNCTION mine.f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END'",
        "CREATE TRIGGER f BEFORE INSERT ON mine.note FOR EACH ROW EXECUTE FUNCTION mine.f()",
    ],
    "a trigger behind a cascade": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE TABLE mine.child (id int REFERENCES mine.parent ON DELETE CASCADE)",
        "CREATE FUNCTION mine.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "CREATE TRIGGER f BEFORE DELETE ON mine.child FOR EACH ROW EXECUTE FUNCTION mine.f()",
    ],
    "an index": [
        "CREATE FUNCTION mine.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
        "CREATE INDEX g ON mine.note (mine.f(id))",
    ],
    "statistics": [
        "CREATE FUNCTION mine.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
        "CREATE STATISTICS mine.g ON (mine.f(id)) FROM mine.note",
    ],
    "a default behind a cascade": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE mine.child (id int DEFAULT mine.f() REFERENCES mine.parent ON DELETE SET DEFAULT)",
    ],
    "a check behind a cascade": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f(int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE TABLE mine.child (id int CHECK (mine.f(id)) REFERENCES mine.parent ON UPDATE CASCADE)",
    ],
}
RANGE = [
    "CREATE FUNCTION mine.f(int, int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT ($1 - $2)::float8'",
    "CREATE TYPE mine.span AS RANGE (subtype = int, subtype_diff = mine.f, multirange_type_name = mine.multispan)",
]
CHECKED = [
    "CREATE TABLE mine.parent (id int PRIMARY KEY)",
    "CREATE FUNCTION mine.f(int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
    "CREATE DOMAIN mine.d AS int CHECK (mine.f(VALUE))",
]
CAST = [
    "CREATE TABLE mine.parent (id int PRIMARY KEY)",
    "CREATE TYPE mine.e AS ENUM ('1')",
    "CREATE FUNCTION mine.f(mine.e) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE CAST (mine.e AS int) WITH FUNCTION mine.f(mine.e) AS IMPLICIT",
]
KINDS |= {
    "a domain's check behind a cascade": [
        *CHECKED,
        "CREATE TABLE mine.child (id mine.d REFERENCES mine.parent ON UPDATE CASCADE)",
    ],
    "a domain's check behind one that sets null": [
        *CHECKED,
        "CREATE TABLE mine.child (id mine.d REFERENCES mine.parent ON DELETE SET NULL)",
    ],
    "a domain of that domain": [
        *CHECKED,
        "CREATE DOMAIN mine.e AS mine.d",
        "CREATE TABLE mine.child (id mine.e REFERENCES mine.parent ON UPDATE CASCADE)",
    ],
    "a domain whose check casts to that domain": [
        *CHECKED,
        "CREATE DOMAIN mine.e AS int CHECK ((VALUE::mine.d) IS NOT NULL)",
        "CREATE TABLE mine.child (id mine.e REFERENCES mine.parent ON UPDATE CASCADE)",
    ],
    "a domain's default behind a cascade": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE DOMAIN mine.d AS int DEFAULT mine.f()",
        "CREATE TABLE mine.child (id mine.d REFERENCES mine.parent ON DELETE SET DEFAULT)",
    ],
    "a cast to a domain in an index": [*CHECKED, "CREATE INDEX g ON mine.note ((id::mine.d))"],
    "a cast to an array of a domain in an index": [*CHECKED, "CREATE INDEX g ON mine.note ((ARRAY[id]::mine.d[]))"],
    "a cast to a domain in statistics": [*CHECKED, "CREATE STATISTICS mine.g ON ((id::mine.d)) FROM mine.note"],
    "a cast to a domain in a check": [
        *CHECKED,
        "CREATE TABLE mine.child (id int REFERENCES mine.parent ON UPDATE CASCADE, CHECK ((id::mine.d) IS NOT NULL))",
    ],
    "a generated column of a domain": [
        *CHECKED,
        (
            "CREATE TABLE mine.child "
            "(id int REFERENCES mine.parent ON UPDATE CASCADE, x mine.d GENERATED ALWAYS AS (id) STORED)"
        ),
    ],
    "a generated column": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
        (
            "CREATE TABLE mine.child "
            "(id int REFERENCES mine.parent ON UPDATE CASCADE, x int GENERATED ALWAYS AS (mine.f(id)) STORED)"
        ),
    ],
    "an operator in a check": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f(int, int) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "CREATE OPERATOR mine.=== (FUNCTION = mine.f, LEFTARG = int, RIGHTARG = int)",
        "CREATE TABLE mine.child (id int REFERENCES mine.parent ON UPDATE CASCADE, CHECK (id OPERATOR(mine.===) 1))",
    ],
    "an exclusion": [
        "CREATE FUNCTION mine.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
        "CREATE TABLE mine.child (id int, EXCLUDE USING btree (mine.f(id) WITH =))",
    ],
    "a partition key behind a cascade": [
        "CREATE TABLE mine.parent (id int PRIMARY KEY)",
        "CREATE FUNCTION mine.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
        "CREATE TABLE mine.child (id int REFERENCES mine.parent ON UPDATE CASCADE) PARTITION BY RANGE (mine.f(id))",
        "CREATE TABLE mine.some PARTITION OF mine.child FOR VALUES FROM (1) TO (9)",
    ],
    "a cast that a foreign key needs": [*CAST, "CREATE TABLE mine.child (id mine.e REFERENCES mine.parent)"],
    "a cast that a cascade needs": [
        *CAST,
        "CREATE FUNCTION mine.g(int) RETURNS mine.e LANGUAGE sql AS $$SELECT '1'::mine.e$$",
        "CREATE CAST (int AS mine.e) WITH FUNCTION mine.g(int) AS ASSIGNMENT",
        "CREATE DOMAIN mine.d AS mine.e",
        "CREATE TABLE mine.child (id mine.d REFERENCES mine.parent ON UPDATE CASCADE)",
    ],
    "a range that is analyzed": [*RANGE, "CREATE TABLE mine.child (id mine.span)"],
    "a multirange that is analyzed": [*RANGE, "CREATE TABLE mine.child (id mine.multispan)"],
    "a domain of a range that is analyzed": [
        *RANGE,
        "CREATE DOMAIN mine.d AS mine.span",
        "CREATE TABLE mine.child (id mine.d)",
    ],
}
HARMLESS = [
    *CHECKED,
    *CAST[1:],
    RANGE[1].replace("subtype_diff = mine.f, ", ""),
    "CREATE TABLE mine.kept (id mine.d, span mine.span, e mine.e)",
    "CREATE TABLE mine.kin (id mine.d REFERENCES mine.parent)",
    "CREATE TABLE mine.more (id int REFERENCES mine.parent ON UPDATE CASCADE, x mine.d)",
    "CREATE POLICY p ON mine.more USING (mine.f(id))",
    "ALTER TABLE mine.more ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "CREATE AGGREGATE mine.total(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE FUNCTION mine.part(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN $1; END'",
    "CREATE TABLE mine.parted (id int) PARTITION BY RANGE (mine.part(id))",
    "CREATE FUNCTION mine.plain() RETURNS text LANGUAGE sql AS 'SELECT current_user'",
    "CREATE FUNCTION mine.calm() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER calm BEFORE INSERT ON mine.note FOR EACH ROW EXECUTE FUNCTION mine.calm()",
    "CREATE VIEW mine.seen WITH (security_invoker) AS SELECT * FROM public.orders",
    "CREATE INDEX plain ON mine.note (abs(id))",
    "CREATE TABLE mine.twin (id int DEFAULT 3 CHECK (id > 0))",
]


@pytest.fixture
def master(world: World) -> Iterator[psycopg.Connection]:
    with world.connect() as connection:
        connection.execute(EVE)
        with world.connect("eve_w") as eve:
            eve.execute("CREATE SCHEMA mine")
            eve.execute("CREATE TABLE mine.note (id int)")
        yield connection
        connection.execute("ROLLBACK")
        with suppress(psycopg.errors.UndefinedObject):
            connection.execute('GRANT "eve_w" TO CURRENT_USER')
        connection.execute("DROP SCHEMA IF EXISTS mine CASCADE")
        connection.execute(postgresql.drop_user("eve_w"))


def asked(connection: psycopg.Connection) -> Query:
    def query(statement: str) -> list[tuple[object, ...]]:
        ran = connection.execute(statement)
        return ran.fetchall() if ran.description else []

    return query  # type: ignore[return-value]


def remedies(connection: psycopg.Connection) -> list[str]:
    return [
        each.remedy for each in users.owned_by(asked(connection), Engine.POSTGRESQL, ["eve_w"]) if each.runs_as_owner
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_what_would_run_with_the_next_owners_rights_keeps_its_owner_until_its_remedy_was_run(
    kind: str, master: psycopg.Connection, world: World
) -> None:
    with world.connect("eve_w") as eve:
        for statement in KINDS[kind]:
            eve.execute(statement)
    for script in (postgresql.drop_user("eve_w"), postgresql.give_up("eve_w")):
        with pytest.raises(psycopg.errors.RaiseException, match="with the rights of its next owner"):
            master.execute(script)
        master.execute("ROLLBACK")
    found = remedies(master)
    assert found and all(found)
    master.execute('GRANT "eve_w" TO CURRENT_USER')
    for remedy in dict.fromkeys(found):
        master.execute(remedy)
    assert remedies(master) == []
    master.execute(postgresql.drop_user("eve_w"))
    assert master.execute("SELECT FROM pg_roles WHERE rolname = 'eve_w'").rowcount == 0


def test_what_runs_with_its_callers_rights_goes_to_the_master_user(master: psycopg.Connection, world: World) -> None:
    with world.connect("eve_w") as eve:
        for statement in HARMLESS:
            eve.execute(statement)
    assert remedies(master) == []
    master.execute(postgresql.drop_user("eve_w"))
    with world.connect("alice_r") as reader:
        assert reader.execute("SELECT mine.plain()").fetchall() == [("alice_r",)]


def test_after_the_remedy_a_reader_runs_nothing_of_the_leavers_as_the_master_user(
    master: psycopg.Connection, world: World
) -> None:
    with world.connect("eve_w") as eve:
        for statement in KINDS["a function"]:
            eve.execute(statement)
        eve.execute("CREATE PROCEDURE mine.give() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.orders'")
        eve.execute("CREATE VIEW mine.secret AS SELECT * FROM public.orders")
    master.execute('GRANT "eve_w" TO CURRENT_USER')
    for remedy in remedies(master):
        master.execute(remedy)
    master.execute(postgresql.drop_user("eve_w"))
    master.execute("GRANT USAGE ON SCHEMA mine TO alice_o")
    master.execute("GRANT SELECT ON mine.secret TO alice_o")
    with world.connect("alice_r") as reader, world.connect("alice_o") as operator:
        assert reader.execute("SELECT mine.f()").fetchall() == [("alice_r",)]
        for who, statement in ((reader, "CALL mine.give()"), (operator, "SELECT * FROM mine.secret")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="orders"):
                who.execute(statement)


def test_the_refusal_names_each_and_what_to_do_and_changes_nothing(master: psycopg.Connection, world: World) -> None:
    with world.connect("eve_w") as eve:
        for kind in ("a function", "a rule"):
            eve.execute(KINDS[kind][0])
    boss = Login(APP, world.server.user, None, world.server.password)
    way = Route("127.0.0.1", world.server.port, str(world.server.ca_bundle), "app")
    with connected(boss, way) as query, pytest.raises(DeployerError) as refused:
        owned_by_leavers(lambda name: connected(boss, way), query, APP, ["eve_w"])
    assert refused.value.code == "runs-as-owner"
    assert "function mine.f(), rule f on table mine.note" in refused.value.message
    assert 'in the database app: GRANT "eve_w" TO CURRENT_USER;' in refused.value.hint
    assert "    ALTER ROUTINE mine.f() SECURITY INVOKER;\n    DROP RULE f on mine.note;" in refused.value.hint
    assert 'REASSIGN OWNED BY "eve_w" TO "OTHER"' in refused.value.hint
    with world.connect("eve_w") as eve:
        assert eve.execute("SELECT mine.f()").fetchall() == [("eve_w",)]


def test_what_a_locked_user_left_has_no_rights_of_an_access_level_until_the_user_is_unlocked(
    master: psycopg.Connection, world: World
) -> None:
    with world.connect("eve_w") as eve:
        eve.execute(KINDS["a view"][0])
        eve.execute(
            "CREATE FUNCTION mine.g() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM orders'"
        )
    query = asked(master)
    with world.connect("alice_r") as reader:
        calls = ("SELECT * FROM mine.f", "SELECT mine.g()")
        for call in calls:
            reader.execute(call)
        users.shut_out_users(query, Engine.POSTGRESQL, ["eve_w"])
        users.take_levels(query, Engine.POSTGRESQL, ["eve_w"])
        for call in calls:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(call)
        assert [u.role for u in users.query_users(query, Engine.POSTGRESQL) if u.user == "eve_w"] == [LOCKED_ROLE]
        master.execute(EVE)
        for call in calls:
            reader.execute(call)
    assert [u.role for u in users.query_users(query, Engine.POSTGRESQL) if u.user == "eve_w"] == [FULL_WRITE_ROLE]


def test_a_schema_named_after_another_user_comes_before_nothing(master: psycopg.Connection, world: World) -> None:
    with world.connect("eve_w") as eve:
        eve.execute("CREATE SCHEMA bob_o")
        eve.execute("CREATE FUNCTION bob_o.pg_kill_connection(int) RETURNS bool LANGUAGE sql AS 'SELECT true'")
        eve.execute("GRANT USAGE ON SCHEMA bob_o TO PUBLIC")
    try:
        with world.connect("bob_o") as operator:
            for call in ("pg_kill_connection(1)", "public.pg_kill_connection(1)"):
                with pytest.raises(psycopg.errors.RaiseException, match="no client session 1"):
                    operator.execute(f"SELECT {call}")
    finally:
        master.execute('GRANT "eve_w" TO CURRENT_USER; DROP SCHEMA bob_o CASCADE')


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ('"$user", public', "public"),
        ('special, "$user", public', "special, public"),
        ('public, "$user"', "public"),
        ('"$user"', "public"),
        ('"odd, name", public', '"odd, name", public'),
    ],
)
def test_the_databases_own_search_path_stays_without_the_users_own_schema(path: str, kept: str, world: World) -> None:
    with world.connect() as boss:
        boss.execute(f"ALTER DATABASE app SET search_path = {path}")
    try:
        with world.connect() as boss:
            boss.execute(EVE)
        with world.connect("eve_w") as eve:
            assert eve.execute("SHOW search_path").fetchall() == [(kept,)]
    finally:
        with world.connect() as boss:
            boss.execute("ALTER DATABASE app RESET search_path")
            boss.execute(postgresql.drop_user("eve_w"))
