"""A local end of a tunnel to MySQL that verifies the database on the very connection that carries the token.

Oracle's client verifies the name that it dials, and through a tunnel that is 127.0.0.1. MySQL begins TLS within its
protocol (MySQL source documentation, "Connection Phase"): the server greets, the client asks for TLS with the head of
its response, and all that follows is encrypted, the login first. The front passes these two packets on. Then it is the
client of one TLS connection, verified for the database's name, and the server of another, with a certificate for
127.0.0.1. What comes after is copied unread.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from generator.host.drivers import SECONDS_TO_CONNECT, authorities

_PROTOCOL_10, _ERROR = b"\x0a", b"\xff"
_TLS, _TLS_REQUEST_LENGTH, _LONGEST = 1 << 11, 32, 1 << 16
_TLS_FAILED = 2026  # CR_SSL_CONNECTION_ERROR, the client's own number for it
_CHUNK = 1 << 18

_T = TypeVar("_T")
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class FarEnd:
    """The tunnel's port on 127.0.0.1, the name that the database behind it must prove, and the CA bundle to trust."""

    port: int
    name: str
    ca_bundle: str

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """Raises OSError for a bundle that cannot be used."""
        return authorities(self.ca_bundle)


@asynccontextmanager
async def serving(listener: socket.socket, far_end: FarEnd, own: ssl.SSLContext) -> AsyncIterator[None]:
    """Serve clients of `listener`, which is bound, while the block runs. Open connections end with it."""
    listener.listen()
    listener.setblocking(False)
    task = asyncio.create_task(_accept(listener, far_end, own))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _accept(listener: socket.socket, far_end: FarEnd, own: ssl.SSLContext) -> None:
    loop, clients = asyncio.get_running_loop(), set[asyncio.Task[None]]()
    try:
        while True:
            client, _ = await loop.sock_accept(listener)
            clients.add(task := asyncio.create_task(_serve(client, far_end, own)))
            task.add_done_callback(clients.discard)
    finally:
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)


async def _serve(client: socket.socket, far_end: FarEnd, own: ssl.SSLContext) -> None:
    """Serve one client until it or the database ends."""
    with client, socket.socket() as server, suppress(OSError, EOFError, TimeoutError):
        client.setblocking(False)
        server.setblocking(False)
        greeting = await _greeting(client, server, far_end)
        request = await _before_long(_packet(client)) if greeting else b""
        if not greeting or not await _wants_tls(client, request):
            return
        refusal, streams = "", None
        try:
            await asyncio.get_running_loop().sock_sendall(server, request)
            streams = await _far_streams(server, far_end)
        except OSError as error:  # of which TLS's errors are
            refusal = _reason(error, far_end)
        try:
            await _near_end(client, own, streams, refusal)
        finally:
            if streams:  # also where the client gives up before it speaks TLS
                streams[1].close()


async def _near_end(client: socket.socket, own: ssl.SSLContext, streams: _Streams | None, refusal: str) -> None:
    """Relay between the client and the far end's streams, or tell it why there are none."""
    reader, writer = await _near_streams(client, own)
    try:
        if streams:
            await _relay(_copy(reader, streams[1]), _copy(streams[0], writer))
        else:
            await _before_long(_refuse_login(reader, writer, refusal))
        await writer.drain()
    finally:
        writer.close()


async def _greeting(client: socket.socket, server: socket.socket, far_end: FarEnd) -> bytes:
    """Pass on the server's greeting. One of a server that refuses everybody, or offers no TLS, is the end: b""."""
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(server, ("127.0.0.1", far_end.port))
        greeting = await _before_long(_packet(server))
    except (OSError, EOFError, TimeoutError) as error:
        await loop.sock_sendall(client, _error(0, _silence(error)))
        return b""
    if greeting[4:5] == _PROTOCOL_10 and not _offers_tls(greeting):
        await loop.sock_sendall(client, _error(0, f"{far_end.name} offers no TLS, so nothing was sent to it."))
        return b""
    await loop.sock_sendall(client, greeting)
    return greeting if greeting[4:5] == _PROTOCOL_10 else b""


def _silence(error: OSError | EOFError) -> str:
    """Why no greeting came, in the words of the system: asyncio has others."""
    if isinstance(error, TimeoutError):
        return "timed out"
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number else "Lost connection before the server's greeting"


def _offers_tls(greeting: bytes) -> bool:
    """Whether the lower capability flags of a greeting (HandshakeV10), after version, thread and scramble, have it."""
    at = greeting.find(b"\0", 5) + 1 + 4 + 8 + 1
    return len(greeting) >= at + 2 and bool(struct.unpack_from("<H", greeting, at)[0] & _TLS)


async def _wants_tls(client: socket.socket, request: bytes) -> bool:
    """Whether a client's first packet is a request for TLS and not already a login; that one is told."""
    asks = len(request) == 4 + _TLS_REQUEST_LENGTH and bool(struct.unpack_from("<I", request, 4)[0] & _TLS)
    if not asks:
        text = "This local end of a tunnel wants TLS (--ssl-mode=VERIFY_IDENTITY): nothing was sent to the database."
        await asyncio.get_running_loop().sock_sendall(client, _error(2, text))
    return asks


def _reason(error: OSError, far_end: FarEnd) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".")
        return f"{far_end.name} is not what answers, so no login was sent: certificate verify failed: {reason}."
    return f"Lost connection to {far_end.name} where TLS should begin, so no login was sent: {error}"


async def _refuse_login(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> None:
    """Answer the client's login, which goes nowhere, with an error."""
    head = await reader.readexactly(4)
    await reader.readexactly(int.from_bytes(head[:3], "little"))
    writer.write(_error(head[3] + 1, text))
    await writer.drain()


def _error(number: int, text: str) -> bytes:
    """An error packet. The first packet of all has no SQL state, as nothing has been agreed on (ERR_Packet)."""
    payload = _ERROR + struct.pack("<H", _TLS_FAILED) + (b"#HY000" if number else b"") + text.encode()
    return len(payload).to_bytes(3, "little") + bytes((number % 256,)) + payload


async def _packet(source: socket.socket) -> bytes:
    """One packet with its head, and no byte more: TLS may begin after it."""
    head = await _exactly(source, 4)
    length = int.from_bytes(head[:3], "little")
    if length > _LONGEST:
        raise ConnectionResetError("Lost connection: this is no MySQL")
    return head + await _exactly(source, length)


async def _exactly(source: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = await asyncio.get_running_loop().sock_recv(source, count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


async def _far_streams(server: socket.socket, far_end: FarEnd) -> _Streams:
    """TLS to the database. Raises OSError when it is not the one with that name."""
    return await asyncio.open_connection(
        sock=server.dup(),
        ssl=far_end.tls,
        server_hostname=far_end.name,
        ssl_handshake_timeout=SECONDS_TO_CONNECT,
        limit=_CHUNK,
    )


async def _near_streams(client: socket.socket, own: ssl.SSLContext) -> _Streams:
    """TLS to the client, as its server. The streams have a duplicate of the socket, which they close."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_CHUNK)
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(
        lambda: protocol, client.dup(), ssl=own, ssl_handshake_timeout=SECONDS_TO_CONNECT
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _before_long(wanted: Coroutine[None, None, _T]) -> _T:
    return await asyncio.wait_for(wanted, SECONDS_TO_CONNECT)


async def _relay(*directions: Coroutine[None, None, None]) -> None:
    """Copy in both directions until either ends: MySQL's clients close no half of a connection."""
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while data := await source.read(_CHUNK):
        target.write(data)
        await target.drain()
