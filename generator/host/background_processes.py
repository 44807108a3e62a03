"""Programs that go on running after this one has ended."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from generator.host.this_program import own_command


def spawn_detached(module: str, words: Sequence[str], env: Mapping[str, str], log: Path) -> int:
    """Start a module of ours in a session of its own, its output appended to `log` (mode 0600); return its process ID.

    It runs in the folder of `log`; `env` is its whole environment. Raises OSError when it cannot be started.
    """
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            own_command(*words, module=module),
            env=dict(env),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            close_fds=True,
        )
    finally:
        os.close(handle)
    process.returncode = 0  # it outlives us on purpose: no warning when this object goes
    return process.pid


def run_reading(argv: Sequence[str], each: Callable[[str], None] | None = None) -> tuple[int, list[str]]:
    """Run a program to its end; its exit code, and the lines of both of its streams in the order of their coming.

    `each` is given every line as it comes. The program reads nothing, and shares this environment.
    """
    lines = []
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip("\n"))
            if each is not None:
                each(lines[-1])
    return process.returncode, lines
