"""Sessions as a person asks for them: where to, which ports, by which client; and what AWS answers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from generator.errors import UsageError

EVERY_ADDRESS = "*"
LARGEST_PORT = 65_535
LONGEST_REASON = 256
HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})
_INSTANCE_ID = re.compile(r"(i|mi)-[0-9a-f]{8,17}")
_PIECES = re.compile(r"\[([0-9A-Fa-f:.]+)\]|([^:\[\]]*)")


class Client(StrEnum):
    """Which data channel carries a session: our own, or that of AWS's session-manager-plugin."""

    native = "native"
    plugin = "plugin"


class Via(StrEnum):
    """How the bytes go."""

    auto = "auto"
    ssh = "ssh"
    session = "session"


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


def parse_forward(text: str) -> ForwardSpec:
    """Read `[bind:]port[:host:hostport]` as ssh does; `port` alone is the same port of the instance, and
    `port:port` a local and a remote one. An IPv6 address stands in brackets. Raises UsageError."""
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
        found = _PIECES.match(rest)
        assert found, "the second form matches the empty string"
        parts.append(found[1] or found[2] or "")
        rest = rest[found.end() :]
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
        f"{text} is not a forward.",
        "Write -L PORT, -L PORT:HOST:HOSTPORT or -L BIND:PORT:HOST:HOSTPORT, for example -L 8080:localhost:3035.",
        code="forward",
    )


def check_reason(reason: str) -> str:
    """The reason as StartSession takes it: one line of at most 256 characters. Raises UsageError."""
    if len(reason) > LONGEST_REASON or "\n" in reason:
        raise UsageError("A reason is one line of at most 256 characters.", "Shorten --reason.", code="reason")
    return reason


def is_instance_id(text: str) -> bool:
    """Whether the text is an instance's id, or a managed node's."""
    return _INSTANCE_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Target:
    """An instance a session may go to."""

    instance_id: str
    name: str = ""
    private_ip: str = ""
    state: str = ""
    private_dns: str = ""
    zone: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """One line to pick it by."""
        parts = (self.instance_id, self.name, self.private_ip, "" if self.state == "running" else self.state)
        return "  ".join(part for part in parts if part)


@dataclass(frozen=True)
class StartedSession:
    """What StartSession answers. The token opens the data channel: it is a secret."""

    session_id: str
    stream_url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class SessionRequest:
    """One StartSession: document and parameters; no document is the account's own default shell."""

    target: str
    document: str = ""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reason: str = ""

    def as_call(self) -> dict[str, object]:
        """The parameters of the API call."""
        call: dict[str, object] = {"Target": self.target}
        if self.document:
            call["DocumentName"] = self.document
        if self.parameters:
            call["Parameters"] = {name: list(values) for name, values in self.parameters.items()}
        return {**call, "Reason": self.reason} if self.reason else call


@dataclass(frozen=True)
class Node:
    """A managed node as Systems Manager sees it. `ping` is Online, ConnectionLost or Inactive."""

    instance_id: str
    ping: str
    agent_version: str = ""
    last_ping: datetime | None = None
    platform: str = ""
