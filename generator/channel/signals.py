"""Ending in order on a signal: what would kill the process cancels its work instead, so that sessions are ended."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from generator.errors import DeployerError

T = TypeVar("T")
FATAL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in an event loop of its own until it is done or a signal asks this process to end.

    On SIGINT, SIGTERM and SIGHUP the work is cancelled and may clean up; then DeployerError with code `interrupted` and
    exit code 130 is raised. A second signal changes nothing: cleaning up is bounded in time. One that this process was
    started to ignore stays ignored.
    """
    return asyncio.run(_run(work))


async def _run(work: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    caught: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        if not caught:
            task.cancel()
        caught.append(number)

    before = {number: signal.getsignal(number) for number in FATAL}
    heeded = [number for number in FATAL if before[number] is not signal.SIG_IGN]  # nohup, `&` in a script
    for number in heeded:
        loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if caught:
            by = "Ctrl-C" if caught[0] is signal.SIGINT else caught[0].name
            raise DeployerError(
                f"Ended by {by}; open sessions were closed.", code="interrupted", exit_code=130
            ) from None
        raise
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
