"""Programs run from an event loop, on this terminal; they end with it, and their exit code is returned."""

from __future__ import annotations

import asyncio
import signal
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from generator.errors import DeployerError

TERMINATION = 5.0  # seconds between the request to end and the end
TYPED = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP)


async def run_shell(command: str, env: Mapping[str, str], *, stdout: int | None = None) -> int:
    """Run a line of the user's own with /bin/sh, on this terminal; return its exit code (128 + n for signal n).

    Keys typed meanwhile, Ctrl-C included, are left to it. If this is cancelled, it is ended.
    """
    process = await asyncio.create_subprocess_shell(command, env=dict(env), stdout=stdout)
    with typed_signals_ignored():
        return await _to_its_end(process)


async def run(argv: Sequence[str], env: Mapping[str, str] | None = None, *, interrupted: str = "") -> int:
    """Run a program on this terminal; return its exit code. Raises DeployerError when there is no such program.

    `interrupted` is for one that ends by Ctrl-C, with a code of its own: what to say of it, in an error (code
    `interrupted`).
    """
    try:
        process = await asyncio.create_subprocess_exec(*argv, env=dict(env) if env is not None else None)
    except FileNotFoundError as error:
        raise DeployerError(
            f"There is no program {argv[0]} on this computer.", f"Install it, or add it to PATH: {argv[0]}"
        ) from error
    with typed_signals_ignored() as typed:
        code = await _to_its_end(process)
    if code and interrupted and signal.SIGINT in typed:
        raise DeployerError(f"Ended by Ctrl-C; {interrupted}.", code="interrupted", exit_code=130)
    return code


async def end(process: Process, first: signal.Signals = signal.SIGTERM) -> None:
    """Ask a program to end, by the signal `first`, and kill it when it does not."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.send_signal(first)
    try:
        await asyncio.wait_for(process.wait(), TERMINATION)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _to_its_end(process: Process) -> int:
    try:
        code = await process.wait()
    except asyncio.CancelledError:
        await end(process)
        raise
    return code if code >= 0 else 128 - code


@contextmanager
def typed_signals_ignored() -> Iterator[list[signal.Signals]]:
    """Interrupt, quit and stop are for the program in front until it ends; gives those that came. Not SIG_IGN, which it
    would inherit.

    Meant for the last thing a command does: the event loop answers none of them afterwards.
    """
    loop = asyncio.get_running_loop()
    came: list[signal.Signals] = []
    for number in TYPED:
        loop.add_signal_handler(number, came.append, number)
    try:
        yield came
    finally:
        for number in TYPED:
            loop.remove_signal_handler(number)
