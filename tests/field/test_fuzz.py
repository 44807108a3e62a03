"""Three hundred inputs of each family: whatever is wrong is told in one sentence, and never as a defect.

The seed is new with every run and stands in the name of what failed: DEPLOYER_FUZZ_SEED repeats it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import re
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.embedded import Outcome, run
from tests.field import junk

INPUTS = 300
SEED = os.environ.get("DEPLOYER_FUZZ_SEED") or secrets.token_hex(4)
SECRET = "arn:aws:secretsmanager:eu-west-3:111122223333:secret:s-AbCdEf"
ASKED = (
    *(("status",), ("sessions", "list"), ("doctor",), ("access", "confirm"), ("access", "show"), ("connect",)),
    *(("session-preferences", "show"), ("db", "list"), ("diff",), ("outputs",), ("events",), ("down", "--yes")),
    *(("up", "--plan"), ("access", "pause", "--yes"), ("access", "revoke", "--all", "--yes"), ("engineers", "status")),
    *(("vendor", "check", "--secret-id", SECRET), ("run", "true")),
)
"""What asks AWS for one thing or another, for things of every service."""
Run = Callable[[str], Outcome]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "HOME": tmp_path,
        "AWS_CONFIG_FILE": tmp_path / "config",
        "AWS_SHARED_CREDENTIALS_FILE": tmp_path / "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "XDG_CONFIG_HOME": tmp_path / "xdg",
        "XDG_CACHE_HOME": tmp_path / "cache",
    }.items():
        monkeypatch.setenv(name, str(value))
    return tmp_path


NAMED = re.compile(r"rofile \"?(p|q|nobody|default)\b|://|\"p\"|AWS_|endpoint_url|/config\b|region", re.IGNORECASE)
"""What a failure that AWS did not answer must name: the profile, the address, the variable, the setting, the file."""


def judge(family: junk.Junk, attempt: Run, *, named: re.Pattern[str] = re.compile("")) -> None:
    """Try the inputs of a family; one that is not told properly, or names nothing, fails with what repeats it."""
    for number in range(INPUTS):
        content = family(random.Random(f"{SEED} {family.__name__} {number}"))
        done = attempt(content)
        again = f"DEPLOYER_FUZZ_SEED={SEED}, {family.__name__} {number}: {content!r}\n{done}"
        assert 0 <= done.code <= 4, again
        assert "Traceback" not in done.err and "bug in deployer" not in done.err and "(error msg)" not in done.err, (
            again
        )
        errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
        assert all(error.endswith((".", "?", "!", "…")) for error in errors), again
        assert len(errors) == 1 or (not errors and done.code in (0, 3)), again  # 3 may be findings, which are no error
        assert done.code != 1 or named.search(errors[0]), again


def test_a_bug_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.lint.engine.read_template", lambda path: {}["nobody foresaw this"])
    with pytest.raises(AssertionError, match="bug in deployer"):
        judge(junk.template, lambda content: run("lint", "a.yaml"))


def each_in_turn(*more: str) -> Callable[[], Outcome]:
    """One command of ASKED after the other, with these options."""
    commands = itertools.cycle(ASKED)

    def next_one() -> Outcome:
        first, *words = next(commands)
        options = "--stack-name", "x", *more
        return run(first, *options, *words) if first == "run" else run(first, *words, *options)

    return next_one


@pytest.mark.parametrize("region", [(), ("--region", "eu-west-3")], ids=["", "region"])
def test_an_aws_config_of_any_kind(region: tuple[str, ...], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own endpoint, attempts and region are what counts; what leads away from here ends at a proxy that is not."""
    for name in ("AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name)
    for scheme in ("http", "https"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    command = each_in_turn("--profile", "p", *region)

    def attempt(content: str) -> Outcome:
        (home / "config").write_bytes(content.encode("utf-8", "surrogatepass"))
        return command()

    judge(junk.aws_config, attempt, named=NAMED)


def test_a_credential_process_that_prints_anything(home: Path) -> None:
    (home / "config").write_text(f"[profile p]\ncredential_process = cat {home}/printed\n")
    command = each_in_turn("--profile", "p", "--region", "eu-west-3")

    def attempt(content: str) -> Outcome:
        (home / "printed").write_bytes(content.encode("utf-8", "surrogatepass"))
        return command()

    judge(junk.process_output, attempt, named=NAMED)


def test_a_stored_sign_in_of_any_content(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in = "sso_start_url = https://corp.example.com/start\nsso_region = eu-west-3\n"
    role = "sso_account_id = 111122223333\nsso_role_name = Admin\n"
    (home / "config").write_text(f"[sso-session corp]\n{sign_in}[profile p]\nsso_session = corp\n{role}")
    cache = home / "sso"
    cache.mkdir()
    for provider in ("tokens.SSOTokenProvider", "credentials.SSOProvider"):
        monkeypatch.setattr(f"botocore.{provider}._SSO_TOKEN_CACHE_DIR", str(cache))
    name = hashlib.sha1(b"corp").hexdigest()
    command = each_in_turn("--profile", "p", "--region", "eu-west-3")

    def attempt(content: str) -> Outcome:
        (cache / f"{name}.json").write_bytes(content.encode("utf-8", "surrogatepass"))
        return command()

    judge(junk.sso_cache, attempt, named=NAMED)


class Odd(ThreadingHTTPServer):
    """Answers each request with what it is told to."""

    status, body, kind = 200, b"", "text/xml"

    class Handler(BaseHTTPRequestHandler):
        server: Odd

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(self.server.status)
            self.send_header("Content-Type", self.server.kind)
            self.send_header("Content-Length", str(len(self.server.body)))
            self.end_headers()
            self.wfile.write(self.server.body)

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            """Say nothing."""


@pytest.fixture
def server() -> Iterator[Odd]:
    with Odd(("127.0.0.1", 0), Odd.Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_an_answer_of_any_form(home: Path, server: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)
    command = each_in_turn("--region", "eu-west-3")
    statuses = itertools.cycle((200, 200, 200, 204, 301, 400, 403, 404, 500, 503))

    def attempt(content: str) -> Outcome:
        server.status, server.body = next(statuses), content.encode("utf-8", "surrogatepass")
        server.kind = "application/x-amz-json-1.1" if content[:1] in "{[" else "text/xml"
        return command()

    judge(junk.answer, attempt, named=re.compile(r"://| refused \w+ \("))


OF_A_FILE = (
    *(("lint",), ("lint", "--region", "eu-west-3"), ("lint", "--format", "sarif"), ("lint", "--format", "json")),
    *(
        ("verify", "--key", "key.pub", "--bundle", "a.yaml"),
        ("lint", "--output", "json"),
        ("up", "--plan", "--stack-name", "x", "--parameter-file"),
    ),
)
"""What reads a file that may be a template; `up` is asked with it as a file of parameters."""


def test_a_template_of_any_kind(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    (home / "key.pub").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    commands = itertools.cycle(OF_A_FILE)

    def attempt(content: str) -> Outcome:
        (home / "a.yaml").write_bytes(content.encode("utf-8", "surrogatepass"))
        return run(*next(commands), str(home / "a.yaml"))

    judge(junk.template, attempt)


def test_lint_says_of_any_template_what_cfn_lint_says_and_in_each_form(home: Path) -> None:
    config = ManualArgs(regions=["us-east-1"])
    for number in range(INPUTS // 5):
        content = junk.template(random.Random(f"{SEED} template {number}"))
        again = f"DEPLOYER_FUZZ_SEED={SEED}, template {number}: {content!r}"
        path = home / "a.yaml"
        path.write_bytes(content.encode("utf-8", "surrogatepass"))
        sarif, plain = (json.loads(run("lint", *form, str(path)).out) for form in FORMS)
        rules = Counter(result["ruleId"] for result in sarif["runs"][0]["results"])
        assert rules == Counter(finding["rule"] for finding in plain["result"]["findings"]), again
        try:
            theirs = Counter(match.rule.id for match in lint(content, config=config))
        except Exception:  # where cfn-lint stops, that is a finding
            assert rules.keys() & {"E0000", "E0002"}, again
            continue
        assert theirs <= rules, again


FORMS = (("--format", "sarif", "--region", "us-east-1"), ("--output", "json", "--region", "us-east-1"))
