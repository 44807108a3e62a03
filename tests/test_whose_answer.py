"""What answers may be AWS or the sandbox, so no sentence says that AWS refused, accepted or said something.

A rule of AWS is another matter: it holds wherever a stack is to be created in the end.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

_ANSWERED = re.compile(
    r"\bAWS (?:(?:has|had|still|just|now|also|is) )*(?:not )?"
    r"(?:refus\w+|accept\w+|takes|taking|took|says|said|answer\w*|ended|gave|gives|giving|knows|updating)\b"
    r"|\bAWS has other"
)
RULES = {
    "generator/gateway/credentials.py": "is not one that AWS accepts",  # botocore's own check of a profile
    "generator/model/resource_state.py": "Where AWS says",  # a reason that CloudFormation gives, quoted beside it
    "generator/operations/stack/policy_room.py": "and AWS takes",  # a quota
    "generator/operations/stack/states.py": "AWS takes no update in this state",
}
ROOMS = ("channel", "cli", "gateway", "host", "lint", "model", "operations", "policies")


def _answers(source: str) -> list[str]:
    """The strings of a source that a person may read: not those that stand alone, for who reads the source."""
    nodes = list(ast.walk(ast.parse(source)))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    strings = [n for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in alone]
    return [str(each.value) for each in strings if _ANSWERED.search(str(each.value))]


@pytest.mark.parametrize("room", ROOMS)
def test_no_sentence_says_that_aws_answered(room: str) -> None:
    for path in sorted((ROOT / "generator" / room).rglob("*.py")):
        rule = RULES.get(str(path.relative_to(ROOT)), "\0")
        assert not [text for text in _answers(path.read_text()) if rule not in text], path


def test_each_rule_is_still_stated() -> None:
    assert all(rule in (ROOT / file).read_text() for file, rule in RULES.items())


@pytest.mark.parametrize(
    ("sentence", "seen"),
    [
        ("AWS refuses this key", 1),
        ("is dead: AWS refused it", 1),
        ("Whether AWS still accepts the key is not known", 1),
        ("and AWS takes the key in it", 1),
        ("as AWS has not said its ID yet", 1),
        ("The stack records this grant, and AWS has other policies", 1),
        ("The name begins with aws:, which AWS keeps for itself", 0),
        ("This key is refused", 0),
    ],
)
def test_an_answer_is_told_from_a_rule(sentence: str, seen: int) -> None:
    assert len(_answers(f"X = {sentence!r}")) == seen
