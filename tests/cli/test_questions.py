"""A question at a terminal is as wide as that is: no word of it is cut, and the answer is typed behind its last one."""

import io

import pytest

from generator.cli import invocation, sanitize
from generator.cli.invocation import Invocation

WHERE = "in the sandbox (account 111122223333, region us-east-1)"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.parametrize(
    "question",
    [
        f"Rotate the support key of the stack deepsql-selfhost {WHERE}? [y/N]",
        f"Delete the stack deepsql-selfhost {WHERE}? Type its name, deepsql-selfhost, to confirm:",
        "The password of the first administrator, as the page of DeepSQL asks for it once:",
        "Which?",
    ],
)
def test_a_question_is_as_wide_as_the_terminal(question: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(sanitize, "columns_of", lambda _: columns)
    monkeypatch.setattr(invocation.Invocation, "interactive", True)
    monkeypatch.setattr("builtins.input", lambda: "yes")
    assert Invocation(sandbox=True).ask(question) == "yes"
    shown = terminal.getvalue()
    assert shown.split() == question.split() and shown.endswith(f"{question.split()[-1]} ")
    assert all(len(line.rstrip(" ")) <= columns for line in shown.split("\n"))
