"""smux version 1 frames, the multiplexing inside a port session (github.com/xtaci/smux).

    version u8 = 1 | command u8 | length u16 | stream id u32 | data      (little-endian, unlike the frames around it)

The frames form one byte stream, cut into channel messages wherever it happens to be cut.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

from generator.errors import DeployerError

VERSION = 1
_HEAD = struct.Struct("<BBHI")
HEAD_SIZE = _HEAD.size


class Command(IntEnum):
    """What a frame does; 4 (UPD) belongs to version 2 and is never sent."""

    SYN = 0
    FIN = 1
    PSH = 2
    NOP = 3


@dataclass(frozen=True, slots=True)
class Frame:
    """One smux frame. `data` is empty but for PSH."""

    command: Command
    stream: int
    data: bytes = field(default=b"", repr=False)


def encode(frame: Frame) -> bytes:
    """The bytes of one frame; its data is at most 65,535 bytes, by the width of its length."""
    return _HEAD.pack(VERSION, frame.command, len(frame.data), frame.stream) + frame.data


class Parser:
    """Frames out of a byte stream that arrives in arbitrary pieces. Buffers at most one unfinished frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Every frame completed by `data`; `DeployerError` (code `bad-frame`) when it is not smux version 1."""
        self._buffer += data
        frames, start = [], 0
        while len(self._buffer) - start >= HEAD_SIZE:
            version, command, length, stream = _HEAD.unpack_from(self._buffer, start)
            if version != VERSION or command > Command.NOP:
                raise _bad(version, command)
            body, end = start + HEAD_SIZE, start + HEAD_SIZE + length
            if end > len(self._buffer):
                break
            frames.append(Frame(Command(command), stream, bytes(self._buffer[body:end])))
            start = end
        del self._buffer[:start]
        return frames


def _bad(version: int, command: int) -> DeployerError:
    return DeployerError(
        f"The agent sent a multiplexing frame of version {version}, command {command}; version 1 has no such frame.",
        "Repeat the command with --client plugin, and report the agent's version.",
        code="bad-frame",
    )
