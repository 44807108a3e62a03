"""The websocket through a proxy: chosen as for calls to AWS, with TLS inside, and its password nowhere."""

import asyncio
import socket
import traceback

import pytest

from generator.channel.channel import open_channel
from generator.channel.proxy import proxy_for, shown
from generator.channel.session import ChannelOptions
from generator.errors import DeployerError
from tests.channel.agent import Agent, BytesApp
from tests.channel.gateway import Gateway, on_websockets
from tests.channel.proxy import Proxy, certificate, serve

NAMES = ("HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def echo(gateway, bundle):
    async with open_channel(gateway, ChannelOptions(ca_bundle=bundle)) as channel:
        await channel.write(b"hello")
        assert (await channel.receive()).payload == b"hello"


def through(proxy, address, monkeypatch, tmp_path, *, tls_to_proxy=False, use=echo):
    """Use a channel over TLS with `HTTPS_PROXY` as `address` says, {} being the proxy's own."""
    server_side, bundle = certificate(tmp_path)

    async def story():
        made = Gateway(lambda emit: Agent(emit, BytesApp()))
        async with on_websockets(made, ssl=server_side) as gateway, serve(proxy, server_side if tls_to_proxy else None):
            monkeypatch.setenv("HTTPS_PROXY", address.format(f"127.0.0.1:{proxy.port}"))
            await use(gateway, bundle)
            return gateway.url.split("/")[2]

    return asyncio.run(story())


@pytest.mark.parametrize("address", ["http://{}", "{}", "//{}", "http://us%40er:p%3A%2Fss@{}"])
def test_tls_goes_through_the_proxy_however_its_address_is_written(monkeypatch, tmp_path, address):
    proxy = Proxy("us@er:p:/ss" if "@{}" in address else "")
    host = through(proxy, address, monkeypatch, tmp_path)
    assert proxy.asked == [host], "the host of the gateway, once, by CONNECT"


def test_the_proxy_itself_may_speak_tls_and_is_verified_by_the_same_authorities(monkeypatch, tmp_path):
    proxy = Proxy("user:secret")
    host = through(proxy, "https://user:secret@{}", monkeypatch, tmp_path, tls_to_proxy=True)
    assert proxy.asked == [host]


@pytest.mark.parametrize(
    ("variable", "value", "url", "used"),
    [
        ("HTTPS_PROXY", "http://p:1", "wss://ssmmessages.eu-west-1.amazonaws.com/v1", True),
        ("https_proxy", "http://p:1", "wss://ssmmessages.eu-west-1.amazonaws.com/v1", True),
        ("HTTP_PROXY", "http://p:1", "wss://ssmmessages.eu-west-1.amazonaws.com/v1", False),
        ("HTTP_PROXY", "http://p:1", "ws://127.0.0.1:4566/v1", True),
        ("ALL_PROXY", "http://p:1", "wss://ssmmessages.eu-west-1.amazonaws.com/v1", False),
    ],
)
def test_the_variable_is_that_of_calls_to_aws(monkeypatch, variable, value, url, used):
    monkeypatch.setenv(variable, value)
    assert proxy_for(url, ChannelOptions()) == (value if used else None)


@pytest.mark.parametrize(
    ("no_proxy", "passed"),
    [
        ("*", True),
        (".amazonaws.com", True),
        ("amazonaws.com", True),
        ("other.com, ssmmessages.eu-west-1.amazonaws.com", True),
        ("ssmmessages.eu-west-1.amazonaws.com:443", True),
        ("ssm.eu-west-1.amazonaws.com", False),
        ("", False),
    ],
)
def test_no_proxy_names_hosts_that_are_reached_directly(monkeypatch, no_proxy, passed):
    from botocore.utils import should_bypass_proxies

    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    monkeypatch.setenv("no_proxy", no_proxy)
    for port in ("", ":443") if ":" not in no_proxy else (":443",):
        url = f"wss://ssmmessages.eu-west-1.amazonaws.com{port}/v1"
        assert (proxy_for(url, ChannelOptions()) is None) is passed
        assert should_bypass_proxies(url) is passed, "botocore decides as this does"


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        (Proxy("user:another"), "wants another user name and password than it got (HTTP 407)"),
        (Proxy(status=403), "refused a connection to 127.0.0.1 (HTTP 403)"),
        (Proxy(status=502), "could not be reached: proxy rejected connection: HTTP 502 through the proxy"),
    ],
)
def test_a_refusal_of_the_proxy_is_named_and_shows_no_password(monkeypatch, tmp_path, proxy, words, capsys):
    async def refused(gateway, bundle):
        with pytest.raises(DeployerError) as failure:
            await echo(gateway, bundle)
        assert words in failure.value.message and f"http://127.0.0.1:{proxy.port}" in failure.value.message
        assert "SECRET" not in "".join(traceback.format_exception(failure.value)) + str(failure.value.hint)
        assert gateway.calls[-1] == "terminate", "the session that was started is ended"
        assert proxy.status == 502 or len(proxy.asked) == 1, "what is refused is not tried again"

    through(proxy, "http://user:SECRET@{}", monkeypatch, tmp_path, use=refused)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://user:SECRET@127.0.0.1:{free}", "through the proxy http://127.0.0.1:"),
        ("http://user:SECRET@nowhere.invalid:3128", "through the proxy http://nowhere.invalid:3128"),
        ("ftp://user:SECRET@127.0.0.1:3128", "The proxy ftp://127.0.0.1:3128 cannot be used"),
        ("http://user:SECRET@127.0.0.1:port", "The proxy in HTTPS_PROXY cannot be used"),
        ("http://user:SECRET@", "The proxy in HTTPS_PROXY cannot be used"),
        ("socks5h://user:SECRET@127.0.0.1:1080", "needs the package python-socks"),
        ("http://user:SEC[RET@127.0.0.1:3128", "The proxy in HTTPS_PROXY cannot be used"),
    ],
)
def test_a_proxy_that_is_none_is_one_sentence_and_shows_no_password(monkeypatch, tmp_path, address, words):
    async def fails(gateway, bundle):
        with pytest.raises(DeployerError) as failure:
            await echo(gateway, bundle)
        told = "".join(traceback.format_exception(failure.value)) + str(failure.value.hint)
        assert words in failure.value.message and "SECRET" not in told and "SEC[" not in told, told

    through(Proxy(), address.replace("{free}", str(free_port())), monkeypatch, tmp_path, use=fails)


@pytest.mark.parametrize(
    ("address", "name"),
    [("http://u:p@h:1", "http://h:1"), ("https://u@h", "https://h"), ("http://u:p@[::1]:1", "http://[::1]:1")],
)
def test_a_proxy_is_shown_without_user_and_password(address, name):
    assert shown(address) == name
