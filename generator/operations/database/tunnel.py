"""The way to a private database: a local port, and behind it a session on an instance of its network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from generator.channel.session import SessionGrant
from generator.errors import AwsError
from generator.model.database import Database
from generator.model.session import ForwardSpec, SessionRequest
from generator.operations.database.jump_host import Way, find_way
from generator.operations.database.request import Wish
from generator.operations.sessions.documents import AWS_REMOTE_PORT, Documents, port_request
from generator.operations.sessions.service import SessionCalls

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway

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

        service = await asyncio.to_thread(DatabaseCalls, gateway, wish, database, say)
        async with forward([Forward(service, (Listen(local_port, ("127.0.0.1",)),))]) as (tunnel,):
            yield tunnel.ports[0]

    return opened


class DatabaseCalls(SessionCalls):
    """A `SessionService` for one database: a bastion that was replaced, or is not ready, is gone round."""

    def __init__(self, gateway: Gateway, wish: Wish, database: Database, say: Callable[[str], None]) -> None:
        self._wish, self._database, self._say = wish, database, say
        way = find_way(gateway, wish, database)
        super().__init__(gateway, request_for(way, wish, database))
        self._tell(way)

    def start(self) -> SessionGrant:
        """Start a session. Raises AwsError with what to do about the refusal."""
        try:
            return super().start()
        except AwsError as error:
            if error.aws_code == "TargetNotConnected" and self._goes_round():
                return super().start()
            raise explained(error, self.request, self._wish, self._database) from error

    def _goes_round(self) -> bool:
        way = find_way(self._gateway, self._wish, self._database, avoid=self.request.target)
        if way.instance == self.request.target:
            return False
        self._tell(way)
        self.request = replace(self.request, target=way.instance)
        return True

    def _tell(self, way: Way) -> None:
        for note in way.notes:
            self._say(note)


def request_for(way: Way, wish: Wish, database: Database) -> SessionRequest:
    """The session to ask for: the document that leads there alone, else AWS's with the host and the port."""
    if way.document and not leads_anywhere(way.document):
        return SessionRequest(way.instance, way.document, {}, wish.reason)
    spec = ForwardSpec(0, database.port, database.endpoint)
    return port_request(Documents(), way.instance, spec, wish.reason, way.document)


def leads_anywhere(document: str) -> bool:
    """Whether it is one of AWS's own documents, which take the host from whoever starts the session."""
    return not document or document.startswith("AWS")


def explained(error: AwsError, request: SessionRequest, wish: Wish, database: Database) -> AwsError:
    """The refusal in words of the database; what has no better words stays as it is."""
    if error.aws_code == "InvalidDocument":
        message = f"There is no session document {request.document} in this account and region."
        return _as(error, message, _ASK if wish.support else _tell_the_stack(database))
    if "AccessDenied" not in error.aws_code:
        return error
    if wish.support:
        return _as(error, f"Support may not open a tunnel on {request.target} with {request.document}.", _ASK)
    document = request.document if not leads_anywhere(request.document) else AWS_REMOTE_PORT
    return _as(
        error,
        f"You may not open a tunnel on {request.target} with {document}.",
        "Ask for what is needed (deployer db policy prints it), or name what you may use: "
        "--target INSTANCE --document NAME",
    )


_ASK = (
    "Ask the customer: is access open (deployer access show), and the database with it "
    "(deployer up --support-database-grade r|w|o)?"
)


def _tell_the_stack(database: Database) -> str:
    return (
        "Tell the stack of the database, which makes one: "
        f"deployer up --database-endpoint {database.endpoint} --database-port {database.port}"
    )


def _as(error: AwsError, message: str, hint: str) -> AwsError:
    return AwsError(message, hint, operation=error.operation, aws_code=error.aws_code, request_id=error.request_id)
