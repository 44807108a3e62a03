"""The tables behind `deployer permissions`: current, true in their exceptions, and a policy that IAM takes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from typer.main import get_command

from generator.cli.app import app
from generator.errors import UsageError
from generator.model.handler_permissions import ADDED, HANDLERS, UNUSED, handler_permissions, resource_types
from generator.model.handler_scopes import HANDLER_SCOPES
from generator.model.permission_scopes import CALL_SCOPES
from generator.model.permissions import (
    EXTRAS,
    FEATURES,
    STACK_CHANGES,
    Part,
    call_actions,
    needs,
    parse_verbs,
    stack_actions,
    verbs,
)
from generator.policies.operator import LONGEST, Place, characters, operator_policies
from generator.sandbox import policy_documents
from tests.permissions import calls, schemas

PLACE = Place("deepsql-selfhost", "eu-central-1", "123456789012")
WIDEST = Place("x" * 128, "us-gov-west-1", "123456789012", "aws-us-gov", "u" * 64, "r" * 64, "s" * 64)
LOCAL = {  # commands that call no AWS, or only STS about the caller, which needs no permission
    *("generate", "lint", "sandbox", "demo", "config", "permissions", "cb"),
    *("db ca-bundle", "vendor profile", "vendor identity-policy", "publish", "verify"),
}


def test_the_tables_say_what_the_schemas_and_the_source_say() -> None:
    assert schemas.main(["--check"]) == 0
    assert calls.main(["--check"]) == 0


def test_every_command_that_calls_aws_has_its_permissions() -> None:
    named = {" ".join(path) for path in _commands(get_command(app), [])}
    assert {name for name in named if name not in LOCAL and name.split()[0] not in LOCAL} == set(verbs())


def _commands(command: object, path: list[str]) -> list[list[str]]:
    inner = getattr(command, "commands", None)
    return [path] if inner is None else [each for name in inner for each in _commands(inner[name], [*path, name])]


@pytest.mark.parametrize("resource_type", UNUSED)
def test_what_is_left_out_is_for_properties_that_no_template_sets(resource_type: str) -> None:
    listed = {action for each in schemas.permissions(resource_type).values() for action in each}
    resources = [body for body in schemas.resources() if body["Type"] == resource_type]
    assert resources
    for path, actions in UNUSED[resource_type].items():
        assert set(actions) <= listed
        assert not any(_has({**body, **body.get("Properties", {})}, path.split(".")) for body in resources), path


def _has(value: object, path: Sequence[str]) -> bool:
    return not path or (isinstance(value, dict) and path[0] in value and _has(value[path[0]], path[1:]))


def test_what_no_template_sets_is_left_out_and_what_no_schema_lists_is_there() -> None:
    assert "iam:CreateLoginProfile" not in handler_permissions("AWS::IAM::User", HANDLERS)
    assert {"iam:CreateUser", "iam:DeleteLoginProfile"} <= handler_permissions("AWS::IAM::User", HANDLERS)
    for resource_type, added in ADDED.items():
        for handler, actions in added.items():
            assert set(actions) <= handler_permissions(resource_type, (handler,))


@pytest.mark.parametrize("place", [PLACE, WIDEST], ids=["usual", "widest"])
@pytest.mark.parametrize("chosen", [*[(verb,) for verb in verbs()], verbs()], ids=lambda chosen: chosen[0][:20])
def test_iam_takes_the_policies_and_four_are_enough(chosen: tuple[str, ...], place: Place) -> None:
    found = needs(chosen, service_role=bool(place.service_role))
    handlers = [need for need in found if need.part is Part.HANDLERS]
    for documents in (operator_policies(found, place), operator_policies(handlers, place, via_cloudformation=False)):
        assert len(documents) <= 4  # a person or role may have ten managed policies (IAM quotas)
        for document in documents:
            assert policy_documents.fault(document, policy_documents.Kind.IDENTITY) == ""
            assert characters(document) <= LONGEST


def test_no_sid_is_used_twice_for_other_resources() -> None:
    sids = [scope.sid for scope in (*HANDLER_SCOPES, *CALL_SCOPES)]
    assert len(sids) == len(set(sids))
    actions = [action for scope in HANDLER_SCOPES for action in scope.actions]
    assert len(actions) == len(set(actions))


def test_every_action_is_allowed_once_and_nothing_else_is() -> None:
    for verb in verbs():
        handlers = [action for need in needs((verb,)) if need.part is Part.HANDLERS for action in need.actions]
        mine = [action for need in needs((verb,)) if need.part is Part.CALLS for action in need.actions]
        assert sorted(handlers) == sorted(stack_actions(verb))
        assert sorted(mine) == sorted(call_actions(verb))


def test_users_are_made_only_with_the_boundary_and_roles_passed_only_to_ec2_and_lambda() -> None:
    statements = {s["Sid"]: s for each in operator_policies(needs(("up",)), PLACE) for s in _list(each["Statement"])}
    boundary = "arn:aws:iam::123456789012:policy/deepsql-selfhost-*SupportSessionPolicy-*"
    made = statements["MakeUsersWithTheBoundary"]
    assert made["Condition"]["StringLike"] == {"iam:PermissionsBoundary": boundary}
    passed = statements["PassRolesOfTheStack"]
    assert passed["Resource"] == "arn:aws:iam::123456789012:role/deepsql-selfhost-*"
    assert passed["Condition"]["StringEquals"]["iam:PassedToService"] == ["ec2.amazonaws.com", "lambda.amazonaws.com"]
    via = {"aws:CalledVia": "cloudformation.amazonaws.com"}
    handlers = {scope.sid for scope in HANDLER_SCOPES}
    assert handlers & statements.keys()
    for sid in handlers & statements.keys():
        assert statements[sid]["Condition"]["ForAnyValue:StringEquals"] == via


def _list(statements: object) -> list[dict[str, dict[str, dict[str, object]]]]:
    assert isinstance(statements, list)
    return statements


def test_what_a_stack_does_without_narrows_its_policies() -> None:
    for feature, types in FEATURES.items():
        assert set(types) <= set(resource_types())
        assert stack_actions("up", (feature,)) < stack_actions("up")
    assert not any(action.startswith("autoscaling:") for action in stack_actions("up", ("bastion-host",)))


def test_verbs_and_extras_name_commands_that_exist() -> None:
    assert set(STACK_CHANGES) <= set(verbs())
    assert {verb for extra in EXTRAS for verb in extra.verbs} <= set(verbs())


def test_commands_are_read_as_they_are_typed() -> None:
    assert parse_verbs(("up", "access", "grant", "status")) == ("up", "access grant", "status")
    assert parse_verbs(("access grant", "up", "up")) == ("access grant", "up")
    assert parse_verbs(("all",)) == verbs()


@pytest.mark.parametrize(
    ("words", "named", "offered"),
    [
        (("lint",), "lint", "up"),
        (("access", "gant"), "access gant", "access grant"),
        (("access",), "access", "access show"),
    ],
)
def test_a_command_that_calls_no_aws_is_refused_with_those_that_do(
    words: tuple[str, ...], named: str, offered: str
) -> None:
    with pytest.raises(UsageError, match=f"There is no command {named} that calls AWS") as refused:
        parse_verbs(words)
    assert offered in refused.value.hint
