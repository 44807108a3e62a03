"""A world: a state of the account that somebody else has made, a command, and the verdict the command must give."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.worlds.account import OTHER_ROLE, Account

ALL = ("access", "revoke", "--all")
ONE = ("access", "revoke", "--principal", OTHER_ROLE)
INCOMPLETE = 3

Make = Callable[[Account], None]


class WrongVerdict(AssertionError):
    """The command judged a world wrongly. Nothing else may be excused as an expected failure."""


@dataclass(frozen=True)
class Answer:
    """What a command said: its exit code and its envelope."""

    code: int
    envelope: Mapping[str, Any]

    @property
    def error_code(self) -> str:
        """The envelope's error; empty where there is none."""
        return str((self.envelope["error"] or {}).get("code", ""))

    @property
    def unproven(self) -> list[Mapping[str, Any]]:
        """The rows of evidence that are not proven."""
        result = self.envelope["result"]
        evidence = result.get("evidence", []) if isinstance(result, dict) else []
        return [row for row in evidence if row["proven"] is False]


@dataclass(frozen=True)
class Expected:
    """The right verdict. `named` must be in what a person reads to act: the unproven rows, the error, or the result.

    `left` must be in the hint of an unproven row: what to remove, or the permission to ask for.
    """

    code: int
    error: str = ""
    named: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def fault(self, answer: Answer, facts: Mapping[str, str]) -> str:
        """Why the answer is not this verdict; empty when it is."""
        if answer.code != self.code or answer.envelope["ok"] != (self.code == 0):
            return f"exit code {answer.code}, ok {answer.envelope['ok']}, wanted {self.code}"
        if answer.error_code != self.error:
            return f"error {answer.error_code!r}, wanted {self.error!r}"
        rows = answer.unproven
        shown = answer.envelope["error"] or rows or answer.envelope["result"]
        missing = [n for n in _filled(self.named, facts) if n not in json.dumps(shown)]
        hints = " ".join(row["left"] for row in rows)
        missing += [n for n in _filled(self.left, facts) if n not in hints]
        return f"does not name {', '.join(missing)}" if missing else ""


def _filled(names: tuple[str, ...], facts: Mapping[str, str]) -> list[str]:
    return [name.format_map(facts) for name in names]


PROVEN = Expected(0)


def not_proven(*named: str, left: tuple[str, ...] = ()) -> Expected:
    """The evidence is not complete, and its open rows name this."""
    return Expected(INCOMPLETE, named=named, left=left)


def failed(error: str, *named: str) -> Expected:
    """It cannot be done as things are; the error names this."""
    return Expected(1, error, named)


def incomplete(*named: str) -> Expected:
    """It was done, and something does not hold: the result names this."""
    return Expected(INCOMPLETE, named=named)


def refused(error: str, *named: str) -> Expected:
    """Nothing was done; the error names this."""
    return Expected(INCOMPLETE, error, named)


def done(*named: str) -> Expected:
    """It was done, and the result names this."""
    return Expected(0, named=named)


@dataclass(frozen=True)
class World:
    """One row. `make` is done by third clients; `start` is the scene it begins with (see scenes.py)."""

    name: str
    make: Make
    command: tuple[str, ...]
    expected: Expected
    start: str = "granted"


def nothing(account: Account) -> None:
    """The state is that of the scene."""


def and_(*makes: Make) -> Make:
    """One after the other."""

    def make(account: Account) -> None:
        for step in makes:
            step(account)

    return make


def lacks(*actions: str) -> Make:
    """The operator may not do this."""
    return lambda a: a.operator_lacks(*actions)


def judge(world: World, answer: Answer, facts: Mapping[str, str], open_ways: list[str], ended: list[str]) -> None:
    """Raise WrongVerdict unless the answer is the world's verdict, and true of the ways in as they are now."""
    said = f"{world.name}: "
    if answer.code == 0 and open_ways:
        raise WrongVerdict(f"{said}called done while this still works: {', '.join(open_ways)}")
    if ended:
        raise WrongVerdict(f"{said}ended what is the customer's: {', '.join(ended)}")
    if fault := world.expected.fault(answer, facts):
        shown = answer.envelope["error"] or answer.unproven
        raise WrongVerdict(f"{said}{fault}\n{json.dumps(shown, indent=1)}")
