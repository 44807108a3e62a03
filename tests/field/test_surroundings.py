"""What is around a call: a proxy that wants a password, a region that is none, keys of the sandbox elsewhere."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from tests.channel.proxy import Proxy
from tests.embedded import Deployer, Outcome, run
from tests.sessions.test_proxies import running

PASSWORD = "SECRET-of-the-proxy"
STATUS = ("status", "--stack-name", "x")


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person with a key and nothing else."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with running(Proxy("user:another")) as proxy:
        yield proxy


@pytest.mark.parametrize("debug", [(), ("--debug",)], ids=["", "debug"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("given", [f"user:{PASSWORD}@", ""], ids=["another password", "no password"])
def test_a_proxy_that_wants_a_password_is_named_and_its_password_is_not(
    scheme: str, given: str, debug: tuple[str, ...], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"{scheme}://aws.example:8443")
    monkeypatch.setenv(f"{scheme}_proxy", f"http://{given}127.0.0.1:{proxy.port}")
    failed = run(*STATUS, *debug)
    said = (
        f"error: The proxy http://127.0.0.1:{proxy.port} wants another user name and password than it got (HTTP 407)."
    )
    assert failed.code == 1 and said in failed.err, failed.err
    assert "http://USER:PASSWORD@HOST:PORT" in failed.err and PASSWORD not in failed.err + failed.out
    assert "is not AWS" not in failed.err


def none_known(region: str) -> str:
    """The sentence for a region that AWS does not have, wherever it is said."""
    return f"There is no AWS region {region} that this program knows."


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("us-est-1", "us-east-1"),
        ("eu-cental-1", "eu-central-1"),
        ("EU-WEST-1", "eu-west-1"),
        ("ap-southeast1", "ap-southeast-1"),
        ("us-gov-wst-1", "us-gov-west-1"),
    ],
)
@pytest.mark.parametrize("by", ["option", "variable", "config", "keys of a user"])
def test_a_region_that_is_none_is_told_in_the_sandbox_with_the_nearest(
    typed: str, meant: str, by: str, deployer: Deployer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would else look like a region in which nothing is."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    option: tuple[str, ...] = ()
    if by == "keys of a user":  # whose form does not tell them from AWS's
        for name, value in keys_of_a_user(deployer.gateway.client("iam")).items():
            monkeypatch.setenv(name, value)
    if by in ("option", "keys of a user"):
        option = ("--region", typed)
    elif by == "variable":
        monkeypatch.setenv("AWS_REGION", typed)
    else:
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "regions"))
        (tmp_path / "regions").write_text(f"[default]\nregion = {typed}\n")
    failed = run(*STATUS, *option)
    assert failed.code == 2 and f"error: {none_known(typed)}\n" in failed.err, failed.err
    assert meant in failed.err.partition("Perhaps you meant ")[2], failed.err


def keys_of_a_user(iam: Any) -> dict[str, str]:
    iam.create_user(UserName="somebody")
    document = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="somebody", PolicyName="all", PolicyDocument=json.dumps(document))
    made = iam.create_access_key(UserName="somebody")["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}


def test_a_region_without_a_name_of_aws_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name server knows its endpoint; one that it does know is asked, whether this program knows it or not."""
    failed = run(*STATUS, "--region", "us-est-1")
    assert failed.code == 2 and f"error: {none_known('us-est-1')}\n" in failed.err
    assert "us-east-1" in failed.err
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    elsewhere = run(*STATUS, "--region", "us-est-1")
    assert elsewhere.code == 1 and "The AWS endpoint http://127.0.0.1:9/ could not be reached." in elsewhere.err


def test_a_region_that_is_there_is_not_doubted_when_its_endpoint_is_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", _nobody)
    failed = run(*STATUS, "--region", "eu-central-1")
    assert failed.code == 1 and "https://cloudformation.eu-central-1.amazonaws.com/ could not be reached" in failed.err


def _nobody(*_: object, **__: object) -> None:
    raise OSError("no name server")


# The sandbox's keys and endpoint


