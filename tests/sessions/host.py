"""A real shell on a real terminal behind the sandbox's instance, for programs that use a shell session."""

from __future__ import annotations

import os
import pty
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Host:
    """Where shells are to be had, how many there were, and the connections now open."""

    port: int
    served: int = 0
    open: list[socket.socket] = field(default_factory=list)

    def cut(self) -> None:
        """Hang up on every shell."""
        for each in self.open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def shells(directory: Path, argv: tuple[str, ...] = ("bash", "--norc", "-i")) -> Iterator[Host]:
    """A program in `directory` for every connection to a loopback port, on a terminal of its own."""
    server = socket.create_server(("127.0.0.1", 0))
    host = Host(server.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            host.served += 1
            host.open.append(connection)
            threading.Thread(target=_serve, args=(connection, directory, argv), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield host
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # closed alone, it would accept once more
        server.close()
        host.cut()


def _serve(connection: socket.socket, directory: Path, argv: tuple[str, ...]) -> None:
    # Until it is another program, the child has this process's handlers and tells this process's event loop of signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    child, terminal = pty.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
            os.chdir(directory)
            os.execvpe(argv[0], argv, {"PATH": os.environ["PATH"], "HOME": str(directory), "HISTFILE": "/dev/null"})
        finally:
            os._exit(127)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    with connection, suppress(OSError):
        while True:
            readable, _, _ = select.select([connection, terminal], [], [])
            if terminal in readable:
                connection.sendall(os.read(terminal, 4096))
            if connection in readable:
                if not (data := connection.recv(4096)):
                    break
                _write(connection, terminal, data)
    with suppress(OSError):
        os.kill(child, signal.SIGHUP)
    os.close(terminal)
    os.waitpid(child, 0)


def _write(connection: socket.socket, terminal: int, data: bytes) -> None:
    """Write to the terminal, and go on reading from it meanwhile: it holds 4 KiB each way."""
    while data:
        readable, writable, _ = select.select([terminal], [terminal], [])
        if readable:
            connection.sendall(os.read(terminal, 4096))
        if writable:
            data = data[os.write(terminal, data[:512]) :]
