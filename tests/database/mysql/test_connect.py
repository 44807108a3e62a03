"""`db connect` and its kin with the real mysql client, through a forwarder, to a real MySQL."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore
import pytest

from generator.cli.main import main
from generator.errors import DeployerError
from generator.model.database import ClientProgram, Login, PrintFormat, Route
from generator.operations.database import client_settings as settings
from generator.operations.database import connect
from generator.sandbox.database import certificates
from tests.database.conftest import ENDPOINT

from .conftest import World, login, token

REACH = ["--endpoint", ENDPOINT, "--port", "3306", "--dbname", "app", "--local-port", "0"]


@pytest.mark.parametrize(
    ("user", "statement", "answer"),
    [
        ("alice_r", "SELECT count(*) FROM orders", "3"),
        ("alice_w", "UPDATE orders SET item = item WHERE id = 1; SELECT row_count() >= 0", "1"),
        ("alice_o", "SELECT count(*) > 0 FROM information_schema.PROCESSLIST", "1"),
    ],
)
def test_the_right_access_level_does(
    at_home: World, capsys: pytest.CaptureFixture[str], user: str, statement: str, answer: str
) -> None:
    assert main(["db", "connect", *REACH, "--user", user, "-c", statement]) == 0
    assert answer in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("user", "statement"),
    [
        ("alice_r", "DELETE FROM orders"),
        ("alice_w", "CALL mysql.rds_kill(1)"),
        ("alice_w", "FLUSH STATUS"),
        ("alice_o", "SELECT * FROM orders"),
    ],
)
def test_the_wrong_access_level_does_not_and_is_told_so(
    at_home: World, capsys: pytest.CaptureFixture[str], user: str, statement: str
) -> None:
    assert main(["db", "connect", *REACH, "--user", user, "-c", statement, "--output", "json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], user in error["message"]) == ("wrong-access-level", True), error


def test_the_client_is_signed_in_over_tls_with_the_token_in_its_environment_only(at_home: World) -> None:
    who, way = login(), at_home.route()
    assert who.token not in " ".join(settings.client_argv(who, way))
    said = connect.run_statement(
        ClientProgram.mysql, who, way, "SELECT current_user(), @@session.autocommit; SHOW STATUS LIKE 'Ssl_version'"
    )
    assert "alice_r@%" in said and "TLSv1." in said


def test_a_fresh_token_opens_a_second_connection(at_home: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "token", *REACH[:4], "--user", "alice_r"]) == 0
    fresh = capsys.readouterr().out.strip()
    [argv, environment] = settings.client_argv(login(), at_home.route()), {"MYSQL_PWD": fresh}
    done = subprocess.run([*argv, "-Ne", "SELECT 1"], env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr


def test_the_printed_environment_works_in_mysql(at_home: World) -> None:
    exports = "\n".join(settings.printed(PrintFormat.ENV, login(), at_home.route(), ""))
    asked = "deployer_mysql -Ne 'SELECT user(), database()'"
    done = subprocess.run(["sh", "-c", f'eval "$1"; {asked}', "sh", exports], capture_output=True, text=True)
    assert (done.stdout[:8], done.stdout[-4:]) == ("alice_r@", "app\n"), done.stderr
    other = at_home.route(ca_bundle=other_authority(at_home)[1].ca_bundle)
    exports = "\n".join(settings.printed(PrintFormat.ENV, login(), other, ""))
    done = subprocess.run(["sh", "-c", f'eval "$1"; {asked}', "sh", exports], capture_output=True, text=True)
    assert "is not what answers, so no login was sent: certificate verify failed" in done.stderr


@pytest.mark.parametrize(
    ("user", "statement", "hint"),
    [
        ("alice_r", "DELETE FROM orders", "--permission w"),
        ("alice_r", "CREATE TABLE app.note (id int)", "limited to data: db bootstrap --for NAME=w"),
        ("alice_w", "TRUNCATE orders", "limited to data: db bootstrap --for NAME=w"),
        ("alice_w", "CALL mysql.rds_kill(1)", "--permission o"),
        ("alice_r", "SELECT trx_id FROM information_schema.INNODB_TRX", "--permission o"),
        ("alice_r", "ALTER USER root@'%' IDENTIFIED BY 'x'", "limited to data: db bootstrap --for NAME=w"),
        ("alice_r", "SELECT * FROM nothing", "--dbname NAME"),
    ],
)
def test_the_next_step_is_one_that_works(at_home: World, user: str, statement: str, hint: str) -> None:
    with pytest.raises(DeployerError) as refused:
        connect.run_statement(ClientProgram.mysql, login(user), at_home.route(), statement)
    assert hint in refused.value.hint, refused.value


def expired(world: World) -> tuple[Login, Route]:
    """A token as it was twenty minutes ago: no signature is right any more, and no server looks at it first."""
    past = datetime.now(UTC) - timedelta(minutes=20)
    old = re.sub(r"X-Amz-Date=\w+", f"X-Amz-Date={past:%Y%m%dT%H%M%SZ}", token())
    return login(password=re.sub(r"%2F\d{8}%2F", f"%2F{past:%Y%m%d}%2F", old)), world.route()


def other_authority(world: World) -> tuple[Login, Route]:
    directory = world.server.directory / "other"
    directory.mkdir(exist_ok=True)
    return login(), world.route(ca_bundle=str(certificates.certify(ENDPOINT, directory).ca_bundle))


def denied(world: World) -> tuple[Login, Route]:
    world.denied.add("alice_r")
    return login(), world.route()


OTHER = "other.cluster-x.us-east-1.rds.amazonaws.com"
CASES: dict[str, tuple[Callable[[World], tuple[Login, Route]], str, str]] = {
    "expired": (expired, "token-refused", "expired"),
    "signed for localhost": (
        lambda w: (login(password=token(host="localhost", port=56789)), w.route()),
        "token-refused",
        "was signed for localhost:56789, but the database is",
    ),
    "signed for another user": (
        lambda w: (login(password=token("alice_w")), w.route()),
        "token-refused",
        "signed for the user alice_w, but alice_r signs in",
    ),
    "a password": (lambda w: (login(password="hunter2"), w.route()), "token-refused", "is not an IAM token"),
    "refused by IAM": (denied, "iam-refused", "lack rds-db:connect"),
    "public authorities": (
        lambda w: (login(), w.route(ca_bundle=str(Path(botocore.__file__).parent / "cacert.pem"))),
        "wrong-ca",
        "has signed the certificate",
    ),
    "an authority of the same name": (other_authority, "wrong-ca", "has signed the certificate"),
    "another server": (
        lambda w: (login(endpoint=OTHER), w.route(OTHER)),
        "wrong-host-name",
        "not for other.cluster",
    ),
    "no bundle": (lambda w: (login(), w.route(ca_bundle="/nowhere.pem")), "ca-bundle-missing", "does not exist"),
    "no database": (lambda w: (login(), w.route(database="nothing")), "no-such-database", "database nothing"),
    "no user": (lambda w: (login("stranger_r"), w.route()), "iam-refused", "or there is no such user"),
    "no tunnel": (lambda w: (login(), w.route(port=1)), "tunnel-down", "Nothing answers"),
}


@pytest.mark.parametrize("client", [ClientProgram.mysql, ClientProgram.none])  # none is checked by the driver
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


@pytest.mark.parametrize("client", [ClientProgram.mysql, ClientProgram.none])
def test_one_who_is_shut_out_is_told_so(at_home: World, client: ClientProgram) -> None:
    with at_home.open() as master:
        master("ALTER USER bob_o ACCOUNT LOCK")
        try:
            with pytest.raises(DeployerError) as refused:
                connect.check_connection(client, login("bob_o"), at_home.route())
        finally:
            master("ALTER USER bob_o ACCOUNT UNLOCK")
    assert (refused.value.code, "its account is locked" in refused.value.message) == ("user-locked", True)


def test_mariadbs_client_is_named_as_what_it_is(
    at_home: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "WARNING: option '--enable-cleartext-plugin' is obsolete.\nmysql: unknown variable 'ssl-mode=VERIFY_CA'"
    (tmp_path / "mysql").write_text(f'#!/bin/sh\necho "{said}" >&2\nexit 7\n')
    (tmp_path / "mysql").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(DeployerError, match="is MariaDB's") as refused:
        connect.check_connection(ClientProgram.mysql, login(), at_home.route())
    assert refused.value.code == "client-not-oracles"
