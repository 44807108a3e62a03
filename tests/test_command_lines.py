"""One way to write a command line for the user to paste: with the stack, the region and the profile, quoted."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.gateway.aws import Gateway
from generator.model.command_line import CommandLine
from generator.model.deployment import Deployment

ROOT = Path(__file__).parent.parent / "generator"
PLACE = re.compile(r"\b(?:deployer|aws) [a-z][^:;]*--(?:stack-name|region|profile) \{\}")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (CommandLine(), "deployer access show"),
        (CommandLine("deepsql"), "deployer access show --stack-name deepsql"),
        (CommandLine("s", "eu-west-1"), "deployer access show --stack-name s --region eu-west-1"),
        (CommandLine("s", "eu-west-1", "dev"), "deployer access show --stack-name s --region eu-west-1 --profile dev"),
        (CommandLine("s").for_stack("other"), "deployer access show --stack-name other"),
    ],
)
def test_a_command_names_stack_region_and_profile_as_far_as_known(line: CommandLine, shown: str) -> None:
    assert line.deployer("access", "show") == shown


def test_the_aws_cli_is_given_region_and_profile_alone() -> None:
    assert CommandLine("s", "eu-west-1", "dev").aws("sts", "get-caller-identity") == (
        "aws sts get-caller-identity --region eu-west-1 --profile dev"
    )


@pytest.mark.parametrize("profile", ["my profile", "a;b", "$(x)", "it's"])
def test_a_pasted_command_is_one_command_with_these_words(profile: str) -> None:
    pasted = CommandLine("s", profile=profile).deployer("access", "revoke", "--principal", "arn:aws:iam::1:role/a*")
    assert shlex.split(pasted)[-5:] == ["arn:aws:iam::1:role/a*", "--stack-name", "s", "--profile", profile]


def test_the_gateway_knows_the_deployment_and_the_region_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    assert Gateway(Deployment(stack_name="mine")).commands == CommandLine("mine", "eu-north-1")


def written_by_hand(source: str) -> Iterator[str]:
    """Every f-string that puts a stack, region or profile into a command line itself."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            text = "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            if PLACE.search(text):
                yield f"line {node.lineno}: {text}"


def test_no_command_line_is_written_by_hand() -> None:
    rooms = ("operations", "gateway", "cli")
    found = {path: list(written_by_hand(path.read_text())) for room in rooms for path in (ROOT / room).rglob("*.py")}
    by_hand = {str(path.relative_to(ROOT)): lines for path, lines in found.items() if lines}
    assert by_hand == {}


@pytest.mark.parametrize(
    "source",
    ['f"Run: deployer events --follow --stack-name {name}"', 'f"aws ec2 delete-volume --region {r} --volume-id {v}"'],
)
def test_the_check_finds_what_it_looks_for(source: str) -> None:
    assert list(written_by_hand(source))
