"""MySQL's packets (MySQL source documentation, "Client/Server Protocol"): those of the first exchange, and queries."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

OK, ERROR, SWITCH = b"\x00", b"\xff", b"\xfe"
LONGEST = 0xFFFFFF  # a payload of this length goes on in the next packet
_TLS, _COMPRESS, _ZSTD = 1 << 11, 1 << 5, 1 << 26
_CHANGE_USER, _QUERY, _PREPARE = 0x11, 0x03, 0x16
_ASK_TOKEN = SWITCH + b"mysql_clear_password\0"
_WITH_TOKEN = re.compile(rb"'?AWSAuthenticationPlugin'?\s+AS\s+('{1,2})RDS\1", re.IGNORECASE)  # '' within a text
_PLUGIN = b"'AWSAuthenticationPlugin'"


@dataclass(frozen=True)
class Packet:
    """A packet: its sequence number and its payload."""

    number: int
    payload: bytes

    def __bytes__(self) -> bytes:
        return struct.pack("<I", len(self.payload))[:3] + bytes((self.number,)) + self.payload

    def numbered(self, number: int) -> Packet:
        """The packet with another sequence number."""
        return Packet(number % 256, self.payload)

    @property
    def wants_tls(self) -> bool:
        """Whether the client's first packet asks for TLS: it is then only the head of a response."""
        return len(self.payload) == 32 and bool(struct.unpack_from("<I", self.payload)[0] & _TLS)

    @property
    def user(self) -> str:
        """The user of the client's response (HandshakeResponse41)."""
        return self.payload[32:].split(b"\0", 1)[0].decode(errors="replace")

    @property
    def changes_user(self) -> bool:
        """Whether a command would change the user of an open connection."""
        return self.number == 0 and self.payload[:1] == bytes((_CHANGE_USER,))

    def uncompressed(self) -> Packet:
        """A server's greeting that offers no compression, so that the packets stay readable."""
        version = self.payload.index(b"\0", 1)
        low, high = version + 1 + 4 + 8 + 1, version + 1 + 4 + 8 + 1 + 5
        changed = bytearray(self.payload)
        lower, upper = (struct.unpack_from("<H", changed, at)[0] for at in (low, high))
        struct.pack_into("<H", changed, low, lower & ~_COMPRESS)
        struct.pack_into("<H", changed, high, upper & ~(_ZSTD >> 16))
        return Packet(self.number, bytes(changed))

    def for_community(self, user: str) -> Packet:
        """The statement with RDS's plugin replaced by auth_socket for the local `user`."""
        if (
            self.number
            or self.payload[:1] not in (bytes((_QUERY,)), bytes((_PREPARE,)))
            or len(self.payload) >= LONGEST
        ):
            return self
        payload = _WITH_TOKEN.sub(rf"auth_socket AS \g<1>{user}\g<1>".encode(), self.payload)
        return Packet(0, payload.replace(_PLUGIN, b"'auth_socket'"))


def head(first: bytes) -> tuple[int, int]:
    """Length and sequence number, from a packet's first four bytes."""
    return int.from_bytes(first[:3], "little"), first[3]


def ask_token(number: int) -> Packet:
    """AWSAuthenticationPlugin's request for the password, in clear within TLS."""
    return Packet(number, _ASK_TOKEN)


def error(number: int, code: int, state: str, text: str) -> Packet:
    """An error packet."""
    return Packet(number, ERROR + struct.pack("<H", code) + f"#{state}{text}".encode())
