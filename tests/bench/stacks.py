"""Deploying and revoking: calls and time against a sandbox of the bench's own; waiting times are only added up.

P10 to P15, P19 and P24.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from generator.operations import sandbox
from generator.operations.polling import STEADY, waits
from generator.sandbox.state import HOME_VARIABLE
from tests.api_calls import after_end, before_first, outside_polls, until_end
from tests.bench import projects
from tests.bench.goals import Row, row
from tests.bench.measure import Command, Run, interleave, peak, ratio, run
from tests.bench.peers import Peers
from tests.bench.programs import DEPLOYER, PLACE
from tests.bench.proxy import counting

STEP_VARIABLE = "DEPLOYER_SANDBOX_STEP"  # its owner imports the whole engine, and our memory is the floor of each peak
STACK = "deployer-bench"
VENDOR_ROLE = "arn:aws:iam::444455556666:role/deepsql-support"
AWS, SCEPTRE = "aws cloudformation deploy", "sceptre launch"
LONGEST = 600.0  # seconds: the ends that P14 looks at lie between 5 s and this
CREATE_SECONDS = 17.0
Count = Callable[[Command], Sequence[str]]


@dataclass(frozen=True)
class Counted:
    """The calls of one tool, in order, for a create, an update of one parameter and an update with nothing to do."""

    tool: str
    create: Sequence[str]
    update: Sequence[str]
    nothing: Sequence[str]


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
        return self.on_stack(env, "up", "--yes", *options)

    def on_stack(self, env: Mapping[str, str], *words: str) -> Command:
        """Any command of `deployer` on its stack."""
        return Command([DEPLOYER, *words, "--stack-name", STACK], env)

    def place(self) -> tuple[str, ...]:
        """The options of a first `deployer up`."""
        return ("--vpc-id", PLACE["VpcId"], "--subnet-id", PLACE["SubnetId"], "--admin-email", PLACE["AdminEmail"])

    def aws(self, env: Mapping[str, str], *overrides: str) -> Command:
        """`aws cloudformation deploy`, which needs no parameter again that it had before."""
        values = [*(f"{name}={value}" for name, value in PLACE.items()), *overrides]
        file = (
            "--stack-name",
            "aws-bench",
            "--template-file",
            str(self._project / "templates" / projects.TEMPLATE.name),
        )
        how = ("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset", "--parameter-overrides")
        return Command([self._peers.program("aws"), "cloudformation", "deploy", *file, *how, *values], env)

    def sceptre(self, env: Mapping[str, str], days: int = 365) -> Command:
        """`sceptre launch`; what it shall change stands in its file."""
        file = self._project / "config" / "bench.yaml"
        lines = [line for line in file.read_text().splitlines() if "SessionLogRetentionDays" not in line]
        file.write_text("\n".join([*lines, f"  SessionLogRetentionDays: '{days}'", ""]))
        return Command([self._peers.program("sceptre"), "launch", "-y", "bench.yaml"], env, self._project)

    def describe(self, env: Mapping[str, str]) -> Command:
        """The command that `deployer status` is compared with."""
        query = ("cloudformation", "describe-stacks", "--stack-name", STACK)
        return Command([self._peers.program("aws"), *query], env)


@contextmanager
def counter(env: Mapping[str, str]) -> Iterator[tuple[Mapping[str, str], Count]]:
    """An environment that leads through a proxy, and what runs a command in it and gives its calls in order."""
    with counting(env["AWS_ENDPOINT_URL"]) as proxy:

        def count(command: Command) -> Sequence[str]:
            proxy.calls.clear()
            time.sleep(1)  # the aws CLI names its change sets by the second; nothing is timed here
            run(command)
            return tuple(proxy.calls)

        yield {**env, "AWS_ENDPOINT_URL": proxy.endpoint}, count


def calls(tools: Tools, env: Mapping[str, str]) -> list[Counted]:
    """The same three operations by each tool. Creates the stacks the rest works on."""
    with counter(env) as (through, count):
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
    """P10 to P15 and P19, on the stacks that `calls` made."""
    ours = counted[0]
    reading = interleave(
        {
            "deployer": tools.on_stack(env, "status"),
            "aws": tools.describe(env),
        },
        rounds,
    )
    nothing = interleave(
        {"deployer": tools.deployer(env), AWS: tools.aws(env), SCEPTRE: tools.sceptre(env, 30)}, min(rounds, 5)
    )
    return [
        row("P10", ratio(reading["deployer"], reading["aws"]), _wall(reading, "aws") + "; two calls against one"),
        row("P11", outside_polls(until_end(ours.create)).total()),
        row("P11 after", len(after_end(ours.create))),
        row("P12", outside_polls(until_end(ours.update)).total()),
        row("P12 after", len(after_end(ours.update))),
        row("P13", len(ours.nothing)),
        row("P13 aws", ratio(nothing["deployer"], nothing[AWS], "wall")),
        row("P13 sceptre", ratio(nothing["deployer"], nothing[SCEPTRE], "wall")),
        *waiting(),
        row("P20 status", peak(reading["deployer"])),
    ]


def support(tools: Tools, env: Mapping[str, str]) -> list[Row]:
    """P24, P25, and what verifies a flip of the support user: they change the stack that the other rows look at."""
    grant = ("grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "BENCH", "--yes")
    with counter(env) as (through, count):
        granted, same = (count(tools.on_stack(through, "access", *grant)) for _ in range(2))
        revoke = count(tools.on_stack(through, "access", "revoke", "--all", "--yes"))
        flip = count(tools.deployer(through, "--support-user=no"))
    return [
        row("P12 flip", len(after_end(flip))),
        row("P24", len(before_first("UpdateAccessKey", revoke))),
        row("P24 report", outside_polls(revoke).total()),
        row("P25 grant", outside_polls(granted).total()),
        row("P25 same", len(same)),
    ]


def waiting() -> list[Row]:
    """P14, P15 and P19 from the product's own waiting times, added up and not waited for: exact on every machine."""
    seen = polls(LONGEST + CREATE_SECONDS)
    ends = [5 + step / 10 for step in range(int((LONGEST - 5) * 10))]
    tails = [next(at for at in seen if at >= end) - end for end in ends]
    needed = next(number for number, at in enumerate(seen, 1) if at >= CREATE_SECONDS)
    note = f"for operations of 5 to {LONGEST:.0f} s; one more call is not included"
    return [
        row("P14 worst", max(tails), note),
        row("P14 mean", sum(tails) / len(tails), note),
        row("P15", needed, "one call a poll"),
        row("P19", busiest(seen), "one process, one stack; less often where AWS throttles"),
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
