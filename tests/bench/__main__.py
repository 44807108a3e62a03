"""Measure against the peers and write docs/explanation/performance.md: python -m tests.bench [--rounds N]."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench import copying, lists, page, peers, programs, stacks
from tests.bench.goals import GOALS, MISSED, Row


def main() -> int:
    """Measure everything, write the page; 1 when a `must` was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="measured runs of each program")
    parser.add_argument("--no-channel", action="store_true", help="leave the data channel's figures as they are")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deployer-bench-") as home:
        rows, counted = measure(Path(home), asked.rounds)
    rows.sort(key=lambda row: list(GOALS).index(row.goal.id))
    page.write("goals", f"{page.facts(asked.rounds)}\n{page.goals_table(rows)}")
    page.write("calls", page.calls_table(counted))
    if not asked.no_channel:
        page.write("channel", f"```text\n{channel()}```\n")
    print(page.goals_table(rows), page.calls_table(counted), sep="\n")
    return exit_code(rows)


def exit_code(rows: Sequence[Row]) -> int:
    """1 when a figure is beyond its `must`."""
    return int(any(row.verdict == MISSED for row in rows))


def measure(home: Path, rounds: int) -> tuple[list[Row], list[stacks.Counted]]:
    """Every figure, and the calls of each tool."""
    installed = peers.install()
    rows = [*_announced("start-up", programs.start_up(rounds))]
    rows += _announced("generate", programs.generating(installed, home, rounds))
    rows += _announced("many templates", programs.many())
    rows += _announced("lint", programs.linting(installed, home, rounds))
    rows += _announced("lists", lists.rows(home))
    with stacks.own_sandbox(home / "sandbox") as env:
        tools = stacks.Tools(installed, home)
        counted = stacks.calls(tools, env)
        rows += _announced("stacks", stacks.rows(tools, env, counted, rounds))
        rows += _announced("copies", copying.rows(env, home))
        rows += _announced("support", stacks.support(tools, env))
    return rows, counted


def channel() -> str:
    """What the data channel's own measurement prints."""
    done = subprocess.run([sys.executable, "-m", "tests.bench.channel"], capture_output=True, text=True, check=True)
    return done.stdout


def _announced(part: str, rows: list[Row]) -> list[Row]:
    print(f"measured: {part}", file=sys.stderr)
    return rows


if __name__ == "__main__":
    sys.exit(main())
