"""The clipboard emptied after, a bundle kept only with the right hash, and finding the database meant."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from generator.errors import AwsError, DeployerError, NotFound, Refused, UsageError
from generator.host import clipboard, download
from generator.model.database import AccessLevel, Database, Engine
from generator.model.stack import Stack, StackStatus
from generator.operations.database.login import login_for
from generator.operations.database.lookup import find_database
from generator.operations.database.request import DatabaseRequest
from generator.sandbox.database.certificates import certify
from tests.embedded import run

BUNDLE = b"-----BEGIN CERTIFICATE-----\n"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """xclip as a file, which shows what was put on it and how."""
    held = tmp_path / "held"
    script = tmp_path / "xclip"
    script.write_text(f'#!/bin/sh\necho "$@" >> {held}.argv\ncase "$*" in *-o) cat {held};; *) cat > {held};; esac\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return held


def test_a_token_leaves_the_clipboard_again_and_was_no_argument(board: Path) -> None:
    with clipboard.on_clipboard("the-token", print):
        assert board.read_text() == "the-token"
    assert board.read_text() == ""
    assert "the-token" not in Path(f"{board}.argv").read_text()


def test_what_the_user_copied_meanwhile_is_left_alone(board: Path) -> None:
    with clipboard.on_clipboard("the-token", print):
        board.write_text("a shopping list")
    assert board.read_text() == "a shopping list"


def test_a_token_is_taken_off_the_clipboard_when_its_command_is_told_to_end(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDCUSTOMEREXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "customer-secret")
    words = ["db", "token", "--endpoint", "app.example", "--user", "alice_r", "--region", "us-east-1", "--copy"]
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-m", "generator", *words]
    held = subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert held.stderr and "alice_r" in held.stderr.readline()
    assert "for 45 seconds" in held.stderr.readline()
    assert "DBUser=alice_r" in board.read_text()
    held.terminate()
    printed, told = held.communicate(timeout=20)
    assert (held.returncode, printed, board.read_text()) == (130, "", "")
    assert "The clipboard was cleared." in told


def test_a_clipboard_whose_display_is_gone_is_one_sentence(board: Path) -> None:
    (board.parent / "xclip").write_text("#!/bin/sh\nexit 1\n")
    took = pytest.raises(NotFound, match="xclip did not accept the text")
    with took as refused, clipboard.on_clipboard("the-token", print):
        pass
    assert "the-token" not in refused.value.message + refused.value.hint


def test_without_a_clipboard_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotFound, match="no clipboard"), clipboard.on_clipboard("the-token", print):
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An https server of one file, trusted as the system's authorities are."""

    class One(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BUNDLE)

        def log_message(self, *args: object) -> None: ...

    certified = certify("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certified.ca_bundle))
    for name in download.BUNDLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "localhost")
    server = http.server.HTTPServer(("127.0.0.1", 0), One)
    server.socket = certified.context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}/global-bundle.pem"
    server.shutdown()
    server.server_close()


def test_a_bundle_is_kept_only_with_the_hash_given(site: str, tmp_path: Path) -> None:
    target, right = tmp_path / "kept" / "bundle.pem", hashlib.sha256(BUNDLE).hexdigest()
    for wrong in ("", "0" * 64):
        with pytest.raises(Refused, match=right):
            download.fetch(site, wrong, target)
        assert not target.exists()
    assert download.fetch(site, right, target).read_bytes() == BUNDLE
    with pytest.raises(UsageError):
        download.fetch(site.replace("https", "http"), right, target)


