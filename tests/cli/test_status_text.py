"""status: what a person wants to know, from what the stack says."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from generator.cli.status_text import status_lines
from generator.model.command_line import CommandLine
from generator.model.contract import PUBLISHED_PARAMETERS
from generator.model.stack import Stack, StackResource, StackStatus
from generator.operations.stack.read import StackReport

NOW = datetime(2026, 5, 1, tzinfo=UTC)
ARN = "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1"
PARAMETERS = {
    "CreateSupportUser": "Yes",
    "CreateSupportRole": "No",
    "InstanceType": "t4g.large",
    "VendorPrincipals": "arn:aws:iam::444455556666:role/deepsql-support",
    "SupportAccessUntil": "2026-05-01T08:00:00Z",
    "SupportAccessReason": "TICKET-1",
    "DatabaseEndpoint": "",
    "AdminPassword": "****",
}
OUTPUTS = {"InstanceId": "i-1", "SupportUserName": "s-support", "SupportRoleArn": "arn:aws:iam::111122223333:role/p/r"}
STACK = Stack("s", ARN, StackStatus("UPDATE_COMPLETE"), parameters=PARAMETERS, outputs=OUTPUTS)
RESOURCES = tuple(
    StackResource(name, f"id-{name}", "AWS::X::Y", StackStatus(status))
    for name, status in (("Instance", "CREATE_COMPLETE"), ("StackKey", "UPDATE_COMPLETE"))
)


def shown(stack: Stack = STACK, resources: tuple[StackResource, ...] = RESOURCES, everything: bool = False) -> str:
    return "\n".join(status_lines(StackReport(stack, NOW, resources), everything, CommandLine()))


def with_values(**values: str) -> str:
    return shown(replace(STACK, parameters=PARAMETERS | values))


def test_ten_lines_say_what_a_person_wants() -> None:
    assert shown().splitlines() == [
        "stack      s",
        "state      UPDATE_COMPLETE",
        "account    111122223333 in eu-west-1",
        "changed    -",
        "deletion   NOT protected",
        "instance   i-1  t4g.large",
        "support    user s-support",
        "access     arn:aws:iam::444455556666:role/deepsql-support until 2026-05-01T08:00:00Z (TICKET-1)",
        "resources  2 of 2 complete",
        "",
        "All parameters and resources: deployer status --all",
    ]


@pytest.mark.parametrize("user", ["Yes", "No"])
def test_a_stack_that_records_no_grants_is_not_said_to_have_none(user: str) -> None:
    published = {str(key): PARAMETERS.get(str(key), "") for key in PUBLISHED_PARAMETERS} | {"CreateSupportUser": user}
    text = "\n".join(status_lines(StackReport(replace(STACK, parameters=published), NOW), False, CommandLine("s")))
    assert "access     this stack records no grants; see who has access: deployer access show --stack-name s\n" in text
    assert "nobody" not in text and "granted to nobody" in with_values(VendorPrincipals="")


@pytest.mark.parametrize("everything", [False, True])
def test_that_access_is_paused_is_said_with_what_resumes_it(everything: bool) -> None:
    lines = status_lines(StackReport(STACK, NOW, RESOURCES, paused=True), everything, CommandLine("s"))
    [line] = [line for line in lines if line.startswith("paused")]
    assert line.endswith("deployer access resume --stack-name s") and "paused" not in shown(everything=everything)


def test_all_of_it_on_request() -> None:
    lines = shown(everything=True).splitlines()
    assert ["AdminPassword", "****"] in map(str.split, lines)
    assert ["StackKey", "UPDATE_COMPLETE", "id-StackKey"] in map(str.split, lines)
    assert not any("--all" in line for line in lines)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"VendorPrincipals": ""}, "access     granted to nobody"),
        (
            {"SupportAccessUntil": "2026-05-01T00:00:00Z"},
            "access     granted to nobody; the last grant ended 2026-05-01T00:00:00Z",
        ),
        (
            {"SupportAccessUntil": "9999-12-31T23:59:59Z", "SupportAccessReason": ""},
            "access     arn:aws:iam::444455556666:role/deepsql-support without an end",
        ),
        ({"CreateSupportUser": "No"}, "support    neither a user nor a role"),
        ({"CreateSupportRole": "Yes"}, "support    user s-support, role r"),
        (
            {"DatabaseEndpoint": "db.example.com", "SupportDatabaseLevel": "r"},
            "database   db.example.com, support: r",
        ),
    ],
)
def test_who_could_be_let_in_and_who_is(values: dict[str, str], line: str) -> None:
    assert line in with_values(**values).splitlines()


def test_a_resource_that_is_not_complete_is_named() -> None:
    failed = replace(RESOURCES[0], status=StackStatus("UPDATE_FAILED"))
    assert "resources  1 of 2 complete; Instance UPDATE_FAILED" in shown(resources=(failed, RESOURCES[1]))


def test_the_settings_of_the_stack_are_shown_where_it_has_some() -> None:
    stack = replace(STACK, tags={"b": "2", "a": "1"}, role_arn="arn:aws:iam::111122223333:role/cfn")
    assert "tags       a=1, b=2\nrole       arn:aws:iam::111122223333:role/cfn\n" in shown(stack)
