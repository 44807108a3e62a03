"""Whether the program at the local end of a connection has gone.

TCP itself does not tell it from one that has finished sending and still reads: both send one FIN. Linux's list of
sockets does: a socket that no program has open has no inode there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from asyncio import StreamWriter
from collections.abc import Iterator
from pathlib import Path

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
CONFIRMATION = 0.02  # seconds between two looks that must agree: the list is not read in one piece
INTERVAL = 0.25  # seconds between looks
LOCAL, REMOTE, INODE = 1, 2, 9  # fields of a line (proc(5))


async def until_gone(writer: StreamWriter) -> None:
    """Return when the program that made this connection has closed it or has ended; never, where that cannot be seen:
    it runs on another computer, or this one has no such list."""
    made: socket.socket = writer.get_extra_info("socket")
    while not _is_gone(made):
        await asyncio.sleep(INTERVAL)
    await asyncio.sleep(CONFIRMATION)
    if not _is_gone(made):
        await until_gone(writer)


def _is_gone(made: socket.socket) -> bool:
    try:
        ours, theirs = _names(made.getsockname()), _names(made.getpeername())
    except OSError:
        return True  # it was reset
    if not ipaddress.ip_address(made.getpeername()[0]).is_loopback:
        return False
    seen_ours = used = False
    for local, remote, inode in _sockets():
        seen_ours |= local in ours and remote in theirs
        used |= local in theirs and remote in ours and inode != "0"
    return seen_ours and not used


def _sockets() -> Iterator[tuple[str, str, str]]:
    for table in TABLES:
        try:
            lines = table.read_text(encoding="utf-8").splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            yield fields[LOCAL], fields[REMOTE], fields[INODE]


def _names(address: tuple[str, int]) -> set[str]:
    """How the lists write an address: 32-bit words as this computer has them in memory, for IPv4 also as IPv6."""
    host = ipaddress.ip_address(address[0].partition("%")[0])
    forms = [host.packed] + ([bytes(10) + b"\xff\xff" + host.packed] if host.version == 4 else [])
    return {f"{_words(form)}:{address[1]:04X}" for form in forms}


def _words(packed: bytes) -> str:
    return "".join(f"{word:08X}" for word in struct.unpack(f"={len(packed) // 4}I", packed))
