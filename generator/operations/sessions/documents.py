"""The one place that decides which session document a caller uses on an instance.

The stack's own on the stack's instance. Elsewhere, and where the stack's does not lead to that port: the one that the
user has stored, else AWS's own, which IAM allows the customer's people and never support. A document that was given is
taken as it is. The documents of a stack are named after its instance, so that support, which may not read the stack,
knows them; who may not read it may also be an engineer of the customer, or a user without a stack, so that for them
the name is an assumption, and the rest follows (docs/decisions/0053-which-session-document.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.model import engineers
from generator.model.contract import SSH_PORT, DocumentKind, Output, Parameter, document_name
from generator.model.deployment import StoredDocuments
from generator.model.forward import ForwardSpec
from generator.model.session import SessionRequest
from generator.operations.sessions.targets import StackView

AWS_PORT = "AWS-StartPortForwardingSession"
AWS_REMOTE_PORT = "AWS-StartPortForwardingSessionToRemoteHost"
AWS_SSH = "AWS-StartSSHSession"
AWS_SHELL = "SSM-SessionManagerRunShell"
"""The account's own preferences: what an unnamed document means (Session Manager guide, session preferences)."""
DATABASE_OUTPUT = "DatabaseDocumentName"  # of a stack that creates its own database, like the example
NO_DOCUMENTS = StoredDocuments()


@dataclass(frozen=True)
class Documents:
    """The documents in use. An empty shell is the account's default shell. `ports` are those the port document
    allows, as far as the stack says; `other` is what is used where these do not do.

    `own`: they are a stack's. `assumed`: by their names alone, as the stack may not be read.
    """

    shell: str = ""
    port: str = AWS_PORT
    ssh: str = AWS_SSH
    ports: tuple[str, ...] = ()
    own: bool = False
    assumed: bool = False
    other: StoredDocuments = NO_DOCUMENTS


def documents_of(seen: StackView, instance_id: str, stored: StoredDocuments = NO_DOCUMENTS) -> Documents:
    """Which documents this caller uses on this instance.

    The shell is the customer's own, without a limit of minutes, for who may read the stack, and support's for who may
    not: support's policies allow no other. An older stack has one shell for both.
    """
    other = StoredDocuments(stored.shell, stored.port or AWS_PORT, stored.ssh or AWS_SSH)
    stack = seen.stack
    if stack is not None and Output.PORT_DOCUMENT_NAME in stack.outputs and instance_id == own_instance(seen):
        outputs = stack.outputs
        return Documents(
            shell=outputs.get(Output.CUSTOMER_SHELL_DOCUMENT_NAME, "") or outputs.get(Output.SHELL_DOCUMENT_NAME, ""),
            port=outputs[Output.PORT_DOCUMENT_NAME],
            ssh=outputs.get(Output.SSH_DOCUMENT_NAME, other.ssh),
            ports=tuple(stack.parameters.get(Parameter.SUPPORT_PORTS, "").split(",")),
            own=True,
            other=other,
        )
    if not seen.denied:
        return Documents(other.shell, other.port, other.ssh, other=other)
    kinds = (DocumentKind.SHELL, DocumentKind.PORT, DocumentKind.SSH)
    shell, port, ssh = (document_name(kind, instance_id) for kind in kinds)
    return Documents(stored.shell or shell, stored.port or port, stored.ssh or ssh, own=True, assumed=True, other=other)


def shell_request(documents: Documents, target: str, reason: str, document: str = "") -> SessionRequest:
    """A shell; `document` overrides."""
    request = SessionRequest(target, document or documents.shell, reason=reason)
    if document or not documents.assumed or documents.other.shell:
        return request
    default = replace(request, document="")
    accounts = replace(default, document=AWS_SHELL, otherwise=default)
    engineers_own = replace(_of_engineers(engineers.Kind.SHELL, default), otherwise=accounts)
    return replace(request, otherwise=engineers_own)


def _of_engineers(kind: engineers.Kind, request: SessionRequest) -> SessionRequest:
    """The same by the document of `deployer engineers up`, which the customer's own people may use everywhere."""
    parameters = {} if kind is engineers.Kind.SSH else request.parameters
    document = engineers.document_name(kind)
    return replace(request, document=document, parameters=parameters, otherwise=None, optional=True)


