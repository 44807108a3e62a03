"""What the product decided while a world was played, and the same decided again with one of its judges silenced.

The only part of the worlds that knows the product: its verdicts of a revocation and its guards of a plan.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from generator.cli.render import plain
from generator.errors import DeployerError
from generator.model.command_line import CommandLine
from generator.model.evidence import Evidence, Report
from generator.model.up import UpPlan
from generator.operations.access import revoke, verdicts
from generator.operations.stack import guard
from tests.worlds.plans import REFUSED, STOPPED
from tests.worlds.world import INCOMPLETE, Answer


@dataclass
class Recording:
    """Nobody writes one: `recording` fills it while a command runs. Empty where the command decided nothing."""

    judged: list[tuple[Any, Any]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    guarded: list[tuple[Any, Any]] = field(default_factory=list)
    plans: list[UpPlan] = field(default_factory=list)
    answer: Answer | None = None

    def of_verdicts(self) -> Answer | None:
        """The revocation's answer, judged from its observations; None for another command."""
        if not self.reports:
            return None
        [(seen, wanted)], [report] = self.judged, self.reports
        steps = report.evidence[: -len(verdicts.VERDICTS)]
        again = replace(report, evidence=(*steps, *verdicts.judge(seen, wanted)))
        ok = again.complete
        return Answer(0 if ok else INCOMPLETE, {"ok": ok, "result": plain(again), "error": None})

    def of_guards(self) -> Answer | None:
        """The plan's answer, guarded again; None for a command that planned nothing, or a revocation."""
        if self.reports or not self.plans or not self.guarded:
            return None
        plan = replace(self.plans[0], objections=guard.objections(*self.guarded[0]))
        try:
            guard.require_no_objection(plan, CommandLine())
        except DeployerError as error:
            said = {"code": error.code, "message": error.message, "hint": error.hint}
            return Answer(error.exit_code, {"ok": False, "result": None, "error": said})
        went_on = self.answer is not None and self.answer.error_code not in (REFUSED, STOPPED)
        return self.answer if went_on else Answer(0, {"ok": True, "result": None, "error": None})


@contextlib.contextmanager
def recording() -> Iterator[Recording]:
    """Record what is judged and guarded meanwhile. The product works on undisturbed."""
    found = Recording()
    with pytest.MonkeyPatch.context() as patch:
        _wrap(patch, verdicts, "judge", lambda given, answer: found.judged.append(given))
        _wrap(patch, revoke, "report", lambda given, answer: found.reports.append(answer))
        _wrap(patch, guard, "objections", lambda given, answer: found.guarded.append((list(given[0]), given[1])))
        _wrap(patch, guard, "require_no_objection", lambda given, answer: None, before=found.plans.append)
        yield found


def _wrap(
    patch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    note: Callable[[tuple[Any, ...], Any], object],
    before: Callable[[Any], object] = lambda given: None,
) -> None:
    original = getattr(module, name)

    def noted(*given: Any) -> Any:
        before(given[0])
        answer = original(*given)
        note(given, answer)
        return answer

    patch.setattr(module, name, noted)


@dataclass(frozen=True)
class Mutant:
    """The product with one judge silenced: a verdict that always says proven, a guard that never objects."""

    name: str
    module: Any
    tuple_name: str
    index: int
    silent: Callable[..., Any]
    answer: Callable[[Recording], Answer | None]

    @contextlib.contextmanager
    def alive(self) -> Iterator[None]:
        """The product is this mutant meanwhile."""
        judges = list(getattr(self.module, self.tuple_name))
        judges[self.index] = self.silent
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.module, self.tuple_name, tuple(judges))
            yield


def _proven(verdict: Callable[..., Evidence]) -> Callable[..., Evidence]:
    return lambda seen, wanted: replace(verdict(seen, wanted), proven=True, left="")


def verdict_mutants() -> list[Mutant]:
    """One for each verdict there is."""
    return [
        Mutant(v.__name__, verdicts, "VERDICTS", i, _proven(v), Recording.of_verdicts)
        for i, v in enumerate(verdicts.VERDICTS)
    ]


def guard_mutants() -> list[Mutant]:
    """One for each guard there is."""
    return [
        Mutant(g.__name__, guard, "GUARDS", i, lambda change, request: "", Recording.of_guards)
        for i, g in enumerate(guard.GUARDS)
    ]
