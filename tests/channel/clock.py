"""An event loop in which waiting takes no time: the clock jumps to the next timer whenever nothing else is to do."""

import asyncio
import selectors

LONG, REAL = 0.05, 0.001  # before a jump of this length, so much real time for the kernel to hand over what it has


class _Selector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(self, timeout=None):
        events = super().select(0)
        if events or timeout == 0:
            return events
        assert timeout is not None, "everybody waits for somebody"
        if timeout > LONG and len(self.get_map()) > 1 and (events := super().select(REAL)):
            return events
        self.loop.now += max(timeout, 0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time is a number; threads are calls."""

    def __init__(self):
        selector = _Selector()
        selector.loop = self
        self.now = 0.0
        super().__init__(selector)

    def time(self):
        return self.now

    def run_in_executor(self, executor, func, *args):
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # the caller's thread would have raised it
            future.set_exception(error)
        return future


def run_virtually(work):
    """Run to the end; deadlocks fail at once instead of hanging."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
