"""The stack's own session documents, the only ones support may use."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import Join, Sub, Template
from troposphere.ssm import Document

from generator.model.contract import SSH_PORT, DocumentKind, Parameter, Resource, document_name
from generator.template.conditions import session_log
from generator.template.parts import joined, ref

ANY_PORT = "^[0-9]{1,5}$"
"""A port of the caller's computer; 0 for any free one (Systems Manager user guide, "Session document schema")."""


def add_session_documents(template: Template) -> None:
    """Add shell, port and SSH documents, named after the instance: their names never collide, and support, which may
    not read the stack, can derive them. Changed content becomes a new version of the same document.

    How long a shell may last belongs to its document, so the customer's own people have one of their own.
    """
    ends = {"idleSessionTimeout": "20", "maxSessionDuration": ref(Parameter.SUPPORT_SESSION_MINUTES)}
    shell, own_shell = _shell(ends), _shell({})
    template.add_resource(session_document(Resource.SHELL_DOCUMENT, DocumentKind.SHELL, shell))
    template.add_resource(session_document(Resource.CUSTOMER_SHELL_DOCUMENT, DocumentKind.CUSTOMER_SHELL, own_shell))
    template.add_resource(session_document(Resource.PORT_DOCUMENT, DocumentKind.PORT, _port()))
    template.add_resource(
        session_document(Resource.SSH_DOCUMENT, DocumentKind.SSH, ssh_session("SSH to the DeepSQL instance"))
    )


def session_document(name: Resource, kind: DocumentKind, content: dict[str, object]) -> Document:
    """A session document with this content, named after the instance."""
    return Document(
        str(name),
        Name=Sub(document_name(kind, f"${{{Resource.INSTANCE}}}")),
        DocumentType="Session",
        UpdateMethod="NewVersion",
        Content=content,
    )


def _shell(ends: Mapping[str, object]) -> dict[str, object]:
    """A shell that streams every character to the encrypted session log as it is typed; `ends` are the timeouts.

    Only the schema's required inputs, and those that differ from the default, are given: a shell ends after 20 idle
    minutes by default, and support's says so itself.
    """
    return {
        "schemaVersion": "1.0",
        "description": "A logged shell",
        "sessionType": "Standard_Stream",
        "inputs": {
            "s3EncryptionEnabled": True,
            "cloudWatchLogGroupName": session_log(),
            "cloudWatchEncryptionEnabled": True,
            "cloudWatchStreamingEnabled": True,
            "runAsEnabled": False,
            **ends,
        },
    }


def _port() -> dict[str, object]:
    """A tunnel to the allowed ports of the instance itself; it takes no parameter for another host."""
    return {
        "schemaVersion": "1.0",
        "description": "A tunnel to the allowed ports",
        "sessionType": "Port",
        "parameters": {
            "portNumber": {
                "type": "String",
                "allowedPattern": joined("^(", Join("|", ref(Parameter.SUPPORT_PORTS)), ")$"),
            },
            "localPortNumber": {
                "type": "String",
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


def ssh_session(description: str) -> dict[str, object]:
    """A single connection to the SSH port of the instance itself (user guide, "Session document schema")."""
    return {
        "schemaVersion": "1.0",
        "description": description,
        "sessionType": "Port",
        "properties": {"portNumber": str(SSH_PORT)},
    }
