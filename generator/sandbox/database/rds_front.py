"""What RDS adds before a database server: TLS under the endpoint's name, and IAM tokens in the place of passwords."""

from __future__ import annotations

import asyncio
import ssl
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

TokenCheck = Callable[[str, str], None]
"""judge(token, user) returns when the token opens a connection for the user, else raises TokenRefused."""


@dataclass
class Front(ABC):
    """A front of the server on `socket`. `refusals` has the reasons of refused tokens, which clients do not see."""

    socket: Path
    tls: ssl.SSLContext
    check_token: TokenCheck
    port: int = 0
    refusals: list[str] = field(default_factory=list)

    @abstractmethod
    async def listen(self, host: str) -> Callable[[], object]:
        """Accept clients on `port` of `host` (0: any free one, which is then set); returns a function that stops it."""


@asynccontextmanager
async def listening(front: Front, host: str = "127.0.0.1") -> AsyncIterator[Front]:
    """Listen on any free port of `host` for as long as the block runs."""
    end = await front.listen(host)
    try:
        yield front
    finally:
        end()


async def relay(*directions: Coroutine[None, None, None]) -> None:
    """Copy in both directions until either ends; the other is cancelled."""
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy bytes to the end of the stream."""
    while data := await source.read(65536):
        target.write(data)
        await target.drain()