@pytest.mark.parametrize("named", [True, False])
def test_a_bundle_comes_from_whom_the_profile_s_authorities_vouch_for(
    named: bool, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = f"ca_bundle = {os.environ['SSL_CERT_FILE']}" if named else ""
    (tmp_path / "config").write_text(f"[profile ops]\n{setting}\n")
    for name, value in {"AWS_CONFIG_FILE": "config", "XDG_DATA_HOME": "data"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.delenv("SSL_CERT_FILE")
    right = hashlib.sha256(BUNDLE).hexdigest()
    done = run("db", "ca-bundle", "--from", site, "--sha256", right, "--profile", "ops", "--region", "eu-west-3")
    assert done.code == (0 if named else 1), done.err
    assert ("CERTIFICATE_VERIFY_FAILED" in done.err) is not named


def test_an_address_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DeployerError, match="could not be fetched"):
        download.fetch("https://localhost:1/x", "", tmp_path / "x")


# Finding the database, with a gateway of plain values.

FOUND = Database("app", Engine.POSTGRESQL, "app.example", 5432, "cluster-A", "shop", "us-east-1", "111122223333")
ALICE = "arn:aws:iam::111122223333:user/alice"
BOB = "arn:aws:sts::111122223333:assumed-role/Support/bob"


def gateway(databases: list[Database], stack: object = None, caller: str = ALICE, answer: object = "allowed") -> object:
    def simulate(arn: str, action: str, resource: str, context: object) -> object:
        asked.append((arn, action, resource))
        if isinstance(answer, Exception):
            raise answer
        return answer

    asked: list[tuple[str, str, str]] = []
    return SimpleNamespace(
        rds=SimpleNamespace(
            describe_databases=lambda: databases,
            describe_database=lambda name: next(d for d in databases if d.name == name),
            generate_db_auth_token=lambda host, port, user: f"{host}:{port}/{user}",
        ),
        cloudformation=SimpleNamespace(find_stack=lambda name: stack),
        sts=SimpleNamespace(get_caller_arn=lambda: caller),
        iam=SimpleNamespace(simulate=simulate),
        deployment=SimpleNamespace(stack_name="deepsql-selfhost"),
        region="us-east-1",
        asked=asked,
    )


def test_the_stacks_database_comes_before_the_only_one() -> None:
    parameters = {"DatabaseEndpoint": "mine.example", "DatabasePort": "3306"}
    arn = "arn:aws:cloudformation:us-east-1:111122223333:stack/deepsql-selfhost/1"
    stack = Stack("deepsql-selfhost", arn, StackStatus("CREATE_COMPLETE"), parameters=parameters)
    mine = find_database(gateway([FOUND], stack), DatabaseRequest())  # type: ignore[arg-type]
    assert (mine.endpoint, mine.engine, mine.resource_id) == ("mine.example", Engine.MYSQL, "")
    parameters["DatabaseEndpoint"] = FOUND.endpoint
    assert find_database(gateway([FOUND], stack), DatabaseRequest()) == FOUND  # type: ignore[arg-type]
    assert find_database(gateway([FOUND]), DatabaseRequest()) == FOUND  # type: ignore[arg-type]


def test_several_databases_are_listed_and_none_is_said_so() -> None:
    other = Database("other", Engine.MYSQL, "other.example", 3306)
    with pytest.raises(UsageError) as several:
        find_database(gateway([FOUND, other]), DatabaseRequest())  # type: ignore[arg-type]
    assert "other.example" in several.value.hint
    with pytest.raises(NotFound):
        find_database(gateway([]), DatabaseRequest())  # type: ignore[arg-type]


def test_the_user_is_the_callers_and_iam_is_asked_about_the_role_behind_a_session() -> None:
    aws = gateway([FOUND], caller=BOB)
    made = login_for(aws, FOUND, DatabaseRequest(level=AccessLevel.OPERATE))  # type: ignore[arg-type]
    assert (made.user, made.token) == ("bob_o", "app.example:5432/bob_o")
    arn = "arn:aws:rds-db:us-east-1:111122223333:dbuser:cluster-A/bob_o"
    assert aws.asked == [("arn:aws:iam::111122223333:role/Support", "rds-db:connect", arn)]  # type: ignore[attr-defined]


def test_an_access_level_the_role_does_not_permit_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(DeployerError, match=r"may not use rds-db:connect on .*alice_w"):
        login_for(gateway([FOUND], answer="implicitDeny"), FOUND, DatabaseRequest(level=AccessLevel.WRITE))  # type: ignore[arg-type]


def test_who_may_not_simulate_is_let_through_to_the_database() -> None:
    refused = AwsError("no", aws_code="AccessDenied")
    assert login_for(gateway([FOUND], answer=refused), FOUND, DatabaseRequest()).user == "alice_r"  # type: ignore[arg-type]
