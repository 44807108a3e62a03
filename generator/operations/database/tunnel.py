"""The way to a private database: a local port, and behind it a session on an instance of its network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol

from generator.model.contract import DocumentKind, Parameter, document_name
from generator.model.database import Database

if TYPE_CHECKING:
    from generator.channel.session import SessionService
    from generator.gateway.aws import Gateway
    from generator.operations.database.reach import Wish
    from generator.operations.sessions.targets import StackView

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


def session_tunnel(gateway: Gateway, wish: Wish) -> Tunnel:
    """A Session Manager session as the way: the stack's own document for its database, else AWS's for any host."""

    @asynccontextmanager
    async def opened(database: Database, local_port: int) -> AsyncIterator[int]:
        from generator.channel.listen import Listen
        from generator.channel.port import Forward, forward

        service = await asyncio.to_thread(_service, gateway, wish, database)
        async with forward([Forward(service, (Listen(local_port, ("127.0.0.1",)),))]) as (tunnel,):
            yield tunnel.ports[0]

    return opened


def _service(gateway: Gateway, wish: Wish, database: Database) -> SessionService:
    from generator.model.session import ForwardSpec, SessionRequest
    from generator.operations.sessions.documents import documents_of, port_request
    from generator.operations.sessions.service import SessionCalls

    seen, target, document = _way(gateway, wish, database)
    if document:
        return SessionCalls(gateway, SessionRequest(target, document, {}, wish.reason))
    spec = ForwardSpec(0, database.port, database.endpoint)
    return SessionCalls(gateway, port_request(documents_of(seen, target), target, spec, wish.reason))


def way_of(gateway: Gateway, wish: Wish, database: Database) -> tuple[str, str]:
    """The id of the instance a tunnel to the database starts from, and the session document it uses."""
    from generator.operations.sessions.documents import AWS_REMOTE_PORT

    _, instance, document = _way(gateway, wish, database)
    return instance, document or AWS_REMOTE_PORT


def _way(gateway: Gateway, wish: Wish, database: Database) -> tuple[StackView, str, str]:
    from generator.operations.sessions.targets import find_target, view_stack

    seen = view_stack(gateway)
    target = find_target(gateway, wish.target, seen, lambda choices: None).instance_id
    return seen, target, wish.document or ("" if wish.target else _own_document(seen, database, target))


def _own_document(seen: StackView, database: Database, instance_id: str) -> str:
    """The stack's document that leads to its own database; "" for any other database."""
    if seen.stack is None:
        return ""
    told = {**seen.stack.parameters, **seen.stack.outputs}
    if told.get(Parameter.DATABASE_ENDPOINT) != database.endpoint:
        return ""
    return told.get("DatabaseDocumentName", "") or document_name(DocumentKind.DATABASE, instance_id)
