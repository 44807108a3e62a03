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
        Goal("P1", "`deployer --version` / bare Python, CPU", 7, 2),
        Goal("P2", "`deployer --help` / bare Python, CPU", 8, 6.5),
        Goal("P3", "the costliest `deployer X --help` / bare Python, CPU", 8, 6.5),
        Goal("P4", "`deployer generate` / `sceptre generate`, CPU", 0.35, 0.25),
        Goal("P5", "`deployer generate` / `cdk synth`, CPU", 0.05, 0.03),
        Goal("P6", "one template of many in one process / troposphere's `to_yaml`, CPU", 0.35, 0.2),
        Goal("P7", "`deployer lint FILE` / `cfn-lint FILE`, CPU, for a template with one Yes/No parameter", 0.90, 0.75),
        Goal("P7 own", "the same for the product's own template with every combination of its answers", 0.90, 0.75),
        Goal("P8", "`deployer lint` of ten files / `cfn-lint` of one, CPU", 2, 1.6),
        Goal("P9", "`deployer lint FILE` again, file unchanged and clean / `cfn-lint FILE`, CPU", 0.12, 0.12),
        Goal("P10", "`deployer status` / `aws cloudformation describe-stacks`, CPU", 0.70, 0.60),
        Goal("P11", "create: calls up to the stack's terminal event, without polls", 6, 6, ""),
        Goal("P11 after", "create: calls after that, for the stack policy and the outputs", 2, 2, "", exact=True),
        Goal("P12", "update of one parameter: calls up to the stack's terminal event, without polls", 5, 4, ""),
        Goal("P12 after", "update of one parameter: calls after that, for the outputs", 1, 1, "", exact=True),
        Goal("P12 flip", "`up --support-user=no`: calls after that, which verify the removal", 12, 12, "", exact=True),
        Goal("P13", "update with nothing to do: calls", 4, 2, ""),
        Goal("P13 aws", "update with nothing to do: time / `aws cloudformation deploy`, wall", 1, 0.8),
        Goal("P13 sceptre", "update with nothing to do: time / `sceptre launch`, wall", 1, 0.8),
        Goal("P14 worst", "from the stack's end to the prompt, worst case", 3, 3, "s"),
        Goal("P14 mean", "from the stack's end to the prompt, mean", 3, 1.5, "s"),
        Goal("P15", "polls of a create that takes 17 s", 12, 9, ""),
        Goal("P16", "list of 1,000 past sessions: calls", 12, 10, ""),
        Goal("P16 time", "list of 1,000 past sessions: time / the least that its pages take, wall", 1.5, 1.2),
        Goal("P16 memory", "list of 1,000 past sessions: peak memory", 80, 60, "MiB"),
        Goal("P17", "list of 10,000 past sessions: calls", 102, 100, ""),
        Goal("P17 time", "list of 10,000 past sessions: time / the least that its pages take, wall", 1.2, 1.2),
        Goal("P19", "read calls in any one second of waiting for a stack", 4, 4, ""),
        Goal("P20 help", "peak memory of `deployer --help`", 24, 18, "MiB"),
        Goal("P20 generate", "peak memory of `deployer generate`", 32, 24, "MiB"),
        Goal("P20 status", "peak memory of `deployer status`", 60, 50, "MiB"),
        Goal("P20 lint", "peak memory of `deployer lint FILE`", 160, 145, "MiB"),
        Goal("P21", "`cp` of 16 MiB over four sessions / over one, wall", 0.29, 0.26),
        Goal("P24", "`access revoke --all`: calls before the one that makes the key inactive", 3, 2, ""),
        Goal("P24 report", "`access revoke --all`: all calls, without polls", 48, 48, "", exact=True),
        Goal("P25 grant", "`access grant`: all calls, without polls", 52, 52, "", exact=True),
        Goal("P25 same", "the same grant again: all calls", 40, 40, "", exact=True),
    )
}


def row(goal: str, measured: float, note: str = "") -> Row:
    """A figure for the goal of that id."""
    return Row(GOALS[goal], measured, note)
