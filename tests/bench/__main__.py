"""Compare with the peers and write docs/explanation/performance.md: python -m tests.bench [--rounds N]."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench import copying, lists, page, peers, programs, stacks
from tests.bench.goals import GOALS, MISSED, Row


def main() -> int:
    """Measure everything, write the page; 1 when a `must` was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="measured runs of each program")
    parser.add_argument("--no-channel", action="store_true", help="do not measure the data channel again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deployer-bench-") as home:
        rows, counted = measure(Path(home), options.rounds)
    rows.sort(key=lambda row: list(GOALS).index(row.goal.id))
    page.write("goals", f"{page.facts(options.rounds)}\n{page.goals_table(rows)}")
    page.write("calls", page.calls_table(counted))
    if not options.no_channel:
        page.write("channel", f"```text\n{channel()}```\n")
    print(page.goals_table(rows), page.calls_table(counted), sep="\n")
    return exit_code(rows)


def exit_code(rows: Sequence[Row]) -> int:
    """1 when a figure is beyond its `must`."""
    return int(any(row.verdict == MISSED for row in rows))


def measure(home: Path, rounds: int) -> tuple[list[Row], list[stacks.Counted]]:
    """Every figure, and the calls of each tool."""
    installed = peers.install()
    rows = [*_measured("start-up", lambda: programs.start_up(rounds))]
    rows += _measured("generate", lambda: programs.generating(installed, home, rounds))
    rows += _measured("many templates", programs.many)
    rows += _measured("lint", lambda: programs.linting(installed, home, rounds))
    rows += _measured("lists", lambda: lists.rows(home))
    with stacks.own_sandbox(home / "sandbox") as env:
        tools = stacks.Tools(installed, home)
        counted = stacks.calls(tools, env)
        rows += _measured("stacks", lambda: stacks.rows(tools, env, counted, rounds))
        rows += _measured("copies", lambda: copying.rows(env, home))
        rows += _measured("support", lambda: stacks.support(tools, env))
    return rows, counted


def channel() -> str:
    """The output of the data channel's own measurement."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.channel"], capture_output=True, text=True, check=True)
    return done.stdout


def _measured(part: str, measure_part: Callable[[], list[Row]]) -> list[Row]:
    """The rows of a part; says how long it took, for whoever waits."""
    began = time.monotonic()
    rows = measure_part()
    print(f"measured: {part} ({time.monotonic() - began:.0f} s)", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
