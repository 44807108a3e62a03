"""The console script: answers --version at once, runs the app, and turns what it ends with into an exit code."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from generator.model.search_path import drop_relative_entries


def entry() -> NoReturn:
    """Run and leave without tearing the interpreter down, which is a third of a short command's time."""
    gc.set_threshold(100_000, 50, 100)
    drop_relative_entries(os.environ)  # before anything is looked up, here or in what we start
    _fill_closed_streams()
    _end_in_order()
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal of few letters is no defect
    try:
        code = main(sys.argv[1:])
    except OSError as error:  # help and the version are written before any command could say it
        code = 1
        with suppress(OSError):
            sys.stderr.write(f"error: standard output could not be used: {error.strerror}.\n")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # the reader of our output has gone, or its disk is full: nothing left to tell it
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


def _end_in_order() -> None:
    """Have SIGTERM and SIGHUP end what runs as Ctrl-C does, with what there is to undo and to say; not below nohup."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def main(argv: Sequence[str]) -> int:
    """Run one command line and return its exit code (docs/reference/exit-codes.md). Raises OSError where standard
    output takes nothing, and no other."""
    try:
        return _main(argv)
    except OSError:
        raise
    except Exception as error:  # whatever went wrong while an error was being told: the user gets one line
        if "--debug" in argv:
            import traceback

            traceback.print_exc()
        sys.stderr.write(f"error: This is a bug in deployer: {type(error).__name__}.\n")
        sys.stderr.write("  next: Run it again with --debug and report the traceback.\n")
        return 1


def _main(argv: Sequence[str]) -> int:
    words = list(argv)
    before = list(itertools.takewhile(lambda word: word.startswith("-"), words))
    first, more = next(iter(words[len(before) :]), ""), words[len(before) + 1 :]
    if "--version" in before or (first == "version" and not more):
        from generator import __version__

        sys.stdout.write(f"deployer {__version__}\n")
        return 0
    from generator.cli.app import run

    if first == "help":  # as git and many others have it: `help up` for `up --help`
        return run([*(more if more != ["version"] else []), "--help"])
    if first == "version" and more in (["-h"], ["--help"]):
        return run(["--help"])
    return run(words)
