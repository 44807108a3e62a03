"""Local ports: bound before the first call to AWS, listening once a session is open behind them."""

from __future__ import annotations

import errno
import socket
import struct
from asyncio import StreamWriter
from dataclasses import dataclass

from generator.errors import DeployerError

LOOPBACK = ("127.0.0.1", "::1")
TRIES = 20  # for a free port that is free on both loopback addresses


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to listen: a port (0: any free one) on local addresses, by default both loopback addresses."""

    port: int = 0
    addresses: tuple[str, ...] = LOOPBACK


def bind(listen: Listen) -> list[socket.socket]:
    """Bound sockets, one per address, all of the same port. Raises DeployerError (`port-in-use`) when one is taken.

    ::1 is left out on machines without IPv6, unless it is the only address asked for.
    """
    for _ in range(TRIES if listen.port == 0 else 1):
        try:
            return _bind_all(listen)
        except OSError as error:
            failure = error
    raise _unavailable(listen, failure) from failure


def reset(writer: StreamWriter) -> None:
    """Abort a connection with a TCP reset, so that a truncated answer does not look complete."""
    made = writer.get_extra_info("socket")
    if made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _bind_all(listen: Listen) -> list[socket.socket]:
    bound: list[socket.socket] = []
    port = listen.port
    try:
        for address in listen.addresses:
            if made := _bind_one(address, port, needed=not bound and address == listen.addresses[-1]):
                bound.append(made)
                port = made.getsockname()[1]
    except OSError:
        for each in bound:
            each.close()
        raise
    return bound


def _bind_one(address: str, port: int, *, needed: bool) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        if needed or family == socket.AF_INET:
            raise
        return None  # no IPv6 here
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((address, port))
    except OSError as error:
        made.close()
        if error.errno == errno.EADDRNOTAVAIL and family == socket.AF_INET6 and not needed:
            return None
        raise
    return made


def _unavailable(listen: Listen, error: OSError) -> DeployerError:
    where = f"{' and '.join(listen.addresses)} port {listen.port}"
    if error.errno == errno.EADDRINUSE:
        message = f"The local port {listen.port} is in use already."
        return DeployerError(message, "Choose another with -L, or 0 for any free one.", code="port-in-use")
    if error.errno == errno.EACCES:
        return DeployerError(f"This user may not listen on {where}.", "Choose a port above 1023.", code="port-denied")
    return DeployerError(f"Listening on {where} failed: {error.strerror}.", "Check the address.", code="port-failed")
