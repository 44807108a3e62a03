"""The calls behind one kind of session, with errors a person can act on and credentials as fresh as they can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from generator.channel.session import DataKey, SessionGrant
from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.session import SessionRequest
from generator.operations.sessions.documents import AWS_REMOTE_PORT

if TYPE_CHECKING:
    from generator.gateway.ssm import SSM

T = TypeVar("T")


class SessionCalls:
    """A `SessionService`: start, resume and end sessions of one request, and sign their channels.

    Credentials that a profile or a role renews are renewed by botocore. Where they were written into a file anew, they
    are read again: once a call is refused because they are too old, everything is asked with a new gateway.
    """

    def __init__(self, gateway: Gateway, request: SessionRequest, *, signed: bool = True) -> None:
        self.request = request
        self._gateway, self._signed = gateway, signed

    def start(self) -> SessionGrant:
        """Start a session. Raises AwsError with the sentence for what the document or the agent refused."""
        try:
            started = self._ask(lambda ssm: ssm.start_session(self.request))
        except AwsError as error:
            raise explained(error, self.request, self._gateway.commands) from error
        return SessionGrant(started.session_id, started.stream_url, started.token, self.request.target)

    def resume(self, session_id: str) -> str:
        """A new token, "" when the session is over."""
        try:
            return self._ask(lambda ssm: ssm.resume_session(session_id))
        except AwsError as error:
            if error.aws_code == "DoesNotExistException":
                return ""
            raise

    def terminate(self, session_id: str) -> None:
        """End a session."""
        self._ask(lambda ssm: ssm.terminate_session(session_id))

    def sign(self, url: str) -> Mapping[str, str]:
        """Headers that sign the opening; none with --unsigned-channel."""
        return self._gateway.ssm.sign_channel(url) if self._signed else {}

    def generate_data_key(self, key_id: str, context: Mapping[str, str]) -> DataKey:
        """The key of an encrypted shell."""
        return DataKey(*self._gateway.kms.generate_data_key(key_id, context))

    def _ask(self, call: Callable[[SSM], T]) -> T:
        try:
            return call(self._gateway.ssm)
        except AwsError as error:
            if "Expired" not in error.aws_code:
                raise
            self._gateway = Gateway(self._gateway.deployment)
            return call(self._gateway.ssm)


def explained(error: AwsError, request: SessionRequest, commands: CommandLine) -> AwsError:
    """The refusal explained in terms of the request; other errors are returned unchanged."""
    document = request.document or "the account's default shell"
    port = ",".join(request.parameters.get("portNumber", ()))
    doctor = f"See what is missing with: {commands.deployer('doctor', request.target)}"
    match error.aws_code:
        case "InvalidParameters" if port:
            return error.explained(
                f"The session document {document} does not allow port {port}.",
                hint="Add it to the ports allowed now (SupportPorts in deployer status): "
                f"{commands.deployer('up', f'--support-ports=PORTS,{port}')}",
            )
        case "TargetNotConnected":
            return error.explained(f"The agent of {request.target} is not connected to Systems Manager.", hint=doctor)
        case "InvalidDocument":
            return error.explained(
                f"There is no session document {document} in this account and region.",
                hint=f"Upgrade the stack to this version: {commands.deployer('upgrade')}",
            )
        case _ if error.denied and request.document == AWS_REMOTE_PORT:
            host = ",".join(request.parameters.get("host", ()))
            return error.explained(
                f"You may not open a tunnel to {host}: {AWS_REMOTE_PORT} is not granted to you.",
                hint="For a database use: deployer db connect, which has a document for that host alone.",
            )
        case _ if error.denied:
            hint = f"{doctor}\nAs the vendor's support, ask the customer whether access has ended"
            return error.explained(f"You may not start a session on {request.target} with {document}.", hint=hint)
    return error
