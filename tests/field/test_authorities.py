"""What people have set as the authorities to trust: a file that is gone, a folder, no certificate, somebody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from generator.host.loopback_certificate import LoopbackCertificate, loopback_certificate
from tests.embedded import Outcome, run


@pytest.fixture
def trusted(tmp_path: Path) -> LoopbackCertificate:
    return loopback_certificate(tmp_path / "trusted", datetime.now(UTC))


@pytest.fixture(autouse=True)
def endpoint(trusted: LoopbackCertificate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An address with TLS that answers everything with a page of its own."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = trusted.context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, value in {
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{server.server_port}",
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_MAX_ATTEMPTS": "1",
            "NO_PROXY": "127.0.0.1",
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield
        server.shutdown()


def status() -> Outcome:
    return run("status", "--stack-name", "x", "--region", "eu-west-3")


@pytest.mark.parametrize(
    "by", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "ca_bundle of profile default in your AWS config"]
)
@pytest.mark.parametrize("kind", ["gone", "a folder", "no certificate", "empty", "cut short"])
def test_a_bundle_that_is_none_is_what_is_said_to_be_wrong(
    kind: str, by: str, tmp_path: Path, trusted: LoopbackCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    if kind == "a folder":
        bundle.mkdir()
    elif kind != "gone":
        whole = trusted.path.read_text()
        bundle.write_text({"no certificate": "<html>", "empty": "", "cut short": whole[: len(whole) // 2]}[kind])
    if "config" in by:
        (tmp_path / "config").write_text(f"[default]\nca_bundle = {bundle}\n")
    else:
        monkeypatch.setenv(by, str(bundle))
    done = status()
    assert f"error: The CA bundle {bundle}, which {by} names, cannot be used: " in done.err, done.err
    assert done.code == 1 and f"Correct {by}: a PEM file" in done.err and "certificate of https" not in done.err
    assert done.err.count(str(bundle)) == 1, done.err


def test_a_server_that_the_bundle_does_not_know_is_what_is_said_to_be_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = loopback_certificate(tmp_path / "other", datetime.now(UTC))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(other.path))
    assert "error: The TLS certificate of https://127.0.0.1:" in status().err


def test_the_right_bundle_reaches_the_server_which_is_no_aws(
    trusted: LoopbackCertificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted.path))
    assert "is not AWS" in status().err
