"""The credentials of a role are where the `aws` CLI keeps them: a code typed for one is not asked by the other."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from botocore.session import Session

from generator.gateway.credentials import _endpoint_is_set
from tests.gateway.test_credentials import ASSUMED, SOURCE, WITH_MFA, home
from tests.gateway.test_foreign_answers import Foreign
from tests.terminal import on_terminal

__all__ = ["home"]
CODE = "123456"
OURS = (
    "import sys; from generator.gateway import credentials; from generator.cli.main import entry;"
    "credentials._endpoint_is_set = lambda core: False;"  # the endpoint of this test plays AWS itself
    "sys.argv[1:] = ['status', '--profile', 'p', '--stack-name', 'x']; entry()"
)
PROGRAMS = {
    "deployer": [sys.executable, "-c", OURS],
    "aws": [sys.executable, "-m", "awscli", "sts", "get-caller-identity", "--profile", "p"],
}
Ask = Callable[[str], bool]


@pytest.fixture
def asks(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    """Run one of the programs at a terminal, its code typed when it is asked for; whether it was."""
    (home / "config").write_text(WITH_MFA + SOURCE)
    with Foreign() as sts:
        sts.body = ASSUMED.encode()
        threading.Thread(target=sts.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")  # the one variable that the `aws` CLI reads
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{sts.server_port}")

        def run(program: str) -> bool:
            _, shown = on_terminal(PROGRAMS[program], typed=CODE, after="MFA code for")
            assert CODE not in shown
            return "MFA code for" in shown

        yield run
        sts.shutdown()


def kept(home: Path) -> list[Path]:
    return list((home / ".aws" / "cli" / "cache").glob("*.json"))


@pytest.mark.parametrize(("first", "then"), [("aws", "deployer"), ("deployer", "aws")])
def test_what_one_program_keeps_the_other_uses_until_it_expires(first: str, then: str, asks: Ask, home: Path) -> None:
    assert [asks(first), asks(then), asks(first)] == [True, False, False]
    [file] = kept(home)
    assert file.stat().st_mode & 0o777 == 0o600
    held = json.loads(file.read_text())
    held["Credentials"]["Expiration"] = "2001-01-01T00:00:00Z"
    file.write_text(json.dumps(held))
    assert [asks(then), asks(first)] == [True, False], file.read_text()
    [again] = kept(home)
    assert again.stat().st_mode & 0o777 == 0o600


ENTRY = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c", "Expiration": "2099-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", "[" * 5000, '{"Credentials": {}}'),
        *(
            json.dumps({"Credentials": {**ENTRY, name: odd}})
            for name, odd in (("Expiration", "soon"), ("SessionToken", 1))
        ),
    ],
)
def test_an_entry_that_cannot_be_read_asks_again_and_is_replaced(content: str, asks: Ask, home: Path) -> None:
    assert asks("deployer")
    [file] = kept(home)
    file.write_text(content)
    assert [asks("deployer"), asks("deployer")] == [True, False], file.read_text()


SERVICES = "[services elsewhere]\n{} =\n  endpoint_url = http://127.0.0.1:1\n[profile p]\nservices = elsewhere\n"


@pytest.mark.parametrize(
    ("config", "variables", "elsewhere"),
    [
        ("[profile p]\n", {}, False),
        ("[profile p]\n", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, True),
        ("[profile p]\n", {"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"}, True),
        ("[profile p]\n", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, False),
        ("[profile p]\n", {"AWS_ENDPOINT_URL": ""}, False),
        ("[profile p]\nendpoint_url = http://127.0.0.1:1\n", {}, True),
        (SERVICES.format("sts"), {}, True),
        (SERVICES.format("s3"), {}, False),
        (SERVICES.format("sts"), {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, False),
        ("[profile p]\nendpoint_url = http://127.0.0.1:1\n", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, False),
        ("[profile p]\nignore_configured_endpoint_urls = true\nendpoint_url = http://127.0.0.1:1\n", {}, False),
    ],
)
def test_only_an_endpoint_of_sts_is_elsewhere(
    config: str, variables: dict[str, str], elsewhere: bool, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config").write_text(config)
    for name in [name for name in os.environ if name.startswith(("AWS_ENDPOINT_URL", "AWS_IGNORE"))]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _endpoint_is_set(Session(profile="p")) is elsewhere
