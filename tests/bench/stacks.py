"""Deploying: calls and time against a sandbox of the bench's own, waiting by a clock only added up (P10-P15)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from generator.operations import sandbox
from generator.operations.polling import STEADY, waits
from generator.sandbox.state import HOME_VARIABLE
from tests.bench import projects
from tests.bench.goals import Row, row
from tests.bench.measure import Command, Run, interleave, peak, ratio, run
from tests.bench.peers import Peers
from tests.bench.programs import DEPLOYER, PLACE
from tests.bench.proxy import counting

STEP_VARIABLE = "DEPLOYER_SANDBOX_STEP"  # its owner imports the whole engine, and our memory is the floor of each peak
POLLS = ("DescribeStackEvents", "DescribeChangeSet")
AWS, SCEPTRE = "aws cloudformation deploy", "sceptre launch"
LONGEST = 600.0  # seconds: the ends that P14 looks at lie between 5 s and this
CREATE_SECONDS = 17.0


@dataclass(frozen=True)
class Counted:
    """The calls of one tool for a create, an update of one parameter and an update with nothing to do."""

    tool: str
    create: Counter[str]
    update: Counter[str]
    nothing: Counter[str]


@contextmanager
def own_sandbox(home: Path) -> Iterator[Mapping[str, str]]:
    """A sandbox for this run whose resources take no time; the environment that leads to it."""
    before = dict(os.environ)
    os.environ.update({HOME_VARIABLE: str(home), STEP_VARIABLE: "0"})
    try:
        sandbox.start()
        yield {**before, **sandbox.environment(), HOME_VARIABLE: str(home), "PYTHONPATH": str(projects.ROOT)}
    finally:
        sandbox.stop()
        os.environ.clear()
        os.environ.update(before)


class Tools:
    """Command lines of each tool for the same stack, each tool with a stack of its own."""

    def __init__(self, peers: Peers, home: Path) -> None:
        self._peers, self._home = peers, home
        self._project = projects.sceptre_with_file(home / "launch", "sceptre-bench", PLACE)

    def deployer(self, env: Mapping[str, str], *options: str) -> Command:
        """`deployer up`."""
        return Command([DEPLOYER, "up", "--stack-name", "deployer-bench", "--yes", *options], env)

    def place(self) -> tuple[str, ...]:
        """The options of a first `deployer up`."""
        return ("--vpc-id", PLACE["VpcId"], "--subnet-id", PLACE["SubnetId"], "--admin-email", PLACE["AdminEmail"])

    def aws(self, env: Mapping[str, str], *overrides: str) -> Command:
        """`aws cloudformation deploy`, which needs no parameter again that it had before."""
        values = [*(f"{name}={value}" for name, value in PLACE.items()), *overrides]
        file = ("--stack-name", "aws-bench", "--template-file", str(projects.TEMPLATE))
        how = ("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides")
        return Command([self._peers.program("aws"), "cloudformation", "deploy", *file, *how, *values], env)

    def sceptre(self, env: Mapping[str, str], days: int = 365) -> Command:
        """`sceptre launch`; what it shall change stands in its file."""
        file = self._project / "config" / "bench.yaml"
        lines = [line for line in file.read_text().splitlines() if "SessionLogRetentionDays" not in line]
        file.write_text("\n".join([*lines, f"  SessionLogRetentionDays: '{days}'", ""]))
        return Command([self._peers.program("sceptre"), "launch", "-y", "bench.yaml"], env, self._project)

    def describe(self, env: Mapping[str, str]) -> Command:
        """What `deployer status` is held against."""
        query = ("cloudformation", "describe-stacks", "--stack-name", "deployer-bench")
        return Command([self._peers.program("aws"), *query], env)


def calls(tools: Tools, env: Mapping[str, str]) -> list[Counted]:
    """The same three operations by each tool through a counting proxy. Creates the stacks the rest works on."""
    with counting(env["AWS_ENDPOINT_URL"]) as proxy:
        through = {**env, "AWS_ENDPOINT_URL": proxy.endpoint}

        def count(command: Command) -> Counter[str]:
            proxy.calls.clear()
            run(command)
            return Counter(proxy.calls)

        return [
            Counted(
                "deployer up",
                count(tools.deployer(through, *tools.place())),
                count(tools.deployer(through, "--session-log-retention-days", "30")),
                count(tools.deployer(through)),
            ),
            Counted(
                AWS,
                count(tools.aws(through)),
                count(tools.aws(through, "SessionLogRetentionDays=30")),
                count(tools.aws(through, "SessionLogRetentionDays=30")),
            ),
            Counted(
                SCEPTRE,
                count(tools.sceptre(through)),
                count(tools.sceptre(through, 30)),
                count(tools.sceptre(through, 30)),
            ),
        ]


def rows(tools: Tools, env: Mapping[str, str], counted: list[Counted], rounds: int) -> list[Row]:
    """P10 to P15, on the stacks that `calls` made."""
    ours = counted[0]
    reading = interleave(
        {
            "deployer": Command([DEPLOYER, "status", "--stack-name", "deployer-bench"], env),
            "aws": tools.describe(env),
        },
        rounds,
    )
    nothing = interleave(
        {"deployer": tools.deployer(env), AWS: tools.aws(env), SCEPTRE: tools.sceptre(env, 30)}, min(rounds, 5)
    )
    return [
        row("P10", ratio(reading["deployer"], reading["aws"]), _wall(reading, "aws") + "; two calls against one"),
        row("P11", outside_polls(ours.create)),
        row("P12", outside_polls(ours.update)),
        row("P13", sum(ours.nothing.values())),
        row("P13 aws", ratio(nothing["deployer"], nothing[AWS], "wall")),
        row("P13 sceptre", ratio(nothing["deployer"], nothing[SCEPTRE], "wall")),
        *waiting(),
        row("P20 status", peak(reading["deployer"])),
    ]


def outside_polls(made: Counter[str]) -> int:
    """Calls that are not repeated while waiting."""
    return sum(number for name, number in made.items() if name not in POLLS)


def waiting() -> list[Row]:
    """P14 and P15 by the product's own waiting times, the time itself only added up: the same on every machine."""
    seen = polls(LONGEST + CREATE_SECONDS)
    ends = [5 + step / 10 for step in range(int((LONGEST - 5) * 10))]
    tails = [next(at for at in seen if at >= end) - end for end in ends]
    needed = next(number for number, at in enumerate(seen, 1) if at >= CREATE_SECONDS)
    note = f"ends from 5 to {LONGEST:.0f} s; one call more comes on top"
    return [
        row("P14 worst", max(tails), note),
        row("P14 mean", sum(tails) / len(tails), note),
        row("P15", needed, "one call each"),
        row("P19", busiest(seen), "one process, one stack; it backs off where AWS asks for it"),
    ]


def polls(until: float) -> list[float]:
    """The seconds after the start at which the events are read."""
    at: list[float] = []
    for moment in accumulate(waits(STEADY), initial=0.0):
        at.append(moment)
        if moment > until:
            break
    return at


def busiest(moments: list[float]) -> int:
    """The most of these moments (ascending, in seconds) that lie within one second."""
    return max(sum(1 for later in moments if first <= later < first + 1) for first in moments)


def _wall(taken: dict[str, list[Run]], peer: str) -> str:
    return f"wall {ratio(taken['deployer'], taken[peer], 'wall'):.2f}x"
