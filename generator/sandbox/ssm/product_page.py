"""The page behind port 3035 of every instance, which says that it is imitated."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

UI_PORT = "3035"
PAGE = b"<!doctype html><title>DeepSQL</title><h1>DeepSQL (imitated by the sandbox)</h1>\n"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"

_servers: list[asyncio.Server] = []


async def port() -> int:
    """The loopback port of the page; it is served from the first call on."""
    if not _servers:
        _servers.append(await asyncio.start_server(_serve, "127.0.0.1", 0))
    return int(_servers[0].sockets[0].getsockname()[1])


async def _serve(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        async with asyncio.timeout(30):
            await reader.readuntil(b"\r\n\r\n")
        writer.write(_ANSWER % (len(PAGE), PAGE))
        await writer.drain()
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        pass  # a client that asks nothing gets nothing
    finally:
        writer.close()
