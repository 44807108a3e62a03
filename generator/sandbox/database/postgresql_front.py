"""The front of PostgreSQL: TLS under the endpoint's name, and a token for a user with rds_iam.

The front speaks the start of PostgreSQL's protocol (manual, "Message Flow"), then copies bytes. PostgreSQL itself
decides whether a user has rds_iam: its pg_hba.conf admits those at once and asks all others for their password. The
front admits a member only with a good token; every other answer is PostgreSQL's own.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress

from generator.sandbox.database.master_user import SUPERUSER
from generator.sandbox.database.rds_front import Front, copy, relay
from generator.sandbox.database.token import TokenRefused

_SSL_REQUEST, _CANCEL, _GSS_REQUEST = 80877103, 80877102, 80877104
_FIRST_LIMIT = 10_000  # PostgreSQL's MAX_STARTUP_PACKET_LENGTH
_AUTH_OK = struct.pack("!cII", b"R", 8, 0)
_ASK_PASSWORD = struct.pack("!cII", b"R", 8, 3)


class PostgresqlFront(Front):
    """A front that speaks PostgreSQL's protocol."""

    async def listen(self, host: str) -> Callable[[], object]:
        """See `Front.listen`."""
        server = await asyncio.start_server(self.serve, host, self.port)
        self.port = server.sockets[0].getsockname()[1]
        return server.close

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it disconnects."""
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            try:
                await self._session(reader, writer)
            finally:
                writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        code, first = await _first_message(reader)
        encrypted = False
        while code in (_SSL_REQUEST, _GSS_REQUEST):
            writer.write(b"S" if code == _SSL_REQUEST else b"N")
            if code == _SSL_REQUEST:
                await writer.drain()
                await writer.start_tls(self.tls)
                encrypted = True
            code, first = await _first_message(reader)
        parameters = _parameters(first) if code != _CANCEL else {}
        user = parameters.get("user", "")
        if code != _CANCEL and (not encrypted or user == SUPERUSER):
            writer.write(_no_entry(user, parameters.get("database", user), encrypted))
            return await writer.drain()
        server_reader, server_writer = await asyncio.open_unix_connection(str(self.socket))
        try:
            server_writer.write(first)
            if code != _CANCEL and not await self._admit(reader, writer, server_reader, user):
                return None
            directions = copy(reader, server_writer), copy(server_reader, writer)
            await relay(*directions)
        finally:
            server_writer.close()

    async def _admit(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: asyncio.StreamReader, user: str
    ) -> bool:
        """Pass on PostgreSQL's first answer; where that admits the user, a good token is required first."""
        begin = await server.readexactly(len(_AUTH_OK))
        if begin == _AUTH_OK:
            writer.write(_ASK_PASSWORD)
            try:
                self.check_token(await _password(reader), user)
            except TokenRefused as refused:
                self.refusals.append(f"{user}: {refused}")
                writer.write(_fatal("28000", f'PAM authentication failed for user "{user}"'))
                await writer.drain()
                return False
        writer.write(begin)
        return True


async def _first_message(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(8)
    length, code = struct.unpack("!II", head)
    if not 8 <= length <= _FIRST_LIMIT:
        raise ConnectionError("no PostgreSQL client")
    return code, head + await reader.readexactly(length - 8)


def _parameters(first: bytes) -> dict[str, str]:
    words = first[8:].rstrip(b"\0").split(b"\0")
    return {
        k.decode(errors="replace"): v.decode(errors="replace") for k, v in zip(words[::2], words[1::2], strict=False)
    }


async def _password(reader: asyncio.StreamReader) -> str:
    kind, length = struct.unpack("!cI", await reader.readexactly(5))
    if kind != b"p" or length > _FIRST_LIMIT:
        raise TokenRefused("no password was sent")
    return (await reader.readexactly(length - 4)).rstrip(b"\0").decode(errors="replace")


def _no_entry(user: str, database: str, encrypted: bool) -> bytes:
    how = "SSL encryption" if encrypted else "no encryption"
    return _fatal("28000", f'no pg_hba.conf entry for host "127.0.0.1", user "{user}", database "{database}", {how}')


def _fatal(code: str, text: str) -> bytes:
    fields = b"".join(
        f"{kind}{value}\0".encode() for kind, value in zip("SVCM", ("FATAL", "FATAL", code, text), strict=True)
    )
    return struct.pack("!cI", b"E", len(fields) + 5) + fields + b"\0"