def _or_engineers(kind: engineers.Kind, request: SessionRequest, aws_own: str) -> SessionRequest:
    """The request; and the engineers' document, where AWS's own is asked for and may not be used."""
    return replace(request, otherwise=_of_engineers(kind, request)) if request.document == aws_own else request


def ssh_request(
    documents: Documents, target: str, reason: str, port: int = SSH_PORT, document: str = ""
) -> SessionRequest:
    """One bare connection to the SSH port; `document` overrides. Another port than 22 is not the stack's document's."""
    chosen = document or (documents.other.ssh or AWS_SSH if port != SSH_PORT else documents.ssh)
    parameters = {"portNumber": (str(port),)} if chosen == AWS_SSH else {}
    request = SessionRequest(target, chosen, parameters, reason)
    if document or port != SSH_PORT:
        return request
    if not documents.assumed or chosen in (AWS_SSH, documents.other.ssh):
        return _or_engineers(engineers.Kind.SSH, request, AWS_SSH)
    aws_own = SessionRequest(target, AWS_SSH, {}, reason)
    return replace(request, otherwise=_or_engineers(engineers.Kind.SSH, aws_own, AWS_SSH))


def in_order(request: SessionRequest, others: Sequence[str]) -> SessionRequest:
    """The request; and these documents without parameters, each where the one before may not be used."""
    theirs, otherwise = engineers.document_name(engineers.Kind.SSH), None
    for name in reversed(others):
        otherwise = replace(request, document=name, parameters={}, otherwise=otherwise, optional=name == theirs)
    return replace(request, otherwise=otherwise)


def port_request(
    documents: Documents, target: str, forward: ForwardSpec, reason: str, document: str = "", local_port: int = 0
) -> SessionRequest:
    """A tunnel to `forward`'s far end; `document` overrides, `local_port` is for a client that listens by itself."""
    parameters = {"portNumber": (str(forward.remote_port),)}
    if local_port:
        parameters["localPortNumber"] = (str(local_port),)
    if not forward.on_instance:
        parameters["host"] = (forward.host,)
        beyond = SessionRequest(target, document or AWS_REMOTE_PORT, parameters, reason)
        return beyond if document else _or_engineers(engineers.Kind.REMOTE_PORT, beyond, AWS_REMOTE_PORT)
    elsewhere = SessionRequest(target, documents.other.port or AWS_PORT, parameters, reason)
    elsewhere = elsewhere if document else _or_engineers(engineers.Kind.PORT, elsewhere, AWS_PORT)
    if not document and documents.own and not documents.assumed and not _leads_to(documents, forward.remote_port):
        return elsewhere
    request = replace(elsewhere, document=document or documents.port)
    if request.document == elsewhere.document:
        return request
    return replace(request, otherwise=elsewhere if documents.assumed and not document else None)


def _leads_to(documents: Documents, port: int) -> bool:
    """Whether the stack's document leads to that port, as far as the stack says."""
    return str(port) in documents.ports or documents.ports in ((), ("",))


def database_document(
    seen: StackView, instance: str, endpoint: str, *, support: bool = False, document: str = ""
) -> tuple[str, bool]:
    """The session document for the database at this endpoint alone, and whether its name is only assumed; `document`
    overrides. "" if the stack does not have that database, or there is no stack: AWS's reaches it, with any host.

    If the stack may not be read, the jump host `instance` is taken for its own.
    """
    if document:
        return document, False
    own = own_instance(seen)
    if support or seen.denied:
        return document_name(DocumentKind.DATABASE, own or instance), not support
    stack = seen.stack
    if stack is None or stack.value(Parameter.DATABASE_ENDPOINT).lower() != endpoint.lower():
        return "", False
    return stack.outputs.get(DATABASE_OUTPUT, "") or document_name(DocumentKind.DATABASE, own), False


def own_instance(seen: StackView) -> str:
    """The ID of the stack's own instance; "" if unknown."""
    return seen.stack.outputs.get(Output.INSTANCE_ID, "") if seen.stack else ""
