"""Whole commands whose calls and data channels go through one proxy, with endpoints from the AWS configuration."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.channel.proxy import Proxy, serve
from tests.sandbox_keys import control
from tests.sessions.conftest import Deployer

PASSWORD = "SECRET-of-the-proxy"
EXEC = ("connect", "-L", "0:localhost:3035", "--exec", "curl -sS --noproxy '*' -o /dev/null localhost:$DEPLOYER_PORT")


@contextmanager
def running(proxy: Proxy) -> Iterator[Proxy]:
    """The proxy, in a thread of its own."""
    started, loop, over = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def work() -> None:
        async with serve(proxy):
            started.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),), daemon=True)
    thread.start()
    started.wait(5)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """All that goes to the sandbox goes through this proxy, which wants a user name and a password."""
    with running(Proxy(f"user:{PASSWORD}")) as proxy, monkeypatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy", "HTTPS_PROXY", "https_proxy"):
            patch.delenv(name, raising=False)
        point_to(patch, f"127.0.0.1:{proxy.port}")
        yield proxy


def point_to(patch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        patch.setenv(name, f"http://user:{PASSWORD}@{address}")


def test_calls_and_channel_take_the_same_proxy(deployer: Deployer, through: Proxy) -> None:
    done = deployer(*EXEC)
    assert done.code == 0 and PASSWORD not in done.err + done.out, done.err
    host = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    assert host in through.asked, "the websocket, by CONNECT"
    assert f"http://{host}/" in through.asked, "the calls, by whole addresses"


def test_ssh_proxy_takes_it_too_and_no_proxy_is_nobodys(deployer: Deployer, through: Proxy) -> None:
    carried = deployer.start("ssh-proxy", deployer.instance)
    carried.communicate(timeout=30)
    asked = len(through.asked)
    assert urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc in through.asked
    direct = deployer.start(*EXEC, env={"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"})
    _, err = direct.communicate(timeout=30)
    assert direct.returncode == 0 and len(through.asked) == asked, err


@pytest.mark.parametrize("debug", [(), ("--debug",)])
@pytest.mark.parametrize("answer", ["another password", "a refusal", "nobody", "no address"])
def test_a_proxy_that_does_not_let_through_is_named_without_its_password(
    deployer: Deployer, through: Proxy, monkeypatch: pytest.MonkeyPatch, answer: str, debug: tuple[str, ...]
) -> None:
    calls_too = answer != "a refusal"  # of a CONNECT, which is the websocket's
    with monkeypatch.context() as patch:
        if answer == "another password":
            through.user = "user:another"
        elif answer == "a refusal":
            through.status = 403
        else:
            point_to(patch, f"127.0.0.1:{1 if answer == 'nobody' else 'port'}")
            patch.setenv("AWS_MAX_ATTEMPTS", "1")
        done = deployer(*EXEC, *debug)
    through.user, through.status = f"user:{PASSWORD}", 200
    assert done.code == (2 if answer == "no address" else 1) and PASSWORD not in done.err + done.out, done.err
    assert "proxy" in done.err.lower() and "defect" not in done.err, done.err
    assert calls_too or f"The proxy http://127.0.0.1:{through.port} refused a connection to 127.0.0.1" in done.err


@pytest.mark.parametrize(
    "config",
    [
        "[default]\nendpoint_url = {url}\n",
        "[default]\nservices = here\n[services here]\n"
        + "".join(f"{name} =\n  endpoint_url = {{url}}\n" for name in ("ssm", "cloudformation", "sts", "ec2"))
        + "ssmmessages =\n  endpoint_url = http://127.0.0.1:9\n",
    ],
    ids=["endpoint_url", "services, and one for the channel, whose address comes with the session"],
)
def test_the_channel_goes_where_the_service_of_a_configured_endpoint_says(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, config: str
) -> None:
    url = os.environ["AWS_ENDPOINT_URL"]
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    keys = "".join(f"{n} = {os.environ[n.upper()]}\n" for n in ("aws_access_key_id", "aws_secret_access_key"))
    (tmp_path / "config").write_text(config.format(url=url).replace("[default]\n", f"[default]\n{keys}"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    done = deployer(*EXEC)
    monkeypatch.undo()
    assert done.code == 0, done.err


# Far ends that nobody answers at


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_far_port_that_nobody_answers_at_is_said_without_a_terminal(deployer: Deployer, output: str) -> None:
    deployer.behind(p3035=1)
    fetch = "curl -sS -m 5 localhost:$DEPLOYER_PORT; curl -s -m 5 localhost:$DEPLOYER_PORT; exit 7"
    done = deployer("connect", "-L", "0:localhost:3035", "--exec", fetch, "--output", output)
    control("DELETE", "instances/x")
    assert done.code == 7, "the command's own"
    assert done.err.count("The instance could not connect to localhost:3035: nothing listens there") == 1, done.err
    assert "2 refused" in done.err
    if output == "json":
        assert done.result["tunnels"][0]["refused"] == 2
    else:
        assert done.out == ""


def test_a_tunnel_whose_far_end_answers_says_nothing_of_the_kind(deployer: Deployer) -> None:
    done = deployer(*EXEC)
    assert done.code == 0 and "could not connect" not in done.err and "refused" not in done.err, done.err
