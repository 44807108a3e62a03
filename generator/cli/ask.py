"""Asking for required parameters that nobody gave, with what the account offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """Have a person pick one of the labels, and return its place.

    From a list that narrows as they type; where the terminal cannot be drawn on, by number, ID (a label's first word)
    or a part of its line. Raises Declined when they leave without one.
    """
    from generator.cli import picker

    if not call.interactive or not picker.possible():
        return _numbered(call, noun, labels)
    picked = picker.pick(f"Which {noun}?", labels)
    call.say(f"Which {noun}? {labels[picked]}")
    return picked


def _numbered(call: Invocation, noun: str, labels: Sequence[str]) -> int:
    """Ask until one is named; a part that several have shows these. Raises UsageError without a terminal."""
    _list(call, labels, range(len(labels)))
    names = {name: at for at, label in enumerate(labels) for name in (str(at + 1), label.split()[0])}
    while (answer := call.ask(f"Which {noun}? (number, id, or a part of the line)", "1")) not in names:
        matching = (
            [] if answer.isdigit() else [at for at, label in enumerate(labels) if answer.lower() in label.lower()]
        )
        if len(matching) == 1:
            return matching[0]
        if not matching:
            call.say(f"  {answer} is not in this list.")
        _list(call, labels, matching)
    return names[answer]


def _list(call: Invocation, labels: Sequence[str], places: Iterable[int]) -> None:
    for at in places:
        call.say(f"  {at + 1:>2}  {labels[at]}")
