"""A command at a real terminal: what a person types, and what is shown."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
from collections.abc import Sequence
from contextlib import suppress

LONGEST = 60.0  # seconds without a word


def on_terminal(command: Sequence[str], typed: str = "", after: str = "") -> tuple[int, str]:
    """The exit code of a command and what it showed; the line is typed once `after` is shown.

    What is typed before a question for a secret is thrown away by the terminal (getpass flushes it).
    """
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # fish does nothing at a terminal that is not its own
    )
    os.close(theirs)
    shown, waiting = b"", True
    with suppress(OSError):  # the terminal is closed when its last process has gone
        while True:
            if waiting and after.encode() in shown:
                os.write(ours, f"{typed}\n".encode())
                waiting = False
            if not select.select([ours], [], [], LONGEST)[0]:
                process.kill()
            data = os.read(ours, 65_536)
            if not data:
                break
            shown += data
    os.close(ours)
    return process.wait(30), shown.decode()
