"""The engineers' template: fresh, clean in every combination, the printed policies, and patterns that hold."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from generator.lint.engine import lint_text
from generator.model.contract import TEMPLATE_LIMIT_BYTES
from generator.model.engineers import Condition, Output, Parameter, Resource
from generator.model.policy_size import characters
from generator.model.template_name import TemplateName
from generator.policies.engineers import EngineerKind, engineers_policy_document
from generator.template.emit import emit_named
from generator.template.engineers import POLICIES, build_engineers
from tests.proof.resolve import ACCOUNT, STACK, Stack
from tests.template.values import values_of

TEXT = emit_named(TemplateName.ENGINEERS)
GOLDEN = Path(__file__).parents[2] / TemplateName.ENGINEERS.path
GIVEN = {
    "AllowedPorts": "8080,8081",
    "RemoteHosts": "db.example.internal,10.0.0.7",
    "RemotePorts": "5432",
    "InteractiveCommands": "df -h,systemctl status",
    "FleetCommands": "/usr/bin/app.sh",
    "CreateShell": "Yes",
    "SshUser": "ops",
}


@pytest.fixture(scope="module")
def template() -> Any:
    return values_of(TEXT)


def made(**given: str) -> Stack:
    return Stack(build_engineers().to_dict(), {**GIVEN, **given})


def pattern(stack: Stack, document: str, parameter: str) -> re.Pattern[str]:
    return re.compile(stack.property(document, "Content")["parameters"][parameter]["allowedPattern"])


def test_the_committed_file_is_what_is_emitted() -> None:
    assert GOLDEN.read_text() == TEXT, "run: make generate"
    assert len(TEXT.encode()) < TEMPLATE_LIMIT_BYTES


def test_it_is_clean_in_every_partition() -> None:
    assert lint_text(TEXT, "engineers", ("us-east-1", "us-gov-west-1", "cn-north-1")) == []


def test_the_template_has_the_names_of_its_contract(template: Any) -> None:
    contract = {"Parameters": Parameter, "Conditions": Condition, "Resources": Resource, "Outputs": Output}
    assert {section: set(template[section]) for section in contract} == {
        section: {*map(str, names)} for section, names in contract.items()
    }


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_what_is_printed_with_this_stacks_documents(name: Resource) -> None:
    printed = engineers_policy_document("team", POLICIES[name][0], region="us-east-1", account=ACCOUNT, ssh_user="ops")
    policy = made().property(str(name), "PolicyDocument")
    assert json.loads(json.dumps(policy).replace(f"document/{STACK}-", "document/deepsql-engineers-")) == printed
    assert characters(policy) < 6_144


def test_every_kind_of_person_has_a_policy() -> None:
    kinds = {kind for kind, _ in POLICIES.values()}
    assert {*EngineerKind} - kinds == {EngineerKind.federated}  # whose statement is the roles'


def test_the_tag_is_the_one_that_was_asked_for() -> None:
    text = json.dumps(build_engineers("squad").to_dict())
    assert "ssm:resourceTag/squad" in text and "aws:PrincipalTag/squad" in text and "Tag/team" not in text


@pytest.mark.parametrize(
    ("document", "parameter", "allowed", "refused"),
    [
        ("PortDocument", "portNumber", ["8080", "8081"], ["80", "808", "80800", "8082", "8080|8081", "", " 8080"]),
        ("RemotePortDocument", "portNumber", ["5432"], ["5433", "8080", ""]),
        ("RemotePortDocument", "host", ["db.example.internal", "10.0.0.7"],
         ["dbxexample.internal", "evil.db.example.internal", "db.example.internal.evil", "10a0.0.7", "localhost", ""]),
        ("CommandDocument", "command", ["df -h", "systemctl status"],
         ["df", "df -h; id", "df -h && id", "systemctl status nginx", "bash", "df  -h", ""]),
        ("RunDocument", "commands", ["/usr/bin/app.sh"],
         ["/usr/bin/appxsh", "/usr/bin/app.sh x", "sh /usr/bin/app.sh"]),
    ],
)  # fmt: skip
def test_a_pattern_takes_what_is_listed_and_nothing_else(
    document: str, parameter: str, allowed: list[str], refused: list[str]
) -> None:
    found = pattern(made(), document, parameter)
    assert [each for each in allowed if not found.search(each)] == []
    assert [each for each in refused if found.search(each)] == []


@pytest.mark.parametrize(
    ("command", "fits"),
    [
        ("systemctl status", True),
        ("systemctl status nginx", True),
        ("systemctl status getty@tty1", True),
        ("systemctl status -a", False),
        ("systemctl status a b", False),
        ("systemctl status $(id)", False),
        ("systemctl status `id`", False),
        ("systemctl status ;id", False),
        ("systemctl status ../x", False),
        ("systemctl status a/b", False),
        ("systemctl statusx", False),
        ("systemctl status ", False),
        ("systemctl status " + "a" * 65, False),
    ],
)
def test_one_word_may_follow_where_it_is_allowed(command: str, fits: bool) -> None:
    for document, parameter in (("CommandDocument", "command"), ("RunDocument", "commands")):
        stack = made(CommandArgument="Word", FleetCommands="systemctl status")
        assert bool(pattern(stack, document, parameter).search(command)) is fits


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("AllowedPorts", ["", "8080", "8080,8081"], [",", "8080,", ",8080", "8080,,8081", " 8080"]),
        ("RemotePorts", ["", "5432"], [",", "5432,"]),
        ("RemoteHosts", ["", "db", "db.example.internal,10.0.0.7"], [",", "db,", ",db", "db.", "-db"]),
        ("InteractiveCommands", ["", "df -h,systemctl status"], [",", "df -h,", ",df", "df,,ls", " ", "df ", "df, ls"]),
        ("FleetCommands", ["", "uname", "a,/usr/bin/app.sh"], [",", "uname,", ",uname", "uname, ", "ls .", "a;b"]),
    ],
)
def test_a_list_has_no_empty_member(name: str, taken: list[str], refused: list[str], template: Any) -> None:
    """CloudFormation holds a string's pattern against the whole of it, and a list's against each member."""
    parameter = template["Parameters"][name]
    assert (parameter["Type"], parameter["Default"]) == ("String", "")
    found = re.compile(parameter["AllowedPattern"])
    assert [each for each in taken if not found.fullmatch(each)] == []
    assert [each for each in refused if found.fullmatch(each)] == []


@pytest.mark.parametrize("listed", ["uname,", ",uname", "uname,,uname"])
def test_an_empty_member_fits_nothing_in_spite_of_that(listed: str) -> None:
    stack = made(CommandArgument="Word", FleetCommands=listed, InteractiveCommands=listed)
    for document, parameter in (("CommandDocument", "command"), ("RunDocument", "commands")):
        found = pattern(stack, document, parameter)
        assert found.search("uname") and found.search("uname a")
        assert [each for each in ("", " id", " ", "id", " reboot") if found.search(each)] == []
    ports = pattern(made(AllowedPorts="8080,"), "PortDocument", "portNumber")
    assert ports.search("8080") and not ports.search("")
    hosts = pattern(made(RemoteHosts="db,"), "RemotePortDocument", "host")
    assert hosts.search("db") and not hosts.search("")


@pytest.mark.parametrize(
    ("emptied", "without"),
    [
        ({"AllowedPorts": ""}, "PortDocument"),
        ({"RemoteHosts": ""}, "RemotePortDocument"),
        ({"RemotePorts": ""}, "RemotePortDocument"),
        ({"InteractiveCommands": ""}, "CommandDocument"),
        ({"FleetCommands": ""}, "RunDocument"),
        ({"CreateShell": "No"}, "ShellDocument"),
        ({"SshUser": ""}, "SshDocument"),
    ],
)
def test_an_empty_list_makes_no_document(emptied: dict[str, str], without: str) -> None:
    assert without in made().resources and without not in made(**emptied).resources


def test_without_a_user_for_ssh_nobody_may_push_a_key() -> None:
    for name in POLICIES:
        with_it, without = (
            json.dumps(stack.property(str(name), "PolicyDocument")) for stack in (made(), made(SshUser=""))
        )
        assert "SendSSHPublicKey" in with_it and "SendSSHPublicKey" not in without


def test_ssh_is_the_ssh_port_alone() -> None:
    content = made().property("SshDocument", "Content")
    assert content["properties"] == {"portNumber": "22"} and "parameters" not in content


def test_a_session_is_logged_where_a_group_is_named() -> None:
    for document in ("ShellDocument", "CommandDocument"):
        logged = made(SessionLogGroup="/team/sessions").property(document, "Content")["inputs"]
        assert (logged["cloudWatchLogGroupName"], logged["cloudWatchEncryptionEnabled"]) == ("/team/sessions", True)
        assert "cloudWatchLogGroupName" not in made().property(document, "Content")["inputs"]
