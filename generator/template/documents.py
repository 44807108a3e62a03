"""The stack's own session documents: support may use these and no others."""

from __future__ import annotations

from troposphere import Join, Sub, Template
from troposphere.ssm import Document

from generator.model.contract import SSH_PORT, DocumentKind, Parameter, Resource, document_name
from generator.template.parts import joined, ref

ANY_PORT = "^[0-9]{1,5}$"
"""Of the caller's own computer; 0 asks for a free one (Systems Manager user guide, "Session document schema")."""


def add_documents(template: Template) -> None:
    """Named after the instance: two stacks never meet, and support, which knows the instance, may not read the stack.

    A new content is a new version of the same document.
    """
    template.add_resource(session_document(Resource.SHELL_DOCUMENT, DocumentKind.SHELL, _shell()))
    template.add_resource(session_document(Resource.PORT_DOCUMENT, DocumentKind.PORT, _port()))
    template.add_resource(session_document(Resource.SSH_DOCUMENT, DocumentKind.SSH, _ssh()))


def session_document(name: Resource, kind: DocumentKind, content: dict[str, object]) -> Document:
    """A session document of this content, named for its instance."""
    return Document(
        str(name),
        Name=Sub(document_name(kind, f"${{{Resource.INSTANCE}}}")),
        DocumentType="Session",
        DocumentFormat="JSON",
        UpdateMethod="NewVersion",
        Content=content,
    )


def _shell() -> dict[str, object]:
    """A shell whose every character goes to the encrypted session log while it is typed.

    Of the schema's inputs only those that are required or wanted stand here.
    """
    return {
        "schemaVersion": "1.0",
        "description": "A shell on the DeepSQL instance, written to the session log",
        "sessionType": "Standard_Stream",
        "inputs": {
            "s3EncryptionEnabled": True,
            "cloudWatchLogGroupName": ref(Resource.SESSION_LOG_GROUP),
            "cloudWatchEncryptionEnabled": True,
            "cloudWatchStreamingEnabled": True,
            "runAsEnabled": False,
            "idleSessionTimeout": "20",
            "maxSessionDuration": "480",
        },
    }


def _port() -> dict[str, object]:
    """A tunnel to the listed ports of the instance itself; there is no way to name another host."""
    return {
        "schemaVersion": "1.0",
        "description": "A tunnel to the allowed ports of the DeepSQL instance",
        "sessionType": "Port",
        "parameters": {
            "portNumber": {
                "type": "String",
                "description": "Port of the instance",
                "allowedPattern": joined("^(", Join("|", ref(Parameter.SUPPORT_PORTS)), ")$"),
            },
            "localPortNumber": {
                "type": "String",
                "description": "Port of your computer, 0 for any",
                "allowedPattern": ANY_PORT,
                "default": "0",
            },
        },
        "properties": {
            "portNumber": "{{ portNumber }}",
            "type": "LocalPortForwarding",
            "localPortNumber": "{{ localPortNumber }}",
        },
    }


def _ssh() -> dict[str, object]:
    """One bare connection to the SSH port of the instance itself (user guide, "Session document schema")."""
    return {
        "schemaVersion": "1.0",
        "description": "SSH to the DeepSQL instance",
        "sessionType": "Port",
        "properties": {"portNumber": str(SSH_PORT)},
    }
