"""What the evaluator does not check by itself, and what no request can show."""

from __future__ import annotations

import re
from typing import Any

import pytest

from generator.policies.support import CHOSEN_DOCUMENTS, DATABASE_SIGN_IN, SSH_KEYS, support_user_policy_document
from generator.template.stack import build
from tests.proof.attachments import policy_documents
from tests.proof.cases import ROWS
from tests.proof.evaluator import text
from tests.proof.judge import judge
from tests.proof.mutation import inner
from tests.proof.people import VENDOR
from tests.proof.resolve import ACCOUNT, Place, Stack, Tree
from tests.proof.world import END, NEW, STACKS, World

OPERATORS = {"StringEquals", "StringLike", "ArnLike", "BoolIfExists", "DateLessThan", "DateGreaterThanEquals"}
VARIABLES = {"aws:username", "aws:userid"}
ONLY_A_ROLE = {name for name, given in STACKS.items() if given.get("CreateSupportUser") == "No"}
PLACES = [Place("us-gov-west-1", "aws-us-gov"), Place("cn-north-1", "aws-cn")]


@pytest.fixture(scope="module")
def template() -> Tree:
    return build().to_dict()


def documents(template: Tree, stack: str) -> dict[str, Tree]:
    return policy_documents(World(template).stack(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_every_policy_is_of_the_version_that_knows_variables(template: Tree, stack: str) -> None:
    """The evaluator expands variables in any version; AWS takes them literally in the older one."""
    assert {document["Version"] for document in documents(template, stack).values()} == {"2012-10-17"}


@pytest.mark.parametrize("stack", STACKS)
def test_operators_and_variables_exist(template: Tree, stack: str) -> None:
    """A misspelt operator makes a statement that never matches, a misspelt variable a resource that never does."""
    for name, document in documents(template, stack).items():
        used = {operator for statement in document["Statement"] for operator in statement.get("Condition", {})}
        assert used <= OPERATORS, f"{name}: tell this test that the operator exists"
        assert set(re.findall(r"\$\{([^}]*)\}", text(document))) <= VARIABLES, name


@pytest.mark.parametrize("stack", STACKS)
def test_no_policy_inverts_its_elements(template: Tree, stack: str) -> None:
    inverted = {"NotAction", "NotResource", "NotPrincipal"}
    for name, document in documents(template, stack).items():
        assert not [node for node in inner(document) if inverted & set(node)], name


@pytest.mark.parametrize("stack", ["ungranted", "published", "off", "account without principals"])
def test_without_a_grant_no_policy_names_the_vendor(template: Tree, stack: str) -> None:
    assert VENDOR not in text(documents(template, stack))


def test_switched_off_nobody_is_admitted(template: Tree) -> None:
    off = World(template).stack("off")
    assert not off.of_type("AWS::IAM::User", "AWS::SecretsManager::ResourcePolicy", "AWS::Lambda::Permission")
    assert off.of_type("AWS::SecretsManager::Secret") == ["AdminSecret"]
    assert off.of_type("AWS::IAM::Policy") == []


def test_public_policies_on_the_secret_are_refused(template: Tree) -> None:
    assert World(template).stack("open").property("SupportSecretPolicy", "BlockPublicPolicy") is True


def test_the_policy_for_manual_installs_is_the_stacks(template: Tree) -> None:
    """What the table proves of the stack's policy holds of the printed one as well."""
    stack = World(template).stack("open")
    printed = support_user_policy_document(
        region="us-east-1",
        account=ACCOUNT,
        instance_ids=[stack.name("Instance")],
        documents=[stack.name("ShellDocument"), stack.name("PortDocument")],
        until=END,
    )
    assert printed == stack.property("SupportUserPolicy", "PolicyDocument")


@pytest.mark.parametrize("stack", [name for name in STACKS if name not in ONLY_A_ROLE])
def test_the_managed_policy_has_the_users_statements_word_for_word(template: Tree, stack: str) -> None:
    user, managed = (
        World(template).stack(stack).property(name, "PolicyDocument")["Statement"]
        for name in ("SupportUserPolicy", "SupportSessionPolicy")
    )
    assert managed[: len(user)] == user
    assert {one["Sid"] for one in managed[len(user) :]} <= {
        "ResumeOwnSessionsAsRole",
        "EndOwnSessionsAsRole",
        "NoOlderSessions",
    } | {CHOSEN_DOCUMENTS, SSH_KEYS, DATABASE_SIGN_IN}


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.partition)
def test_what_is_needed_works_in_the_other_partitions(template: Tree, place: Place) -> None:
    own = [row for row in ROWS if row.who in ("support", "instance", "keeper") and row.expect == "allowed"]
    anywhere = [row for row in own if all(resource[0] in "<*" for _, resource in row.steps)]
    rows = [row for row in anywhere if not any("us-east-1" in str(value) for value in row.context.values())]
    assert len(rows) > 40
    answers = judge(World(template, place), rows)
    assert {name: answer.why for name, answer in answers.items() if answer.decision != "allowed"} == {}


def tunnel(template: Tree, ports: str) -> dict[str, Any]:
    content: dict[str, Any] = Stack(template, NEW | {"SupportPorts": ports}).property("PortDocument", "Content")
    return content


@pytest.mark.parametrize(
    ("ports", "port", "open_"),
    [
        ("3035", "3035", True),
        ("3035,5432", "5432", True),
        ("3035", "22", False),
        ("3035", "5432", False),
        ("3035", "30350", False),
        ("3035", "13035", False),
        ("3035", "3035,22", False),
        ("3035", "303", False),
        ("3035", "", False),
    ],
)
def test_the_tunnel_reaches_the_listed_ports(template: Tree, ports: str, port: str, open_: bool) -> None:
    pattern = tunnel(template, ports)["parameters"]["portNumber"]["allowedPattern"]
    assert bool(re.search(pattern, port)) is open_


def test_the_tunnel_names_no_other_host(template: Tree) -> None:
    content = tunnel(template, "3035")
    assert set(content["parameters"]) == {"portNumber", "localPortNumber"}
    assert content["properties"]["type"] == "LocalPortForwarding"
    assert "host" not in content["properties"]


@pytest.mark.parametrize("shell", ["ShellDocument", "CustomerShellDocument"])
def test_the_shell_is_written_to_the_encrypted_log(template: Tree, shell: str) -> None:
    stack = World(template).stack("open")
    inputs = stack.property(shell, "Content")["inputs"]
    assert inputs["cloudWatchLogGroupName"] == stack.name("SessionLogGroup")
    assert inputs["cloudWatchEncryptionEnabled"] is True
    assert stack.property("SessionLogGroup", "KmsKeyId") == stack.arn("StackKey")
