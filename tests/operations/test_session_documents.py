"""Which of a stack's two shells a caller gets, and what both sides are told about how long one lasts."""

from __future__ import annotations

import pytest

from generator.model.stack import Stack, StackStatus
from generator.operations.sessions.documents import documents_of
from generator.operations.sessions.targets import StackView

INSTANCE = "i-0a1b2c3d4e5f60718"
OLDER = {"ShellDocumentName": "support", "PortDocumentName": "port", "SshDocumentName": "ssh"}


def seen(outputs: dict[str, str]) -> StackView:
    return StackView(Stack("s", "id", StackStatus("UPDATE_COMPLETE"), outputs=outputs))


@pytest.mark.parametrize(
    ("view", "shell"),
    [
        (seen({**OLDER, "CustomerShellDocumentName": "own"}), "own"),
        (seen(OLDER), "support"),
        (StackView(denied=True), f"deepsql-shell-{INSTANCE}"),
        (StackView(), ""),
    ],
    ids=["customer", "older stack", "support", "no stack"],
)
def test_who_may_read_the_stack_gets_the_customers_shell_and_support_its_own(view: StackView, shell: str) -> None:
    assert documents_of(view, INSTANCE).shell == shell
