"""The frame of the data channel: one binary websocket message, read and written without state.

Layout, big-endian (github.com/aws/session-manager-plugin src/message, aws/amazon-ssm-agent agent/session/contracts):

    0    4  header length: the offset of the payload length, 116 today; read, never assumed
    4   32  message type, ASCII, padded on the right with spaces
    36   4  schema version
    40   8  created, Unix milliseconds
    48   8  sequence number
    56   8  flags: bit 0 SYN, bit 1 FIN
    64  16  message id: a UUID with its two halves swapped
    80  32  SHA-256 of the payload
    112  4  payload type
    116  4  payload length, then the payload
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from uuid import UUID

from generator.errors import DeployerError

INPUT = "input_stream_data"
OUTPUT = "output_stream_data"
ACKNOWLEDGE = "acknowledge"
CHANNEL_CLOSED = "channel_closed"
START_PUBLICATION = "start_publication"
PAUSE_PUBLICATION = "pause_publication"
STREAMS = frozenset({INPUT, OUTPUT})  # the sequenced, acknowledged types

MAX_PAYLOAD = 1024  # bytes in one stream message, either way
SYN, FIN = 1, 2

_HEAD = struct.Struct(">I32sIQqQ16s32sI")
_LENGTH = struct.Struct(">I")
_UNCHECKED = frozenset({START_PUBLICATION, PAUSE_PUBLICATION})  # known to arrive too short, or with a wrong length


class PayloadType(IntEnum):
    """What the payload of a stream message is; acknowledgements have NONE."""

    NONE = 0
    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    CHALLENGE_REQUEST = 8
    CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """The content of a FLAG payload, an unsigned 32-bit number."""

    DISCONNECT_TO_PORT = 1
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3


@dataclass(frozen=True, slots=True)
class Message:
    """One frame as a value. `created`: Unix milliseconds; `payload_type` may be newer than PayloadType."""

    type: str
    id: UUID
    created: int
    payload: bytes = field(default=b"", repr=False)
    payload_type: int = PayloadType.NONE
    sequence: int = 0
    flags: int = 0
    schema: int = 1


def encode(message: Message) -> bytes:
    """The bytes of one frame."""
    head = _HEAD.pack(
        _HEAD.size,
        message.type.encode("ascii").ljust(32),
        message.schema,
        message.created,
        message.sequence,
        message.flags,
        _swap(message.id.bytes),
        sha256(message.payload).digest(),
        message.payload_type,
    )
    return b"".join((head, _LENGTH.pack(len(message.payload)), message.payload))


def decode(frame: bytes) -> Message:
    """Read one frame. Raises DeployerError (`bad-frame`) when it is truncated or its digest does not match.

    The payload is the rest of the frame: the length field is not trusted. Of start_publication and
    pause_publication only the type is read.
    """
    kind = frame[4:36].strip(b"\0 ").decode("ascii", "replace")
    if kind in _UNCHECKED:
        return Message(kind, UUID(int=0), 0)
    if len(frame) < _HEAD.size + _LENGTH.size:
        raise _bad(f"is {len(frame)} bytes long, shorter than its header")
    length, _, schema, created, sequence, flags, swapped, digest, payload_type = _HEAD.unpack_from(frame)
    start = length + _LENGTH.size
    if not _HEAD.size <= length <= len(frame) - _LENGTH.size:
        raise _bad(f"claims a header of {length} bytes")
    payload = bytes(frame[start:])
    if payload and sha256(payload).digest() != digest:
        raise _bad(f"({kind}, number {sequence}) does not match its digest")
    return Message(kind, UUID(bytes=_swap(swapped)), created, payload, payload_type, sequence, flags, schema)


def flag_payload(flag: Flag) -> bytes:
    """The payload of a FLAG message."""
    return _LENGTH.pack(flag)


def read_flag(payload: bytes) -> int:
    """The number in a FLAG payload; `DeployerError` when it is not four bytes."""
    if len(payload) != _LENGTH.size:
        raise _bad(f"of a flag has a payload of {len(payload)} bytes")
    return int(_LENGTH.unpack(payload)[0])


def _swap(identifier: bytes) -> bytes:
    return identifier[8:] + identifier[:8]


def _bad(what: str) -> DeployerError:
    return DeployerError(
        f"A frame of the data channel {what}.",
        "Repeat the command with --debug, or with --client plugin.",
        code="bad-frame",
    )