@pytest.fixture
def sandbox(sandbox_with_stack: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Keys and endpoint of one that runs; neither is in the environment."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    return sandbox_with_stack


def place(where: str, name: str, value: str, patch: pytest.MonkeyPatch, config: Path) -> None:
    """Put a setting into the environment or into the AWS config."""
    if where == "environment":
        patch.setenv(name.upper(), value)
    else:
        config.write_text((config.read_text() if config.exists() else "[default]\n") + f"{name} = {value}\n")


PLACES = ["environment", "config"]


@pytest.mark.parametrize("endpoint", PLACES)
@pytest.mark.parametrize("keys", PLACES)
def test_the_sandbox_is_reached_whatever_says_where_it_is(
    keys: str, endpoint: str, sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        place(keys, name, sandbox[name.upper()], monkeypatch, tmp_path / "config")
    url = sandbox["AWS_ENDPOINT_URL"]
    place(
        endpoint,
        "AWS_ENDPOINT_URL" if endpoint == "environment" else "endpoint_url",
        url,
        monkeypatch,
        tmp_path / "config",
    )
    done = run("status", "--stack-name", "deepsql-field")
    assert done.code == 0, done.err


@pytest.mark.parametrize("endpoint", ["none", *PLACES, "of one service", "ignored"])
@pytest.mark.parametrize("keys", PLACES)
def test_keys_of_the_sandbox_are_sent_nowhere_else(
    keys: str, endpoint: str, sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config, far = tmp_path / "config", "https://vpce.example:9"
    for name in ("aws_access_key_id", "aws_secret_access_key"):
        place(keys, name, sandbox[name.upper()], monkeypatch, config)
    if endpoint == "environment":
        monkeypatch.setenv("AWS_ENDPOINT_URL", far)
    elif endpoint == "config":
        place("config", "endpoint_url", far, monkeypatch, config)
    elif endpoint == "of one service":
        monkeypatch.setenv("AWS_ENDPOINT_URL", sandbox["AWS_ENDPOINT_URL"])
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", far)
    elif endpoint == "ignored":
        place("config", "endpoint_url", sandbox["AWS_ENDPOINT_URL"], monkeypatch, config)
        monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    failed = run("status", "--stack-name", "deepsql-field", "--output", "json")
    host = "cloudformation.us-east-1.amazonaws.com" if endpoint in ("none", "ignored") else urlsplit(far).netloc
    assert (failed.code, failed.error["code"]) == (3, "sandbox-mixture"), failed
    assert host in failed.error["message"] and "nothing was sent" in failed.error["message"]


def test_a_mixture_is_told_and_not_mistaken(sandbox: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's own key to an endpoint on this computer, such as a tunnel's, is their affair."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    failed: Outcome = run(*STATUS)
    assert failed.code == 1 and "could not be reached" in failed.err


@pytest.mark.parametrize("region", ["a b", "ä", "{0}", "x\x07y", "-a", "12345", "a" * 64])
@pytest.mark.parametrize("by", ["variable", "config"])
@pytest.mark.parametrize(
    "verb",
    [STATUS, ("permissions", "up", "--account", "111122223333"), ("up", "--plan"), ("db", "list")],
    ids=lambda words: words[0],
)
def test_what_cannot_be_a_regions_name_is_told_before_anything_else(
    verb: tuple[str, ...], by: str, region: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_REGION", region if by == "variable" else "")
    (tmp_path / "config").write_text(f"[default]\nregion = {region}\n")
    failed = run(*verb)
    assert failed.code in (1, 2) and "cannot be the name of an AWS region." in failed.err, failed.err


@pytest.mark.parametrize("verb", [STATUS, ("permissions", "up", "--account", "111122223333"), ("outputs",)])
@pytest.mark.parametrize("config", ["region =\n", "region = \noutput = json\n", "output = json\n"])
def test_an_empty_region_is_none(
    config: str, verb: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_REGION")
    (tmp_path / "config").write_text(f"[default]\n{config}")
    failed = run(*verb)
    assert failed.err.startswith("error: No AWS region is set."), failed.err


@pytest.mark.parametrize("region", ["mars-1", "x", "eu-west-3a"])
def test_a_region_of_no_partition_is_told_as_that(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    failed = run("permissions", "up", "--account", "111122223333")
    assert failed.code == 2 and f"error: {none_known(region)}\n" in failed.err, failed.err


def test_what_completion_cannot_keep_fails_no_command(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("seen_names", "regions"):
        with monkeypatch.context() as patch:
            patch.setattr(f"generator.gateway.aws.Gateway.{name}", property(lambda gateway: {}["x"]), raising=False)
            patch.setattr("generator.gateway.aws.names_in", lambda name, parsed: [])
            patch.setattr("generator.gateway.aws.Gateway._note_answer", lambda *args, **named: None)
            if name == "seen_names":
                patch.setattr("generator.gateway.aws.Gateway.__init__", _without_names)
            assert run(*STATUS[:1], "--stack-name", deployer.stack_name).code == 0


def _without_names(gateway: Gateway, deployment: Deployment) -> None:
    gateway.deployment, gateway.notify, gateway._answered = deployment, lambda line: None, {}


@pytest.mark.parametrize(
    ("address", "proxy", "code", "said"),
    [
        ("https://x:port/", "", 2, "is not an https address"),
        ("https://[::1/x", "", 2, "is not an https address"),
        ("https://", "", 2, "is not an https address"),
        ("https://localhost:1/a b", "", 1, "could not be fetched"),
        ("https://aws.example/x", "http://h:31a8", 1, "could not be fetched: the proxy of HTTPS_PROXY"),
        ("https://aws.example/x", f"http://user:{PASSWORD}@[::1", 1, "could not be fetched"),
        (
            "https://aws.example/x",
            f"http://user:{PASSWORD}@h:31a8",
            1,
            "could not be fetched: the proxy of HTTPS_PROXY",
        ),
    ],
)
def test_a_bundle_that_cannot_be_asked_for_is_one_sentence(
    address: str, proxy: str, code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    failed = run("db", "ca-bundle", "--from", address)
    assert failed.code == code and said in failed.err and PASSWORD not in failed.err, failed.err
    assert "bug in deployer" not in failed.err


@pytest.mark.parametrize("answer", [b"nothing of HTTP\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b""])
def test_a_proxy_that_does_not_speak_http_is_one_sentence(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with server.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.getsockname()[1]}")
        failed = run("db", "ca-bundle", "--from", "https://aws.example/x")
    assert failed.code == 1 and "https://aws.example/x could not be fetched: " in failed.err, failed.err
