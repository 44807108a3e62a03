"""The way to a private database: a local port, and behind it a session on an instance of its network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol

from generator.model.database import Database

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway
    from generator.operations.database.login import Wish

LEAVE_SECONDS = 20.0


class Tunnel(Protocol):
    """Opens the way: an async context manager that gives the local port, which listens on 127.0.0.1."""

    def __call__(self, database: Database, local_port: int) -> AbstractAsyncContextManager[int]:
        """Open it. Local port 0 asks for any free one."""
        ...


Say = Callable[[str], None]


@contextmanager
def held_open(tunnel: Tunnel, database: Database, local_port: int) -> Iterator[int]:
    """Keep the tunnel open in a thread of its own for as long as the block runs, and close it in order.

    A client in the foreground keeps the terminal, and its Ctrl-C, while the tunnel goes on. Raises what opening raises.
    """
    ready: Future[int] = Future()
    over = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_hold(tunnel, database, local_port, ready, over)), name="tunnel", daemon=True
    )
    thread.start()
    try:
        yield ready.result()
    finally:
        over.set()
        thread.join(LEAVE_SECONDS)


async def _hold(tunnel: Tunnel, database: Database, local_port: int, ready: Future[int], over: threading.Event) -> None:
    try:
        async with tunnel(database, local_port) as port:
            ready.set_result(port)
            await asyncio.to_thread(over.wait)
    except BaseException as error:  # whatever it was, it belongs to the thread that waits
        if not ready.done():
            ready.set_exception(error)


def _unsaid(line: str) -> None:
    """Nobody listens."""


def session_tunnel(gateway: Gateway, wish: Wish, say: Say = _unsaid) -> Tunnel:
    """A Session Manager session as the way. `say` is told when it is not the usual one."""

    @asynccontextmanager
    async def opened(database: Database, local_port: int) -> AsyncIterator[int]:
        from generator.channel.listen import Listen
        from generator.channel.port import Forward, forward
        from generator.operations.database.calls import DatabaseCalls

        service = await asyncio.to_thread(DatabaseCalls, gateway, wish, database, say)
        async with forward([Forward(service, (Listen(local_port, ("127.0.0.1",)),))]) as (tunnel,):
            yield tunnel.ports[0]

    return opened
