"""Which session document to use: the stack's own if possible, AWS's if the account has no stack.

The documents of a stack are named after its instance, so that support, which may not read the stack, knows them.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import UsageError
from generator.model.contract import DocumentKind, Output, Parameter, document_name
from generator.model.forward import ForwardSpec
from generator.model.session import SessionRequest
from generator.operations.sessions.targets import StackView

AWS_PORT = "AWS-StartPortForwardingSession"
AWS_REMOTE_PORT = "AWS-StartPortForwardingSessionToRemoteHost"
AWS_SSH = "AWS-StartSSHSession"


@dataclass(frozen=True)
class Documents:
    """The documents in use. An empty shell is the account's default shell. `ports` are those the port document
    allows, as far as the stack says."""

    shell: str = ""
    port: str = AWS_PORT
    ssh: str = AWS_SSH
    ports: tuple[str, ...] = ()
    own: bool = False


def documents_of(seen: StackView, instance_id: str) -> Documents:
    """The stack's documents by its outputs, by the instance's id where the stack may not be read; AWS's where there
    is no stack, or one without documents.

    The shell is the customer's own, without a limit of minutes, for who may read the stack, and support's for who may
    not: support's policies allow no other. An older stack has one shell for both.
    """
    if seen.denied:
        kinds = (DocumentKind.SHELL, DocumentKind.PORT, DocumentKind.SSH)
        shell, port, ssh = (document_name(kind, instance_id) for kind in kinds)
        return Documents(shell, port, ssh, own=True)
    stack = seen.stack
    if stack is None or Output.PORT_DOCUMENT_NAME not in stack.outputs:
        return Documents()
    outputs = stack.outputs
    return Documents(
        shell=outputs.get(Output.CUSTOMER_SHELL_DOCUMENT_NAME, "") or outputs.get(Output.SHELL_DOCUMENT_NAME, ""),
        port=outputs[Output.PORT_DOCUMENT_NAME],
        ssh=outputs.get(Output.SSH_DOCUMENT_NAME, AWS_SSH),
        ports=tuple(stack.parameters.get(Parameter.SUPPORT_PORTS, "").split(",")),
        own=True,
    )


def shell_request(documents: Documents, target: str, reason: str, document: str = "") -> SessionRequest:
    """A shell; `document` overrides."""
    return SessionRequest(target, document or documents.shell, reason=reason)


def ssh_request(documents: Documents, target: str, reason: str, port: int = 22) -> SessionRequest:
    """One bare connection to the SSH port. Raises UsageError for another port than the stack's document allows."""
    if documents.ssh == AWS_SSH:
        return SessionRequest(target, AWS_SSH, {"portNumber": (str(port),)}, reason)
    if port != 22:
        raise UsageError(
            f"The stack's SSH document leads to port 22, not to {port}.", "Leave the port out.", code="ssh-port"
        )
    return SessionRequest(target, documents.ssh, reason=reason)


def port_request(
    documents: Documents, target: str, forward: ForwardSpec, reason: str, document: str = "", local_port: int = 0
) -> SessionRequest:
    """A tunnel to `forward`'s far end; `document` overrides, `local_port` is for a client that listens by itself.
    The document alone decides what is allowed."""
    parameters = {"portNumber": (str(forward.remote_port),)}
    if local_port:
        parameters["localPortNumber"] = (str(local_port),)
    if not forward.on_instance:
        parameters["host"] = (forward.host,)
        return SessionRequest(target, document or AWS_REMOTE_PORT, parameters, reason)
    return SessionRequest(target, document or documents.port, parameters, reason)
