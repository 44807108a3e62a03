"""Which session document a caller gets on an instance: one function decides, for shells, tunnels, SSH and databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.model.deployment import StoredDocuments
from generator.model.forward import ForwardSpec
from generator.model.session import SessionRequest
from generator.model.stack import Stack, StackStatus
from generator.operations.sessions.documents import (
    AWS_PORT,
    AWS_REMOTE_PORT,
    AWS_SHELL,
    AWS_SSH,
    Documents,
    database_document,
    documents_of,
    in_order,
    port_request,
    shell_request,
    ssh_request,
)
from generator.operations.sessions.targets import StackView

INSTANCE = "i-0a1b2c3d4e5f60718"
OTHER = "i-0ffffffffffffffff"
OLDER = {
    "InstanceId": INSTANCE,
    "ShellDocumentName": "support",
    "PortDocumentName": "port",
    "SshDocumentName": "ssh",
}
NEWER = {**OLDER, "CustomerShellDocumentName": "own"}
STORED = StoredDocuments("my-shell", "my-port", "my-ssh")
UI, OTHER_PORT, FAR = (ForwardSpec(0, 3035), ForwardSpec(0, 8080), ForwardSpec(0, 5432, "db.internal"))


def seen(outputs: dict[str, str], ports: str = "3035,9085") -> StackView:
    return StackView(
        Stack("s", "id", StackStatus("UPDATE_COMPLETE"), outputs=outputs, parameters={"SupportPorts": ports})
    )


DENIED, NONE, READ = StackView(denied=True), StackView(), seen(NEWER)


def chain(request: SessionRequest) -> list[str]:
    """The documents in the order in which they are tried."""
    return [request.document, *(chain(request.otherwise) if request.otherwise else [])]


@pytest.mark.parametrize(
    ("view", "instance", "stored", "shell", "ssh", "ui"),
    [
        (READ, INSTANCE, StoredDocuments(), ["own"], ["ssh"], ["port"]),
        (seen(OLDER), INSTANCE, StoredDocuments(), ["support"], ["ssh"], ["port"]),
        (READ, INSTANCE, STORED, ["own"], ["ssh"], ["port"]),
        (
            READ,
            OTHER,
            StoredDocuments(),
            [""],
            [AWS_SSH, "deepsql-engineers-ssh"],
            [AWS_PORT, "deepsql-engineers-port"],
        ),
        (READ, OTHER, STORED, ["my-shell"], ["my-ssh"], ["my-port"]),
        (
            NONE,
            INSTANCE,
            StoredDocuments(),
            [""],
            [AWS_SSH, "deepsql-engineers-ssh"],
            [AWS_PORT, "deepsql-engineers-port"],
        ),
        (NONE, INSTANCE, STORED, ["my-shell"], ["my-ssh"], ["my-port"]),
        (
            DENIED,
            OTHER,
            StoredDocuments(),
            [f"deepsql-shell-{OTHER}", "deepsql-engineers-shell", AWS_SHELL, ""],
            [f"deepsql-ssh-{OTHER}", AWS_SSH, "deepsql-engineers-ssh"],
            [f"deepsql-port-{OTHER}", AWS_PORT, "deepsql-engineers-port"],
        ),
        (DENIED, OTHER, STORED, ["my-shell"], ["my-ssh"], ["my-port"]),
    ],
    ids=[
        "customer",
        "customer of an older stack",
        "customer who has stored some",
        "customer elsewhere",
        "customer elsewhere who has stored some",
        "no stack",
        "no stack, stored",
        "support, an engineer or a manual install",
        "the same, stored: nothing is assumed",
    ],
)
def test_the_document_is_the_stacks_on_its_instance_and_the_callers_own_elsewhere(
    view: StackView, instance: str, stored: StoredDocuments, shell: list[str], ssh: list[str], ui: list[str]
) -> None:
    documents = documents_of(view, instance, stored)
    assert chain(shell_request(documents, instance, "")) == shell
    assert chain(ssh_request(documents, instance, "")) == ssh
    assert chain(port_request(documents, instance, UI, "")) == ui


@pytest.mark.parametrize("view", [READ, NONE, DENIED], ids=["customer", "no stack", "support"])
@pytest.mark.parametrize("instance", [INSTANCE, OTHER])
def test_a_document_that_is_given_is_taken_alone(view: StackView, instance: str) -> None:
    documents = documents_of(view, instance, STORED)
    assert chain(shell_request(documents, instance, "", "given")) == ["given"]
    assert chain(ssh_request(documents, instance, "", document="given")) == ["given"]
    assert chain(port_request(documents, instance, UI, "", "given")) == ["given"]
    assert chain(port_request(documents, instance, FAR, "", "given")) == ["given"]


def test_a_port_that_the_stack_does_not_allow_support_is_the_customers_own_way() -> None:
    documents = documents_of(READ, INSTANCE)
    assert chain(port_request(documents, INSTANCE, OTHER_PORT, "")) == [AWS_PORT, "deepsql-engineers-port"]
    assert chain(port_request(documents_of(READ, INSTANCE, STORED), INSTANCE, OTHER_PORT, "")) == ["my-port"]
    assert chain(port_request(documents_of(DENIED, INSTANCE), INSTANCE, OTHER_PORT, ""))[0] != AWS_PORT
    assert chain(port_request(documents, INSTANCE, FAR, "")) == [AWS_REMOTE_PORT, "deepsql-engineers-remote-port"]


def test_another_port_for_ssh_is_awss_document_with_that_port() -> None:
    request = ssh_request(documents_of(READ, INSTANCE), INSTANCE, "", 2222)
    assert (request.document, request.parameters) == (AWS_SSH, {"portNumber": ("2222",)})
    assert ssh_request(Documents(), OTHER, "").parameters == {"portNumber": ("22",)}
    assert ssh_request(documents_of(READ, INSTANCE), INSTANCE, "").parameters == {}
    assert request.otherwise is None, "the engineers' document has port 22 alone"


def test_a_proxy_asks_for_the_same_documents_in_the_same_order() -> None:
    request = ssh_request(documents_of(DENIED, OTHER), OTHER, "")
    assert in_order(replace(request, otherwise=None), chain(request)[1:]) == request


@pytest.mark.parametrize(
    ("view", "support", "given", "chosen"),
    [
        (DENIED, True, "", (f"deepsql-database-{OTHER}", False)),
        (DENIED, False, "", (f"deepsql-database-{OTHER}", True)),
        (NONE, False, "", ("", False)),
        (READ, False, "", ("", False)),
        (DENIED, False, "given", ("given", False)),
    ],
)
def test_a_database_has_a_document_of_its_own(
    view: StackView, support: bool, given: str, chosen: tuple[str, bool]
) -> None:
    assert database_document(view, OTHER, "db.internal", support=support, document=given) == chosen
