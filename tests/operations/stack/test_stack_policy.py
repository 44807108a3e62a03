"""The stack policy as a value, and that it is lifted for one update only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import DeployerError
from generator.model.command_line import CommandLine
from generator.operations.stack.stack_policy import document, is_ours, lifted
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
    assert denied(document(ALL, {"Instance"}, {"Instance", "StackKey"})) == {LOSS: list(ALL[2:5])}
    assert denied(document(("Instance",), (), {"Instance"})) == {}


@pytest.mark.parametrize(
    ("body", "ours"),
    [
        ("", True),
        (document(ALL), True),
        (document(ALL, {"Instance"}), True),
        (document(ALL, (), ALL), True),
        ('{"Statement": []}', False),
        ("not JSON", False),
        (json.dumps({"Statement": [EVERYTHING, {**EVERYTHING, "Effect": "Deny", "Resource": "*"}]}), False),
        (document(ALL).replace("StackKey", "Theirs"), False),
        (document(ALL).replace("Allow", "Deny"), False),
    ],
)
def test_a_policy_of_somebody_else_is_known_as_that(body: str, ours: bool) -> None:
    assert is_ours(body) is ours


class Stack:
    """CloudFormation with one stack policy, and what was set in turn."""

    def __init__(self, body: str) -> None:
        self.bodies = [body]

    @property
    def cloudformation(self) -> Stack:
        return self

    def get_stack_policy(self, stack_id: str) -> str:
        return self.bodies[-1]

    def set_stack_policy(self, stack_id: str, body: str) -> None:
        self.bodies.append(body)

    @property
    def commands(self) -> CommandLine:
        return CommandLine()


@pytest.mark.parametrize("ending", [None, DeployerError("It failed."), KeyboardInterrupt()])
def test_it_is_set_back_whatever_becomes_of_the_update(ending: BaseException | None) -> None:
    stack: Any = Stack("former")
    try:
        with lifted(stack, "id", "lifted"):
            assert stack.bodies == ["former", "lifted"]
            if ending:
                raise ending
    except (DeployerError, KeyboardInterrupt) as error:
        assert error is ending
    assert stack.bodies == ["former", "lifted", "former"]


def test_while_the_update_goes_on_it_stays_lifted_and_the_error_says_so() -> None:
    stack: Any = Stack("former")
    with pytest.raises(NotFollowed) as caught, lifted(stack, "id", "lifted"):
        raise NotFollowed("It goes on.")
    assert stack.bodies == ["former", "lifted"] and "deployer upgrade" in caught.value.hint


def test_a_stack_without_a_policy_gets_none_in_passing() -> None:
    stack: Any = Stack("")
    with lifted(stack, "id", "lifted"):
        pass
    assert stack.bodies == [""]
