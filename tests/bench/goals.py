"""The goals: what is measured, what must hold, what is wanted; and the verdict on a figure."""

from __future__ import annotations

from dataclasses import dataclass

MISSED, MUST, WANT = "**missed**", "must", "want"


@dataclass(frozen=True)
class Goal:
    """One goal. A figure at or below `must` is accepted, one at or below `want` is what we are after.

    Of an `exact` goal any other figure is a miss, a smaller one too: a call less is a check that is no longer made.
    """

    id: str
    text: str
    must: float
    want: float
    unit: str = "x"
    exact: bool = False


@dataclass(frozen=True)
class Row:
    """A goal and the figure measured for it; `note` says what helps to read the figure."""

    goal: Goal
    measured: float
    note: str = ""

    @property
    def verdict(self) -> str:
        """`want`, `must`, or that it was missed."""
        if self.goal.exact and self.measured != self.goal.want:
            return MISSED
        if self.measured <= self.goal.want:
            return WANT
        return MUST if self.measured <= self.goal.must else MISSED


GOALS = {
    goal.id: goal
    for goal in (
        Goal("P1", "`deployer --version` / bare Python, cpu", 7, 2),
        Goal("P2", "`deployer --help` / bare Python, cpu", 8, 6.5),
        Goal("P3", "the dearest `deployer X --help` / bare Python, cpu", 8, 6.5),
        Goal("P4", "`deployer generate` / `sceptre generate`, cpu", 0.35, 0.25),
        Goal("P5", "`deployer generate` / `cdk synth`, cpu", 0.05, 0.03),
        Goal("P6", "one of many templates in a process / troposphere's `to_yaml`, cpu", 0.35, 0.2),
        Goal("P7", "`deployer lint FILE` / `cfn-lint FILE`, cpu, a template with one Yes/No parameter", 0.90, 0.75),
        Goal("P7 own", "the same on the product's own template, each of its combinations included", 0.90, 0.75),
        Goal("P8", "`deployer lint` of ten files / `cfn-lint` of one, cpu", 2, 1.6),
        Goal("P9", "`deployer lint FILE` again, unchanged and clean / `cfn-lint FILE`, cpu", 0.12, 0.12),
        Goal("P10", "`deployer status` / `aws cloudformation describe-stacks`, cpu", 0.70, 0.60),
        Goal("P11", "create: calls until the stack's terminal event, polls left out", 6, 6, ""),
        Goal("P11 after", "create: calls after it, for the outputs", 1, 1, "", exact=True),
        Goal("P12", "update of one parameter: calls until the terminal event, polls left out", 5, 4, ""),
        Goal("P12 after", "update of one parameter: calls after it, for the outputs", 1, 1, "", exact=True),
        Goal("P12 flip", "`up --support-user=no`: calls after it, which verify the removal", 7, 7, "", exact=True),
        Goal("P13", "update with nothing to do: calls", 4, 2, ""),
        Goal("P13 aws", "the same, time / `aws cloudformation deploy`, wall", 1, 0.8),
        Goal("P13 sceptre", "the same, time / `sceptre launch`, wall", 1, 0.8),
        Goal("P14 worst", "stack done to prompt, worst of all ends", 3, 3, "s"),
        Goal("P14 mean", "stack done to prompt, mean of all ends", 3, 1.5, "s"),
        Goal("P15", "polls of a create that takes 17 s", 12, 9, ""),
        Goal("P16", "1,000 past sessions listed: calls", 12, 10, ""),
        Goal("P16 time", "the same, wall / a list of one page and 60 ms for each further page at best", 1.5, 1.2),
        Goal("P16 memory", "the same, peak memory", 80, 60, "MiB"),
        Goal("P17", "10,000 past sessions listed: calls", 102, 100, ""),
        Goal("P17 time", "the same, wall / a list of one page and 60 ms for each further page at best", 1.2, 1.2),
        Goal("P19", "read calls in any one second while a stack is waited for", 4, 4, ""),
        Goal("P20 help", "peak memory of `deployer --help`", 24, 18, "MiB"),
        Goal("P20 generate", "peak memory of `deployer generate`", 32, 24, "MiB"),
        Goal("P20 status", "peak memory of `deployer status`", 60, 50, "MiB"),
        Goal("P20 lint", "peak memory of `deployer lint FILE`", 160, 145, "MiB"),
        Goal("P21", "`cp` of 16 MiB over four sessions / over one, wall", 0.29, 0.26),
        Goal("P24", "`access revoke --all`: calls before the one that makes the key inactive", 3, 2, ""),
        Goal("P24 report", "the same: calls of the whole report, polls left out", 27, 27, "", exact=True),
    )
}


def row(goal: str, measured: float, note: str = "") -> Row:
    """A figure for the goal of that id."""
    return Row(GOALS[goal], measured, note)
