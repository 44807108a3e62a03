"""Whole processes side by side, in rounds, so that a busy machine hits all alike: wall and cpu time, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal


@dataclass(frozen=True)
class Command:
    """A program to measure, and how it must end."""

    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    exit_code: int = 0


@dataclass(frozen=True)
class Run:
    """What one process took: seconds of wall and cpu time (its own children included), peak memory in MiB.

    The system counts from the memory of whoever started it: a peak is never less than the bench's own (`peak_alone`).
    """

    wall: float
    cpu: float
    peak: float
    output: str = ""


def as_installed(env: Mapping[str, str]) -> dict[str, str]:
    """The environment without what changes how Python itself runs, PYTHONPATH excepted.

    PYTHONDONTWRITEBYTECODE, for one, would have the project compiled at every start, the installed peers not.
    """
    return {name: value for name, value in env.items() if not name.startswith("PYTHON") or name == "PYTHONPATH"}


def run(command: Command) -> Run:
    """Run it once, from start to exit. Raises RuntimeError when it does not end as it must."""
    env = as_installed(os.environ if command.env is None else command.env)
    began = time.perf_counter()
    process = subprocess.Popen(
        list(command.argv), env=env, cwd=command.cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdout is not None
    output = process.stdout.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != command.exit_code:
        raise RuntimeError(f"{' '.join(command.argv)} ended with {process.returncode}:\n{output[-2000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def interleave(
    commands: Mapping[str, Command], rounds: int, before: Callable[[str], None] | None = None
) -> dict[str, list[Run]]:
    """Run all commands once to warm the caches, then in turn, `rounds` times. `before` prepares each measured run."""
    results: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            if before is not None:
                before(name)
            taken = run(command)
            if number:
                results[name].append(taken)
    return results


def ratio(ours: Sequence[Run], theirs: Sequence[Run], of: Literal["wall", "cpu"] = "cpu") -> float:
    """The median of the ratios of each round."""
    pairs = zip(ours, theirs, strict=True)
    return median(a.wall / b.wall if of == "wall" else a.cpu / b.cpu for a, b in pairs)


# A process is counted from the memory of the one that started it, so this one is as small as Python can be.
SMALL = """\
import os, sys
silent = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[silent])
_, status, used = os.wait4(pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak_alone(command: Command, rounds: int = 3) -> float:
    """The median peak memory in MiB of a program whose memory is less than the bench's own, which hides it."""
    launched = replace(command, argv=[sys.executable, "-I", "-S", "-c", SMALL, *command.argv])
    return median(int(run(launched).output) / 1024 for _ in range(rounds))


def peak(runs: Sequence[Run]) -> float:
    """The median peak memory in MiB."""
    return median(taken.peak for taken in runs)
