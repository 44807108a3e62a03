"""The front of MySQL: TLS under the endpoint's name, and a token for a user with AWSAuthenticationPlugin.

MySQL does not have that plugin. In statements the front replaces it by auth_socket, which admits every connection from
this process without a password. Whom MySQL admits without one must therefore present a good token here; all other
answers pass unchanged. TLS is used to MySQL exactly when the client uses it, so that REQUIRE SSL is MySQL's own
decision.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from generator.sandbox.database import mysql_packets as packets
from generator.sandbox.database.mysql import socket_user
from generator.sandbox.database.mysql_packets import Packet
from generator.sandbox.database.rds_front import Front, copy, relay
from generator.sandbox.database.token import TokenRefused

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class MysqlFront(Front):
    """A front that speaks MySQL's protocol."""

    async def listen(self, host: str) -> Callable[[], object]:
        """See `Front.listen`."""
        listener = socket.create_server((host, self.port))
        listener.setblocking(False)
        self.port = listener.getsockname()[1]
        return asyncio.create_task(self._accept(listener)).cancel

    async def _accept(self, listener: socket.socket) -> None:
        loop, clients = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        with listener:
            try:
                while True:
                    client, _ = await loop.sock_accept(listener)
                    clients.add(task := asyncio.create_task(self.serve(client)))
                    task.add_done_callback(clients.discard)
            finally:
                for task in clients:
                    task.cancel()

    async def serve(self, client: socket.socket) -> None:
        """Serve one client until it disconnects."""
        loop = asyncio.get_running_loop()
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError, EOFError, ValueError):
            client.setblocking(False)
            server.setblocking(False)
            await loop.sock_connect(server, str(self.socket))
            await self._session(client, server)

    async def _session(self, client: socket.socket, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        greeting = await _first(server)
        await loop.sock_sendall(client, bytes(greeting.uncompressed()))
        response = await _first(client)
        encrypted = response.wants_tls
        if encrypted:
            await loop.sock_sendall(server, bytes(response))
        reader, writer = await _streams(client, self.tls if encrypted else None, server_side=True)
        server_reader, server_writer = await _streams(server, _to_server() if encrypted else None, server_side=False)
        try:
            response = await _next(reader) if encrypted else response
            server_writer.write(bytes(response))
            if await self._admit(reader, writer, await _next(server_reader), response.user, encrypted):
                directions = _commands(reader, writer, server_writer), copy(server_reader, writer)
                await relay(*directions)
            await writer.drain()
        finally:
            writer.close()
            server_writer.close()

    async def _admit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Packet, user: str, encrypted: bool
    ) -> bool:
        """Pass on MySQL's first answer; where that admits the user, a good token is required first."""
        if answer.payload[:1] == packets.OK:
            writer.write(bytes(packets.ask_token(answer.number)))
            response = await _next(reader)
            answer = answer.numbered(response.number + 1)
            try:
                if not encrypted:
                    raise TokenRefused("a token came without TLS")
                self.check_token(response.payload.rstrip(b"\0").decode(errors="replace"), user)
            except TokenRefused as refused:
                self.refusals.append(f"{user}: {refused}")
                text = f"Access denied for user '{user}'@'localhost' (using password: YES)"
                writer.write(bytes(packets.error(answer.number, 1045, "28000", text)))
                return False
        writer.write(bytes(answer))
        return True


async def _commands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
    """Pass a client's packets on, with RDS's plugin replaced in statements."""
    user = socket_user()
    while True:
        packet = await _next(reader)
        if packet.changes_user:  # MySQL would let any user of a token in
            writer.write(bytes(packets.error(1, 1047, "08S01", "Unknown command")))
            continue
        server.write(bytes(packet.for_community(user)))
        await server.drain()


async def _first(source: socket.socket) -> Packet:
    """Read one packet and no byte more: TLS may start after it."""
    length, number = packets.head(await _exactly(source, 4))
    if length > 65_536:
        raise ValueError("no MySQL client")
    return Packet(number, await _exactly(source, length))


async def _exactly(source: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        more = await asyncio.get_running_loop().sock_recv(source, count - len(got))
        if not more:
            raise EOFError
        got += more
    return got


async def _next(reader: asyncio.StreamReader) -> Packet:
    length, number = packets.head(await reader.readexactly(4))
    return Packet(number, await reader.readexactly(length))


async def _streams(connected: socket.socket, tls: ssl.SSLContext | None, *, server_side: bool) -> _Streams:
    """The streams of a socket, with TLS if `tls` is given. They own a duplicate of the socket."""
    loop, own = asyncio.get_running_loop(), connected.dup()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport: asyncio.BaseTransport
    if server_side:
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, own, ssl=tls)
    else:
        name = "localhost" if tls else None
        transport, _ = await loop.create_unix_connection(lambda: protocol, sock=own, ssl=tls, server_hostname=name)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _to_server() -> ssl.SSLContext:
    """TLS to MySQL itself, on a private socket: its certificate needs no check."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
