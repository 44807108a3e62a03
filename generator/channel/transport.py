"""The websocket under a channel: opened, written, read, closed. The only module that knows the library."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidProxy,
    InvalidProxyStatus,
    InvalidStatus,
    WebSocketException,
)

from generator.channel import proxy as proxies
from generator.channel.session import ChannelOptions
from generator.errors import DeployerError

MAX_FRAME = 1 << 20  # bytes
OPEN_TIMEOUT, CLOSE_TIMEOUT = 15.0, 1.0  # seconds


class ConnectionLost(Exception):
    """The connection is lost. Never leaves this package: a channel resumes the session."""


class Connection(Protocol):
    """One websocket. Every method raises ConnectionLost when the socket is gone."""

    async def send(self, frame: str | bytes) -> None:
        """Write one message, text or binary."""

    async def receive(self) -> bytes:
        """Read one message."""

    async def ping(self) -> None:
        """Send a ping and wait for its answer."""

    async def close(self) -> None:
        """Close, at most a second long, without raising."""


Connect = Callable[[str, Mapping[str, str], ChannelOptions], Awaitable[Connection]]
"""Open a websocket on a stream URL with the headers given; ConnectionLost or OSError when it cannot be reached."""


class WebSocket:
    """A Connection over the `websockets` library."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, frame: str | bytes) -> None:
        """Write one message."""
        try:
            await self._socket.send(frame)
        except ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error

    async def receive(self) -> bytes:
        """Read one message; text, which the service does not send, comes as its bytes."""
        try:
            message = await self._socket.recv()
        except ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error
        return message if isinstance(message, bytes) else message.encode()

    async def ping(self) -> None:
        """Send a ping and wait for its answer."""
        try:
            await (await self._socket.ping())
        except ConnectionClosed as error:
            raise ConnectionLost(str(error)) from error

    async def close(self) -> None:
        """Close it."""
        await self._socket.close()


async def connect_websocket(url: str, headers: Mapping[str, str], options: ChannelOptions) -> Connection:
    """Open the stream URL as it is, query included.

    Raises `DeployerError` with code `channel-refused` when the service refuses (401, 403), naming whether the opening
    was signed, with code `channel-untrusted`, `ca-bundle` or `proxy-refused`; ConnectionLost or OSError when it cannot
    be reached.
    """
    proxy = proxies.proxy_for(url, options)
    try:
        return WebSocket(await _connect(url, headers, options, proxy))
    except InvalidStatus as error:
        status = error.response.status_code
        if status in (401, 403):
            raise _refused(status, signed=bool(headers)) from error
        raise ConnectionLost(f"the service answered {status}") from error
    except ssl.SSLCertVerificationError as error:
        raise DeployerError(
            f"The message gateway's certificate is not trusted here: {error.verify_message}.",
            SET_THE_CLOCK if error.verify_code in OF_ANOTHER_TIME else NAME_THE_BUNDLE,
            code="channel-untrusted",
        ) from error
    except Exception as error:
        raise _explained(error, url, proxy) from None


OF_ANOTHER_TIME = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED: of AWS's, a clock that is wrong."""
SET_THE_CLOCK = "Look at this computer's clock (date -u): if it is wrong, set it (timedatectl, or sntp)."
NAME_THE_BUNDLE = (
    "Behind a proxy that intercepts TLS, name its CA bundle: AWS_CA_BUNDLE, or ca_bundle in your AWS config."
)


async def _connect(
    url: str, headers: Mapping[str, str], options: ChannelOptions, proxy: str | None
) -> ClientConnection:
    encrypted: dict[str, Any] = {}
    if proxy and proxy.startswith("https:"):
        encrypted["proxy_ssl"] = authorities(options.ca_bundle)
    return await connect(
        url,
        additional_headers=dict(headers),
        user_agent_header=None,
        compression=None,
        proxy=proxy,
        open_timeout=OPEN_TIMEOUT,
        close_timeout=CLOSE_TIMEOUT,
        ping_interval=None,  # the channel sends its own: it knows when it is not reading
        max_size=MAX_FRAME,
        max_queue=64,
        ssl=authorities(options.ca_bundle) if url.startswith("wss:") else None,
        **encrypted,
    )


def _explained(error: Exception, url: str, proxy: str | None) -> Exception:
    """What the failure is called where it is a proxy's, or the connection's."""
    through = f" through the proxy {proxies.shown(proxy)}" if proxy else ""
    match error:
        case InvalidProxyStatus() if proxy and error.response.status_code not in proxies.TEMPORARY:
            return proxies.refused(proxy, urlsplit(url).hostname or "", error.response.status_code)
        case InvalidProxy() if proxy:
            return proxies.unusable(proxy, error.msg)
        case ImportError() if proxy:
            return proxies.unusable(proxy, "it is a SOCKS proxy, which needs the package python-socks")
        case OSError() if proxy:
            return ConnectionLost(f"{error.strerror or 'no answer in time'}{through}")
        case WebSocketException() | TimeoutError():
            return ConnectionLost(f"{str(error) or 'no answer in time'}{through}")
    return error


@lru_cache
def authorities(bundle: str) -> ssl.SSLContext:
    """Trust in the authorities of a PEM file and no others, or for "" in the system's. Raises DeployerError
    (`ca-bundle`) for a file that holds none."""
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except OSError as error:  # ssl.SSLError is one
        raise DeployerError(
            f"The CA bundle {bundle} cannot be used: {error.strerror or 'it holds no certificate'}.",
            "Check AWS_CA_BUNDLE, or ca_bundle in your AWS config: a PEM file.",
            code="ca-bundle",
        ) from None


def _refused(status: int, *, signed: bool) -> DeployerError:
    if signed:
        message = f"The message gateway refused the signed opening of the data channel (HTTP {status})."
        hint = "Check that the policy allows ssmmessages:OpenDataChannel, or repeat with --unsigned-channel."
    else:
        message = f"The message gateway refused the unsigned opening of the data channel (HTTP {status})."
        hint = "Repeat without --unsigned-channel."
    return DeployerError(message, hint, code="channel-refused")
