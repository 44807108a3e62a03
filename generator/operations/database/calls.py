"""The sessions behind a database's tunnel: where they start, and what a refusal means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.channel.session import SessionGrant
from generator.errors import AwsError
from generator.model.database import Database
from generator.model.session import ForwardSpec, SessionRequest
from generator.operations.database.jump_host import Way, find_way
from generator.operations.sessions.documents import AWS_REMOTE_PORT, Documents, port_request
from generator.operations.sessions.service import SessionCalls

if TYPE_CHECKING:
    from generator.gateway.aws import Gateway
    from generator.operations.database.login import Wish


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
