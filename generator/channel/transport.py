"""The websocket under a channel: opened, written, read, closed. The only module that knows the library."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

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
    was signed, and with code `channel-untrusted`; ConnectionLost or OSError when it cannot be reached.
    """
    try:
        socket = await connect(
            url,
            additional_headers=dict(headers),
            user_agent_header=None,
            compression=None,
            proxy=options.proxy,
            open_timeout=OPEN_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            ping_interval=None,  # the channel sends its own: it knows when it is not reading
            max_size=MAX_FRAME,
            max_queue=64,
            ssl=(options.tls or True) if url.startswith("wss:") else None,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        if status in (401, 403):
            raise _refused(status, signed=bool(headers)) from error
        raise ConnectionLost(f"the service answered {status}") from error
    except ssl.SSLCertVerificationError as error:
        raise DeployerError(
            f"The message gateway's certificate is not trusted here: {error.verify_message}.",
            "Behind a proxy that intercepts TLS, name its CA bundle in AWS_CA_BUNDLE.",
            code="channel-untrusted",
        ) from error
    except ImportError as error:
        raise DeployerError(
            f"The proxy set in the environment cannot be used: {error}.",
            "Install python-socks, or unset ALL_PROXY for this command.",
            code="channel-unreachable",
        ) from error
    except (WebSocketException, TimeoutError) as error:
        raise ConnectionLost(str(error) or "no answer in time") from error
    return WebSocket(socket)


def _refused(status: int, *, signed: bool) -> DeployerError:
    if signed:
        message = f"The message gateway refused the signed opening of the data channel (HTTP {status})."
        hint = "Check that the policy allows ssmmessages:OpenDataChannel, or repeat with --unsigned-channel."
    else:
        message = f"The message gateway refused the unsigned opening of the data channel (HTTP {status})."
        hint = "Repeat without --unsigned-channel."
    return DeployerError(message, hint, code="channel-refused")
