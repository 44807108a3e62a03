"""Where a gateway works, told by who answered: AWS in any partition, this package's sandbox, or something else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.model.location import Location

STACK = "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1"
HERE = "http://127.0.0.1:4566"


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    made = Gateway(Deployment(region="eu-west-1"))
    made.cloudformation.stack_id = STACK
    return made


def answered(gateway: Gateway, url: str, sandbox: bool = False) -> None:
    headers = {"X-Sandbox": "deployer"} if sandbox else {}
    gateway._note_answer(SimpleNamespace(url=url, headers=headers), {}, SimpleNamespace(name="DescribeStacks"))


@pytest.mark.parametrize(
    "url",
    [
        "https://cloudformation.eu-west-1.amazonaws.com/",
        "https://cloudformation.cn-north-1.amazonaws.com.cn/",
        "https://cloudformation.us-gov-west-1.api.aws/",
        "https://vpce-0123-abc.cloudformation.eu-west-1.vpce.amazonaws.com/",
    ],
)
def test_awss_own_endpoints_are_not_worth_a_word(url: str, gateway: Gateway) -> None:
    answered(gateway, url)
    assert gateway.location() == Location("111122223333", "eu-west-1")
    assert str(gateway.location()) == "in account 111122223333, eu-west-1"


def test_the_sandbox_is_one_that_says_so_on_this_computer(gateway: Gateway) -> None:
    answered(gateway, f"{HERE}/", sandbox=True)
    assert str(gateway.location()) == "in the sandbox (account 111122223333, region eu-west-1)"


@pytest.mark.parametrize(
    ("url", "says_sandbox", "named"),
    [
        (f"{HERE}/", False, HERE),
        ("http://192.0.2.7:4566/", True, "http://192.0.2.7:4566"),
        ("https://user:secret@aws.example.com/x", False, "https://aws.example.com"),
        (
            "https://cloudformation.amazonaws.com.example.net/",
            False,
            "https://cloudformation.amazonaws.com.example.net",
        ),
        ("https://notamazonaws.com/", False, "https://notamazonaws.com"),
    ],
)
def test_anything_else_is_named_as_what_it_is(url: str, says_sandbox: bool, named: str, gateway: Gateway) -> None:
    answered(gateway, url, says_sandbox)
    assert str(gateway.location()) == f"in account 111122223333, eu-west-1 at {named}"


def test_a_mixture_is_not_the_sandbox(gateway: Gateway) -> None:
    answered(gateway, f"{HERE}/", sandbox=True)
    answered(gateway, "https://iam.amazonaws.com/")
    assert str(gateway.location()) == f"in account 111122223333, eu-west-1 at {HERE}"


def test_an_account_that_nobody_names_is_said_to_be_that(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    gateway.cloudformation.stack_id = ""
    assert str(gateway.location()) == "in an account that AWS did not name, eu-west-1"
