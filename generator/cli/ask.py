"""Asking for required parameters that nobody gave, with what the account offers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli.invocation import Invocation
from generator.model.parameter_options import PARAMETERS

if TYPE_CHECKING:
    from generator.model.up import Choice

_NOUNS = {"VpcId": "VPC", "SubnetId": "subnet"}


def value(call: Invocation, key: str, choices: Sequence[Choice]) -> str:
    """The value of a required parameter. Raises UsageError without a terminal."""
    if labels := [choice.label for choice in choices]:
        return labels[choose(call, _NOUNS.get(key, key), labels)].split()[0]
    while not (answer := call.ask(PARAMETERS[key].help.removesuffix(".") + ":")):
        call.say("  A value is required.")
    return answer


def choose(call: Invocation, noun: str, labels: Sequence[str]) -> int:
    """Have a person pick one by its number or its id, a label's first word. Asks until the answer is in the list."""
    for number, label in enumerate(labels, 1):
        call.say(f"  {number:>2}  {label}")
    names = {name: at for at, label in enumerate(labels) for name in (str(at + 1), label.split()[0])}
    while (answer := call.ask(f"Which {noun}? (number or id)", "1")) not in names:
        call.say(f"  {answer} is not in this list.")
    return names[answer]
