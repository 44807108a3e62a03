"""The calls behind one kind of session, with errors a person can act on and credentials as fresh as they can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from generator.channel.session import DataKey, SessionGrant
from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.engineers import DEFAULT_STACK_NAME, Kind, document_name
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
        """Start a session. Raises AwsError with the sentence for what the document or the agent refused.

        An assumed document that does not exist here, or may not be used, gives way to what the request has otherwise.
        """
        refusals: list[tuple[AwsError, SessionRequest]] = []
        while True:
            try:
                started = self._ask(lambda ssm: ssm.start_session(self.request))
                break
            except AwsError as error:
                refusals.append((error, self.request))
                if self.request.otherwise is None or not of_document(error, self.request.document):
                    raise self._explained(refusals) from error
                self.request = self.request.otherwise
        if refusals:
            self._gateway.notify(f"{_refusal(*refusals[0])}: {document_label(self.request)} is used.")
        return SessionGrant(started.session_id, started.stream_url, started.token, self.request.target)

    def _explained(self, refusals: Sequence[tuple[AwsError, SessionRequest]]) -> AwsError:
        """The last refusal in terms of its request; that of a document which few accounts have is not shown."""
        shown = [each for each in refusals if not (each[1].optional and of_document(each[0], each[1].document))]
        error, request = shown[-1]
        return explained(error, request, self._gateway.commands, _refusal(*shown[0]) if shown[1:] else "")

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
            notify, self._gateway = self._gateway.notify, Gateway(self._gateway.deployment)
            self._gateway.notify = notify
            return call(self._gateway.ssm)


def may_be_open(session_id: str) -> str:
    """What to say of a session whose end could not be confirmed, with the command that ends it."""
    return f"The session {session_id} may still be open: deployer sessions end {session_id}"


def of_document(error: AwsError, document: str) -> bool:
    """Whether what was refused is the document, not the instance or the agent."""
    return error.aws_code == "InvalidDocument" or (error.denied and f"document/{document}" in error.message)


def _refusal(error: AwsError, request: SessionRequest) -> str:
    document = request.document
    return f"You may not use {document}" if error.denied else f"There is no session document {document} here"


def document_label(request: SessionRequest) -> str:
    """The document in a sentence."""
    return request.document or "the account's default shell"


def explained(error: AwsError, request: SessionRequest, commands: CommandLine, refused: str = "") -> AwsError:
    """The refusal explained in terms of the request; other errors are returned unchanged.

    `refused` is what was tried before. No hint widens what the vendor's support may reach: that is for the customer to
    decide, and who needs another port for themselves names a document of their own.
    """
    document, another = document_label(request), _another(request, commands)
    port = ",".join(request.parameters.get("portNumber", ()))
    doctor = f"See what is missing with: {commands.deployer('doctor', request.target)}"
    match error.aws_code:
        case "InvalidParameters" if port:
            host = ",".join(request.parameters.get("host", ()))
            where = f"{host}:{port}" if host else f"port {port}"
            return error.explained(f"The session document {document} does not allow {where}.", hint=another)
        case "InvalidParameters" if request.document:
            return _refused_parameters(error, request, commands)
        case "TargetNotConnected":
            return error.explained(f"The agent of {request.target} is not connected to Systems Manager.", hint=doctor)
        case "InvalidDocument":
            return error.explained(
                f"There is no session document {document} in this account and region.", hint=f"{doctor}\n{another}"
            )
        case _ if error.denied and request.document == AWS_REMOTE_PORT:
            host = ",".join(request.parameters.get("host", ()))
            return error.explained(
                f"You may not open a tunnel to {host}: {AWS_REMOTE_PORT} is not granted to you.",
                hint="For a database use: deployer db connect, which has a document for that host alone.",
            )
        case _ if error.denied and (refused or of_document(error, request.document)):
            may_not = f"{refused}, and you may not use" if refused else "You may not use"
            return error.explained(f"{may_not} {document} on {request.target}.", hint=another)
        case _ if error.denied:
            hint = f"{doctor}\n{ENDED}"
            return error.explained(f"You may not start a session on {request.target} with {document}.", hint=hint)
    return error


def _refused_parameters(error: AwsError, request: SessionRequest, commands: CommandLine) -> AwsError:
    """What the document did not take. That of `deployer engineers` has a list, which its stack's status shows."""
    given = ", ".join(f"{name}={','.join(values)}" for name, values in request.parameters.items())
    does_not = f"does not allow {given}" if given else "needs parameters, and none was given"
    engineers = request.document == document_name(Kind.COMMAND)
    read = commands.aws("ssm", "get-document", "--name", request.document)
    see = commands.for_stack(DEFAULT_STACK_NAME).deployer("engineers", "status") if engineers else read
    return error.explained(
        f"The session document {request.document} {does_not}.",
        hint=f"See what it allows with: {see}\n"
        f"Give a parameter with: --document {request.document} --parameter NAME=VALUE",
    )


def _another(request: SessionRequest, commands: CommandLine) -> str:
    """How to use another document; and whose decision it is what the vendor's support may reach."""
    kind = "port" if request.parameters.get("portNumber") else "shell"
    kind = "ssh" if "ssh" in request.document.lower() else kind
    store = commands.deployer("config", "set", f"{kind}-document", "NAME")
    return (
        f"Name a document that your policy permits: --document NAME, or store one: {store}\n"
        "As the vendor's support, ask the customer whether access has ended, and what you may use: they decide both"
    )


ENDED = "As the vendor's support, ask the customer whether access has ended"
