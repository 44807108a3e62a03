"""One `-L` of `deployer connect`: a local port, and where it leads, read as ssh reads it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from generator.errors import UsageError

EVERY_ADDRESS = "*"
LARGEST_PORT = 65_535
HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_PIECES = re.compile(r"\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*)")


@dataclass(frozen=True)
class ForwardSpec:
    """One `-L`: a local port, and the port it leads to. `host` is seen from the instance, "" the instance itself;
    `bind` is a local address, "" both loopbacks, "*" every address. Local port 0 asks for any free one."""

    local_port: int
    remote_port: int
    host: str = ""
    bind: str = ""

    @property
    def on_instance(self) -> bool:
        """Whether it ends at the instance itself, not at a host beyond it."""
        return self.host in HERE

    @property
    def addresses(self) -> tuple[str, ...]:
        """The local addresses to listen on."""
        if self.bind in ("", "localhost"):
            return ("127.0.0.1", "::1")
        return ("0.0.0.0", "::") if self.bind == EVERY_ADDRESS else (self.bind,)  # noqa: S104 - asked for by name

    @property
    def far_end(self) -> str:
        """The far end as a person reads it."""
        return f"{'localhost' if self.on_instance else self.host}:{self.remote_port}"


def unreachable(far_end: str) -> str:
    """What the agent's notice about a connection that it could not make means to a person."""
    return (
        f"The instance could not connect to {far_end}: nothing listens there, or the network does not let it through."
    )


def parse_forward(text: str) -> ForwardSpec:
    """Read `[bind:]port[:host:hostport]` as ssh does; `port` alone is the same port of the instance, and
    `port:port` a local and a remote one. An IPv6 address is in brackets. Raises UsageError."""
    parts = _split(text)
    if len(parts) == 2 and not parts[0].isdigit():
        return ForwardSpec(_port(parts[1], text, local=True), _port(parts[1], text), bind=_address(parts[0], text))
    match parts:
        case [port]:
            return ForwardSpec(_port(port, text, local=True), _port(port, text))
        case [local, remote]:
            return ForwardSpec(_port(local, text, local=True), _port(remote, text))
        case [local, host, remote]:
            return ForwardSpec(_port(local, text, local=True), _port(remote, text), _host(host, text))
        case [bind, local, host, remote]:
            ports = _port(local, text, local=True), _port(remote, text)
            return ForwardSpec(*ports, _host(host, text), _address(bind, text))
    raise _unreadable(text)


def _split(text: str) -> list[str]:
    parts, rest = [], text
    while True:
        match = _PIECES.match(rest)
        assert match, "the second form matches the empty string"
        parts.append(match[1] or match[2] or "")
        rest = rest[match.end() :]
        if not rest:
            return parts
        if not rest.startswith(":"):
            raise _unreadable(text)
        rest = rest[1:]


def _port(text: str, whole: str, *, local: bool = False) -> int:
    if not (text.isascii() and text.isdigit() and (0 if local else 1) <= int(text) <= LARGEST_PORT):
        raise _unreadable(whole)
    return int(text)


def _host(text: str, whole: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,253}", text):
        raise _unreadable(whole)
    return "" if text in HERE else text


def _address(text: str, whole: str) -> str:
    if text in (EVERY_ADDRESS, "localhost"):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise _unreadable(whole) from None


def _unreadable(text: str) -> UsageError:
    return UsageError(
        f"{text} does not describe a tunnel.",
        "Write -L PORT, -L PORT:HOST:HOSTPORT or -L BIND:PORT:HOST:HOSTPORT, for example -L 8080:localhost:3035.",
        code="forward",
    )
