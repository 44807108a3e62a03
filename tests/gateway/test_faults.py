"""Faults between us and AWS, over HTTP: which ones pass by themselves, and how often a call is tried."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment


def error(code: str, status: int = 400) -> bytes:
    """A refusal as CloudFormation words it (query protocol)."""
    kind = "Sender" if status < 500 else "Receiver"
    body = (
        f'<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>{kind}</Type>'
        f"<Code>{code}</Code><Message>About {code}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    )
    return page(body, status)


def page(body: str, status: int = 503) -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


class Endpoint:
    """Gives every request the same reply, and counts them."""

    def __init__(self) -> None:
        self.reply, self.requests = b"", 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            with connection:
                if connection.recv(65536):
                    self.requests += 1
                    connection.sendall(self.reply)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Endpoint]:
    made = Endpoint()
    config = tmp_path / "config"
    config.write_text("")
    for name in ("AWS_PROFILE", "AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ENDPOINT_URL": made.url,
        "AWS_CONFIG_FILE": str(config),
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "example",
        "AWS_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
    yield made
    made.server.shutdown(socket.SHUT_RDWR)
    made.server.close()


def asked() -> DeployerError:
    with pytest.raises(DeployerError) as caught:
        Gateway(Deployment()).cloudformation.describe_stack("s")
    return caught.value


@pytest.mark.parametrize(
    ("reply", "passes"),
    [
        (error("Throttling"), True),
        (error("ThrottlingException"), True),
        (error("RequestLimitExceeded", 503), True),
        (error("InternalFailure", 500), True),
        (error("ServiceUnavailable", 503), True),
        (error("SomethingNew", 500), True),
        (page("<html><b>Http/1.1 Service Unavailable</b></html>"), True),
        (page("<!DOCTYPE html><html><body>Bad Gateway<br></body></html>", 502), True),
        (page("", 504), True),
        (b"", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<Describe", True),
        (error("ExpiredToken", 403), False),
        (error("ExpiredTokenException"), False),
        (error("RequestExpired"), False),
        (error("InvalidClientTokenId", 403), False),
        (error("AccessDenied", 403), False),
        (error("LimitExceeded"), False),
        (error("ValidationError"), False),
    ],
)
def test_a_fault_passes_or_it_does_not(
    reply: bytes, passes: bool, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    endpoint.reply = reply
    assert asked().transient is passes


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"], ids=["no listener", "no name"])
def test_a_network_that_is_away_comes_back(url: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)
    assert asked().transient


@pytest.mark.parametrize(
    ("variables", "config", "attempts"),
    [
        ({}, "", 5),
        ({"AWS_MAX_ATTEMPTS": "1"}, "", 1),
        ({"AWS_MAX_ATTEMPTS": "7"}, "max_attempts = 2\n", 7),
        ({}, "max_attempts = 2\n", 2),
        ({"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "2"}, "", 2),
        ({}, "retry_mode = adaptive\n", 5),
    ],
)
def test_the_environment_and_the_config_say_how_often(
    variables: dict[str, str],
    config: str,
    attempts: int,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(f"[default]\n{config}")
    endpoint.reply = error("Throttling")
    asked()
    assert endpoint.requests == attempts


@pytest.mark.parametrize(
    ("variables", "config", "mode"),
    [
        ({}, "", "standard"),
        ({"AWS_RETRY_MODE": "adaptive"}, "retry_mode = legacy\n", "adaptive"),
        ({}, "retry_mode = legacy\n", "legacy"),
    ],
)
def test_the_environment_and_the_config_say_in_which_mode(
    variables: dict[str, str],
    config: str,
    mode: str,
    endpoint: Endpoint,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config").write_text(f"[default]\n{config}")
    assert Gateway(Deployment()).client("cloudformation").meta.config.retries["mode"] == mode


@pytest.mark.parametrize(
    ("name", "value"),
    [("AWS_MAX_ATTEMPTS", "0"), ("AWS_MAX_ATTEMPTS", "many"), ("AWS_MAX_ATTEMPTS", "-1"), ("AWS_RETRY_MODE", "often")],
)
def test_settings_that_cannot_be_are_named(
    name: str, value: str, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    problem = asked()
    assert isinstance(problem, UsageError) and name in problem.message and value in problem.message
    assert not endpoint.requests


def test_a_setting_of_the_config_is_named_as_that(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nmax_attempts = x\n")
    assert asked().message == "max_attempts in your AWS config must be a whole number from 1, not 'x'."
