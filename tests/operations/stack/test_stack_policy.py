"""The stack policy as a value, and that it is lifted for one update only."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace
from typing import Any

import pytest

from generator.errors import DeployerError
from generator.model.command_line import CommandLine
from generator.model.stack import StackStatus
from generator.operations.stack.stack_policy import document, ensure, is_ours, lets_go, lifted, without
from generator.operations.stack.watch import NotFollowed

ALL = ("Instance", "StackKey", "AdminSecret", "SessionLogGroup", "InstanceSecurityGroup", "SupportUser")
EVERYTHING = {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"}


def denied(body: str) -> dict[tuple[str, ...], list[str]]:
    first, *rest = json.loads(body)["Statement"]
    assert first == EVERYTHING
    assert all((deny["Effect"], deny["Principal"]) == ("Deny", "*") for deny in rest)
    return {
        tuple(deny["Action"]): [name.removeprefix("LogicalResourceId/") for name in deny["Resource"]] for deny in rest
    }


LOSS = ("Update:Replace", "Update:Delete")


def test_what_survives_is_named_where_the_template_has_it() -> None:
    assert denied(document(ALL)) == {LOSS: list(ALL[:5])}
    assert denied(document(("Instance", "SupportUser"))) == {LOSS: ["Instance"]}


def test_an_instance_whose_image_is_read_again_is_not_touched_at_all() -> None:
    assert denied(document(ALL, {"Instance"})) == {LOSS: list(ALL[1:5]), ("Update:*",): ["Instance"]}


def test_what_is_lifted_is_not_named() -> None:
    assert denied(without(document(ALL, {"Instance"}), {"Instance", "StackKey"})) == {LOSS: list(ALL[2:5])}
    assert denied(without(document(("Instance",)), {"Instance"})) == {}


def test_a_policy_in_its_shortest_form_is_lifted_too() -> None:
    one = {"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "LogicalResourceId/Instance"}
    assert json.loads(without(json.dumps({"Statement": one}), {"Instance"})) == {"Statement": []}
    assert json.loads(without(json.dumps({"Statement": one}), {"StackKey"})) == {
        "Statement": [{**one, "Resource": ["LogicalResourceId/Instance"]}]
    }


def test_a_policy_that_aws_lays_out_anew_is_the_same() -> None:
    stack: Any = Stack(json.dumps(json.loads(document(ALL)), indent=1))
    ensure(stack, "id", document(ALL))
    assert len(stack.bodies) == 1


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        ("", True),
        (document(ALL), True),
        (document(ALL, {"Instance"}), True),
        (without(document(ALL), ALL), True),
        ('{"Statement": []}', False),
        ("not JSON", False),
        (json.dumps({"Statement": [EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Resource": "*"}]}), False),
        (document(ALL).replace("StackKey", "Theirs"), False),
        (document(ALL).replace('["Update:Replace", "Update:Delete"]', '["Update:*"]'), False),
        (
            document(ALL).replace(
                '"Principal": "*", "Resource": ["', '"Principal": "*", "Condition": {}, "Resource": ["'
            ),
            False,
        ),
        (document(ALL).replace("Allow", "Deny"), False),
    ],
)
def test_a_policy_of_somebody_else_is_known_as_that(body: str, ours: bool) -> None:
    assert is_ours(body) is ours


def test_what_a_policy_lets_go_is_named_and_what_the_stack_lacks_is_not() -> None:
    assert lets_go(document(ALL), ALL) == () == lets_go(document(ALL, {"Instance"}), ALL)
    assert lets_go(without(document(ALL), {"StackKey"}), ALL) == ("StackKey",)
    assert lets_go(document(("Instance",)), ("Instance", "SupportUser")) == ()
    assert lets_go("", ("Instance", "StackKey")) == ("Instance", "StackKey")
    half = {"Effect": "Deny", "Action": "Update:Delete", "Principal": "*", "Resource": "LogicalResourceId/Instance"}
    assert lets_go(json.dumps({"Statement": half}), ("Instance",)) == ("Instance",)


class Stack:
    """CloudFormation with one stack policy, and what was set in turn."""

    def __init__(self, body: str, status: str = "UPDATE_COMPLETE") -> None:
        self.bodies, self.status, self.sentences = [body], StackStatus(status), list[str]()

    @property
    def cloudformation(self) -> Stack:
        return self

    def get_stack_policy(self, stack_id: str) -> str:
        return self.bodies[-1]

    def set_stack_policy(self, stack_id: str, body: str) -> None:
        self.bodies.append(body)

    def describe_stack(self, stack_id: str) -> Any:
        if self.status == "":
            raise DeployerError("AWS cannot be reached.")
        return SimpleNamespace(status=self.status)

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)

    @property
    def commands(self) -> CommandLine:
        return CommandLine()


FORMER, LIFTED = document(ALL), without(document(ALL), {"StackKey"})


@pytest.mark.parametrize("ending", [None, DeployerError("It failed."), KeyboardInterrupt(), BrokenPipeError()])
def test_it_is_set_back_whatever_becomes_of_the_update(ending: BaseException | None) -> None:
    stack: Any = Stack(FORMER)
    try:
        with lifted(stack, "id", {"StackKey"}, stack.say):
            assert stack.bodies == [FORMER, LIFTED]
            if ending:
                raise ending
    except (DeployerError, KeyboardInterrupt, BrokenPipeError) as error:
        assert error is ending
    assert stack.bodies == [FORMER, LIFTED, FORMER]


def test_it_is_set_back_when_ctrl_c_comes_as_it_is_lifted() -> None:
    stack: Any = Stack(FORMER)

    def interrupted(stack_id: str, body: str) -> None:
        stack.bodies.append(body)
        if len(stack.bodies) == 2:
            raise KeyboardInterrupt

    stack.set_stack_policy = interrupted
    with pytest.raises(KeyboardInterrupt), lifted(stack, "id", {"StackKey"}, stack.say):
        pass
    assert stack.bodies == [FORMER, LIFTED, FORMER]


def test_while_the_update_goes_on_it_stays_lifted_and_the_error_says_so() -> None:
    stack: Any = Stack(FORMER)
    with pytest.raises(NotFollowed) as caught, lifted(stack, "id", {"StackKey"}, stack.say):
        raise NotFollowed("It goes on.")
    assert stack.bodies == [FORMER, LIFTED] and "deployer upgrade" in caught.value.hint


@pytest.mark.parametrize("ending", [KeyboardInterrupt(), BrokenPipeError()])
@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", ""])
def test_ctrl_c_while_aws_is_updating_leaves_it_lifted_and_says_so(status: str, ending: BaseException) -> None:
    stack: Any = Stack(FORMER, status)
    with pytest.raises(type(ending)), lifted(stack, "id", {"StackKey"}, stack.say):
        raise ending
    [sentence] = stack.sentences
    assert stack.bodies == [FORMER, LIFTED] and "Set it back afterwards with: deployer upgrade" in sentence


def test_the_policy_of_somebody_else_is_in_the_command_that_sets_it_back() -> None:
    theirs = json.dumps({"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
    stack: Any = Stack(theirs, "UPDATE_IN_PROGRESS")
    with pytest.raises(KeyboardInterrupt), lifted(stack, "id", {"StackKey"}, stack.say):
        raise KeyboardInterrupt
    assert shlex.split(stack.sentences[0])[-1] == theirs


def test_what_an_upgrade_has_set_meanwhile_stays() -> None:
    stack: Any = Stack(FORMER)
    with lifted(stack, "id", {"StackKey"}, stack.say):
        ensure(stack, "id", document(ALL, {"Instance"}))
    assert stack.bodies[-1] == document(ALL, {"Instance"})


@pytest.mark.parametrize(("former", "named"), [("", {"StackKey"}), (FORMER, set())])
def test_nothing_is_lifted_where_nothing_holds_or_nothing_is_named(former: str, named: set[str]) -> None:
    stack: Any = Stack(former)
    with lifted(stack, "id", named, stack.say):
        pass
    assert stack.bodies == [former]


@pytest.mark.parametrize(
    ("former", "sets"), [("", True), (without(FORMER, ALL), True), (FORMER, False), ('{"Statement": []}', False)]
)
def test_a_policy_of_ours_is_renewed_and_that_of_others_stays(former: str, sets: bool) -> None:
    stack: Any = Stack(former)
    ensure(stack, "id", FORMER)
    assert stack.bodies == [former, *([FORMER] if sets else [])]
