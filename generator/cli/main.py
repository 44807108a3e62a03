"""The console script: answers --version at once, runs the app, and turns what it ends with into an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from generator.model.search_path import drop_relative_entries


def entry() -> NoReturn:
    """Run and leave without tearing the interpreter down, which is a third of a short command's time."""
    gc.set_threshold(100_000, 50, 100)
    drop_relative_entries(os.environ)  # before anything is looked up, here or in what we start
    _fill_closed_streams()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal of few letters is no defect
    code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):  # the reader of our output has gone: nothing left to tell it
            code = code or 1
    os._exit(code)


def _fill_closed_streams() -> None:
    """Lead a closed standard stream (`>&-`, some schedulers) to nowhere, before a socket is given its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115 - they live as long as the process
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code (docs/reference/exit-codes.md)."""
    if list(argv) in (["--version"], ["version"]):
        from generator import __version__

        sys.stdout.write(f"deployer {__version__}\n")
        return 0
    from generator.cli.app import run

    if argv and argv[0] == "help":  # as git and many others have it: `help up` for `up --help`
        return run([*argv[1:], "--help"])
    return run(list(argv))
