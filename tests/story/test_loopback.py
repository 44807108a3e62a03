"""In sandbox mode nothing leaves this machine, and no credential of the user reaches even the sandbox."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from botocore.httpsession import URLLib3Session

from generator.cli.main import main
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

USERS_KEY = "AKIAUSERSREALKEY0001"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every request's address and headers, and a network that ends at loopback."""
    seen: list[str] = []
    send, connect = URLLib3Session.send, socket.socket.connect

    def recorded(self: Any, request: Any) -> Any:
        seen.append(f"{request.url} {request.headers}")
        return send(self, request)

    def loopback_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            assert ip_address(address[0]).is_loopback, f"a connection to {address} was tried"
        connect(self, address)

    monkeypatch.setattr(URLLib3Session, "send", recorded)
    monkeypatch.setattr(socket.socket, "connect", loopback_only)
    yield seen


def test_commands_with_the_users_own_aws_settings_around(
    deployer: Deployer, sent: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-1\nendpoint_url = https://aws.example.com\n")
    users = {
        "AWS_ACCESS_KEY_ID": USERS_KEY,
        "AWS_SECRET_ACCESS_KEY": "canary-users-secret",
        "AWS_SESSION_TOKEN": "canary-users-token",
        "AWS_PROFILE": "work",
        "AWS_CONFIG_FILE": str(config),
        "AWS_ENDPOINT_URL": "https://aws.example.com",
        "AWS_ENDPOINT_URL_IAM": "https://iam.example.com",
        "HTTP_PROXY": "http://proxy.example.com:3128",
        "HTTPS_PROXY": "http://proxy.example.com:3128",
    }
    for argv in (
        ["up", *PLACE, "--yes"],
        ["access", "grant", "--principal", VENDOR_ROLE, "--reason", "T-1", "--yes"],
        ["access", "show"],
        ["up", "--support-user=no", "--yes"],
        ["status"],
        ["down", "--yes"],
    ):
        for name, value in users.items():
            monkeypatch.setenv(name, value)
        assert main(["--sandbox", *argv, "--stack-name", deployer.stack_name]) == 0, argv
    assert len(sent) > 20
    everything = "\n".join(sent)
    assert "example.com" not in everything
    for canary in (USERS_KEY, "canary-users"):
        assert canary not in everything
