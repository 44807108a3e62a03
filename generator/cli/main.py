"""The console script: answers --version at once, runs the app, and turns what it ends with into an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn


def entry() -> NoReturn:
    """Run and leave without tearing the interpreter down, which is a third of a short command's time."""
    gc.set_threshold(100_000, 50, 100)
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal of few letters is no defect
    code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):  # the reader of our output has gone: nothing left to tell it
            code = code or 1
    os._exit(code)


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code (docs/reference/exit-codes.md)."""
    if list(argv) == ["--version"]:
        from generator import __version__

        sys.stdout.write(f"deployer {__version__}\n")
        return 0
    from generator.cli.app import run

    return run(list(argv))
