"""A tunnel to a private database: a local port, and behind it a session on an instance in its network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Protocol

from generator.channel.session import SessionGrant
from generator.errors import AwsError
from generator.model.database import Database
from generator.model.forward import ForwardSpec, unreachable
from generator.model.session import SessionRequest
from generator.operations.database.jump_host import JumpHost, find_jump_host
from generator.operations.database.request import DatabaseRequest
from generator.operations.sessions import session_states
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.documents import AWS_REMOTE_PORT, Documents, port_request
from generator.operations.sessions.service import SessionCalls, may_be_open

if TYPE_CHECKING:
    import ssl

    from generator.gateway.aws import Gateway

CLOSE_SECONDS = 20.0


class Tunnel(Protocol):
    """Opens a tunnel: an async context manager that gives the local port, which listens on 127.0.0.1."""

    def __call__(self, database: Database, local_port: int) -> AbstractAsyncContextManager[int]:
        """Open it. Local port 0 means any free one."""
        ...


Say = Callable[[str], None]
Accepted = Callable[[int, str], None]


@contextmanager
def open_in_background(tunnel: Tunnel, database: Database, local_port: int) -> Iterator[int]:
    """Keep the tunnel open in a thread of its own while the block runs; the block gets the local port.

    A client in the foreground keeps the terminal, Ctrl-C included, and the tunnel stays up. Raises what opening raises.
    """
    ready: Future[int] = Future()
    over = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_keep_open(tunnel, database, local_port, ready, over)), name="tunnel", daemon=True
    )
    thread.start()
    try:
        yield ready.result()
    finally:
        over.set()
        thread.join(CLOSE_SECONDS)


async def _keep_open(
    tunnel: Tunnel, database: Database, local_port: int, ready: Future[int], over: threading.Event
) -> None:
    try:
        async with tunnel(database, local_port) as port:
            ready.set_result(port)
            await asyncio.to_thread(over.wait)
    except BaseException as error:  # whatever it is, it is raised in the thread that waits
        if not ready.done():
            ready.set_exception(error)


def _ignore(line: str) -> None:
    """Drop the line."""


def _ignore_connection(port: int, session_id: str) -> None:
    """Nobody wants to know."""


def session_tunnel(
    gateway: Gateway, request: DatabaseRequest, say: Say = _ignore, accepted: Accepted = _ignore_connection
) -> Tunnel:
    """A tunnel through a Session Manager session. `say` gets a line when the jump host is not the usual one;
    `accepted` is called for each connection, with the tunnel's port and the session's ID."""

    @asynccontextmanager
    async def opened(database: Database, local_port: int) -> AsyncIterator[int]:
        from generator.channel.listen import Listen
        from generator.channel.port import Forward, forward

        service = await asyncio.to_thread(DatabaseCalls, gateway, request, database, say)
        wanted = [Forward(service, (Listen(local_port, ("127.0.0.1",)),), accepted)]
        async with AsyncExitStack() as after:
            (tunnel,) = await after.enter_async_context(forward(wanted, channel_options(gateway)))
            for line in tunnel.customer_message.splitlines():
                say(line)
            try:
                yield tunnel.ports[0]
            finally:
                if tunnel.figures().refused:
                    say(unreachable(f"{database.endpoint}:{database.port}"))
                await after.aclose()
                if left := tunnel.figures().not_terminated:
                    say(may_be_open(left))

    return opened


def verified(tunnel: Tunnel, ca_bundle: str, own: ssl.SSLContext) -> Tunnel:
    """A tunnel to MySQL whose local end verifies the database's name on each connection, and has the certificate `own`.

    Raises DeployerError (`port-in-use`) before the tunnel is opened.
    """

    @asynccontextmanager
    async def opened(database: Database, local_port: int) -> AsyncIterator[int]:
        from generator.channel.listen import Listen, bind
        from generator.host import mysql_front

        [listener] = bind(Listen(local_port, ("127.0.0.1",)))
        with listener:
            async with tunnel(database, 0) as port:
                far_end = mysql_front.FarEnd(port, database.endpoint, ca_bundle)
                async with mysql_front.serving(listener, far_end, own):
                    yield listener.getsockname()[1]

    return opened


class DatabaseCalls(SessionCalls):
    """A `SessionService` for one database, which switches to another host when the bastion does not answer."""

    def __init__(
        self, gateway: Gateway, request: DatabaseRequest, database: Database, say: Callable[[str], None]
    ) -> None:
        self._request, self._database, self._say = request, database, say
        jump_host = find_jump_host(gateway, request, database)
        super().__init__(gateway, session_request(jump_host, request, database))
        self._show_notes(jump_host)

    def start(self) -> SessionGrant:
        """Start a session. Raises AwsError whose hint says what to do about the refusal."""
        try:
            return self._start()
        except AwsError as error:
            clearer = explained(error, self.request, self._request, self._database)
            where, support = (self.request.target,), self._request.support
            raise session_states.explanation(self._gateway, clearer, where, assumed=support) from error

    def _start(self) -> SessionGrant:
        try:
            return super().start()
        except AwsError as error:
            if error.aws_code == "TargetNotConnected" and self._switch_jump_host():
                return super().start()
            raise

    def _switch_jump_host(self) -> bool:
        jump_host = find_jump_host(self._gateway, self._request, self._database, avoid=self.request.target)
        if jump_host.instance == self.request.target:
            return False
        self._show_notes(jump_host)
        self.request = session_request(jump_host, self._request, self._database)
        return True

    def _show_notes(self, jump_host: JumpHost) -> None:
        for note in jump_host.notes:
            self._say(note)


def session_request(jump_host: JumpHost, request: DatabaseRequest, database: Database) -> SessionRequest:
    """The session to start: by the document for this database alone, else by AWS's with host and port."""
    spec = ForwardSpec(0, database.port, database.endpoint)
    alone = bool(jump_host.document) and not reaches_any_host(jump_host.document)
    any_host = port_request(Documents(), jump_host.instance, spec, request.reason, "" if alone else jump_host.document)
    if not alone:
        return any_host
    otherwise = any_host if jump_host.assumed else None
    return SessionRequest(jump_host.instance, jump_host.document, {}, request.reason, otherwise)


def reaches_any_host(document: str) -> bool:
    """Whether it is one of AWS's own documents, whose host parameter the caller chooses."""
    return not document or document.startswith("AWS")


def explained(error: AwsError, session: SessionRequest, request: DatabaseRequest, database: Database) -> AwsError:
    """The refusal explained in terms of the database; other errors are returned unchanged."""
    if error.aws_code == "InvalidDocument":
        message = f"There is no session document {session.document} in this account and region."
        return error.explained(message, hint=_ASK_CUSTOMER if request.support else _record_in_stack(database))
    if not error.denied:
        return error
    if request.support:
        return error.explained(
            f"Support may not open a tunnel on {session.target} with {session.document}.", hint=_ASK_CUSTOMER
        )
    document = session.document if not reaches_any_host(session.document) else AWS_REMOTE_PORT
    return error.explained(
        f"You may not open a tunnel on {session.target} with {document}.",
        hint="Ask for the policy that deployer db policy prints, or use an instance and a document that you may use: "
        "--target INSTANCE --document NAME",
    )


_ASK_CUSTOMER = (
    "Ask the customer whether access is granted (deployer access show), and access to the database as well "
    "(deployer up --support-database-level LEVEL)."
)


def _record_in_stack(database: Database) -> str:
    return (
        "Add the database to the stack, which creates the document: "
        f"deployer up --database-endpoint {database.endpoint} --database-port {database.port}"
    )
