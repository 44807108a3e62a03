"""One way to ask whether AWS refused, and one way to say more about an error; both read off the source as well."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator.errors import AwsError, NotFound, StackBusy, is_denial
from generator.model.stack import StackStatus
from generator.model.up import Failure
from generator.operations.stack.apply import OperationFailed

ROOT = Path(__file__).parent.parent / "generator"
SOURCES = sorted(ROOT.rglob("*.py"))
EXPLAINS = ROOT / "errors.py"
KNOW_AWS = (EXPLAINS, ROOT / "gateway", ROOT / "sandbox", ROOT / "keeper")
"""Where the spellings of AWS may stand: the gateway reads them, the sandbox writes them, the keeper imports nothing."""


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",  # IAM, STS, CloudFormation, RDS, Auto Scaling
        "AccessDeniedException",  # Systems Manager, Secrets Manager, KMS, CloudWatch Logs
        "UnauthorizedOperation",  # EC2
        "Client.UnauthorizedOperation",  # EC2, as CloudTrail writes it
        "AuthException",  # EC2 Instance Connect
        "NotAuthorized",  # the errors common to all services
        "NotAuthorizedException",
        "UnauthorizedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ForbiddenException",
        "OpsItemAccessDeniedException",
    ],
)
def test_every_spelling_of_a_missing_permission_is_known(code: str) -> None:
    assert is_denial(code) and AwsError("refused", aws_code=code).denied


@pytest.mark.parametrize(
    "code",
    [
        "",
        "AuthFailure",
        "InvalidClientTokenId",
        "ExpiredToken",
        "UnrecognizedClientException",
        "AuthorizationNotFound",
        "AuthorizationQuotaExceeded",
        "ThrottlingException",
        "ValidationError",
    ],
)
def test_no_other_code_counts_as_a_missing_permission(code: str) -> None:
    assert not is_denial(code) and not AwsError("refused", aws_code=code).denied


def test_an_explained_error_is_the_same_but_for_its_words() -> None:
    error = AwsError("no", "ask", operation="Op", aws_code="AccessDenied", request_id="r-1", transient=True)
    explained = error.explained("You may not.", hint="Ask Ada.")
    assert (type(explained), str(explained), explained.message, explained.hint) == (
        AwsError,
        "You may not.",
        "You may not.",
        "Ask Ada.",
    )
    assert (explained.operation, explained.request_id, explained.transient, explained.denied) == (
        "Op",
        "r-1",
        True,
        True,
    )
    assert (error.message, error.hint) == ("no", "ask"), "it was not changed"


def test_one_more_step_is_a_line_of_its_own() -> None:
    """So that neither command line has a full stop or a semicolon at its end when it is pasted."""
    busy = StackBusy("busy", "deployer events --follow").explained(also="deployer access pause")
    assert busy.hint == "deployer events --follow\ndeployer access pause" and busy.message == "busy"
    assert NotFound("gone").explained(also="look").hint == "look"
    assert NotFound("gone", "look", code="mine", exit_code=9).explained(also="").hint == "look"


def test_an_error_with_a_constructor_of_its_own_keeps_what_it_carries() -> None:
    failure = Failure(None, StackStatus("ROLLBACK_COMPLETE"), "see")
    explained = OperationFailed("deepsql", failure).explained(also="then")
    assert isinstance(explained, OperationFailed) and explained.failure is failure
    assert (explained.code, explained.exit_code) == ("operation-failed", 1)


def _outside(*rooms: Path) -> list[Path]:
    return [path for path in SOURCES if not any(room == path or room in path.parents for room in rooms)]


def _docstrings(tree: ast.AST) -> set[int]:
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def spelled_refusals(source: str) -> Iterator[str]:
    """Every string of the source, docstrings aside, that spells a refusal of AWS."""
    tree = ast.parse(source)
    prose = _docstrings(tree)
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in prose else None
        if isinstance(text, str) and is_denial(text):
            yield f"line {node.lineno}: {text!r}"


def errors_changed_by_hand(source: str) -> Iterator[str]:
    """Every assignment to the words of an error, and every copy of an AwsError made field by field."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in ("hint", "transient"):
            yield f"line {node.lineno}: {ast.unparse(node)} ="
        if isinstance(node, ast.keyword) and node.arg == "aws_code":
            yield f"line {node.lineno}: a copy of an AwsError"


def _offences(find: Callable[[str], Iterator[str]], *rooms: Path) -> dict[str, list[str]]:
    """What `find` finds in each file outside these rooms."""
    found = {str(path.relative_to(ROOT)): list(find(path.read_text())) for path in _outside(*rooms)}
    return {name: lines for name, lines in found.items() if lines}


def test_a_refusal_is_asked_of_the_error_and_never_compared() -> None:
    assert _offences(spelled_refusals, *KNOW_AWS) == {}, "ask error.denied"


def test_more_is_said_about_an_error_by_its_own_method() -> None:
    assert _offences(errors_changed_by_hand, EXPLAINS, ROOT / "gateway") == {}, "raise error.explained(…) from error"


@pytest.mark.parametrize(
    ("source", "find"),
    [
        ('if "AccessDenied" in error.aws_code: pass', spelled_refusals),
        ('match code:\n    case "UnauthorizedOperation": pass', spelled_refusals),
        ('error.hint = "ask"', errors_changed_by_hand),
        ('raise AwsError("no", aws_code=error.aws_code)', errors_changed_by_hand),
    ],
)
def test_the_two_checks_find_what_they_look_for(source: str, find: Callable[[str], Iterator[str]]) -> None:
    assert list(find(source))
