"""What the messages carry: the JSON of the opening, acknowledgements, the handshake and the end, for both sides.

Field names are the protocol's own (github.com/aws/session-manager-plugin src/message and src/service).
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from uuid import UUID

from generator.channel import wire
from generator.errors import DeployerError
from generator.model.json_text import parse_json

SESSION_TYPE = "SessionType"  # the two actions an agent may ask of a client
KMS_ENCRYPTION = "KMSEncryption"
STANDARD_STREAM = "Standard_Stream"  # the four session types
INTERACTIVE_COMMANDS = "InteractiveCommands"
NON_INTERACTIVE_COMMANDS = "NonInteractiveCommands"
PORT = "Port"


class ActionStatus(IntEnum):
    """How a client did with one action of the handshake."""

    SUCCESS = 1
    FAILED = 2
    UNSUPPORTED = 3


@dataclass(frozen=True, slots=True)
class Opening:
    """The text message that opens a channel. Holds the session's token, hence no repr of it."""

    token: str = field(repr=False)
    client_id: str
    request_id: str
    client_version: str

    def text(self) -> str:
        """The message itself; it carries the token and belongs in no log."""
        return json.dumps(
            {
                "MessageSchemaVersion": "1.0",
                "RequestId": self.request_id,
                "TokenValue": self.token,
                "ClientId": self.client_id,
                "ClientVersion": self.client_version,
            }
        )

    @staticmethod
    def parse(text: str | bytes) -> Opening:
        """Read an opening, as a gateway does; `DeployerError` when it is none."""
        content = _object(text, "opening message")
        return Opening(*(_text(content, key) for key in ("TokenValue", "ClientId", "RequestId", "ClientVersion")))


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Which message an acknowledgement is for."""

    type: str
    id: str
    sequence: int

    def payload(self) -> bytes:
        """The JSON an `acknowledge` message carries."""
        return (
            f'{{"AcknowledgedMessageType":"{self.type}","AcknowledgedMessageId":"{self.id}",'
            f'"AcknowledgedMessageSequenceNumber":{self.sequence},"IsSequentialMessage":true}}'
        ).encode()

    @staticmethod
    def parse(payload: bytes) -> Acknowledged:
        """Read one; `DeployerError` when it is none."""
        content = _object(payload, "acknowledgement")
        sequence = content.get("AcknowledgedMessageSequenceNumber")
        if not isinstance(sequence, int):
            raise _bad("acknowledgement")
        return Acknowledged(
            _text(content, "AcknowledgedMessageType"), _text(content, "AcknowledgedMessageId"), sequence
        )


def acknowledgement(of: wire.Message, message_id: UUID, created: int) -> wire.Message:
    """The `acknowledge` message for `of`. `created` in Unix milliseconds."""
    payload = Acknowledged(of.type, str(of.id), of.sequence).payload()
    return wire.Message(wire.ACKNOWLEDGE, message_id, created, payload, flags=wire.SYN | wire.FIN)


@dataclass(frozen=True, slots=True)
class Action:
    """One action an agent asks for in its handshake."""

    type: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class HandshakeRequest:
    """The agent's first message: its version and what it asks of the client."""

    agent_version: str
    actions: tuple[Action, ...]

    def payload(self) -> bytes:
        """The JSON of payload type 5."""
        actions = [{"ActionType": a.type, "ActionParameters": dict(a.parameters)} for a in self.actions]
        return json.dumps({"AgentVersion": self.agent_version, "RequestedClientActions": actions}).encode()

    @staticmethod
    def parse(payload: bytes) -> HandshakeRequest:
        """Read one; `DeployerError` when it is none."""
        content = _object(payload, "handshake request")
        actions = (_dictionary(item, "handshake request") for item in _list(content, "RequestedClientActions"))
        read = tuple(
            Action(_text(a, "ActionType"), _dictionary(a.get("ActionParameters") or {}, "handshake request"))
            for a in actions
        )
        return HandshakeRequest(_text(content, "AgentVersion"), read)


@dataclass(frozen=True, slots=True)
class Processed:
    """What the client did with one action. `result` is JSON or nothing; `error` is empty when it went well."""

    type: str
    status: ActionStatus
    result: Mapping[str, object] | None = field(default=None, repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class HandshakeResponse:
    """The client's answer, and the only thing it may send before the handshake is complete."""

    client_version: str
    processed: tuple[Processed, ...]

    def payload(self) -> bytes:
        """The JSON of payload type 6."""
        actions = [
            {"ActionType": p.type, "ActionStatus": int(p.status), "ActionResult": p.result, "Error": p.error}
            for p in self.processed
        ]
        errors = [p.error for p in self.processed if p.error]
        return json.dumps(
            {"ClientVersion": self.client_version, "ProcessedClientActions": actions, "Errors": errors}
        ).encode()

    @staticmethod
    def parse(payload: bytes) -> HandshakeResponse:
        """Read one, as an agent does; `DeployerError` when it is none."""
        content = _object(payload, "handshake response")
        actions = [_dictionary(item, "handshake response") for item in _list(content, "ProcessedClientActions")]
        try:
            read = tuple(
                Processed(
                    _text(a, "ActionType"),
                    ActionStatus(int(str(a.get("ActionStatus")))),
                    _dictionary(a["ActionResult"], "handshake response") if a.get("ActionResult") else None,
                    _text(a, "Error"),
                )
                for a in actions
            )
        except ValueError as error:
            raise _bad("handshake response") from error
        return HandshakeResponse(_text(content, "ClientVersion"), read)


@dataclass(frozen=True, slots=True)
class HandshakeComplete:
    """The agent's notice that data may be sent. `nanoseconds` it took; `customer_message` is for the user."""

    nanoseconds: int = 0
    customer_message: str = ""

    def payload(self) -> bytes:
        """The JSON of payload type 7."""
        return json.dumps(
            {"HandshakeTimeToComplete": self.nanoseconds, "CustomerMessage": self.customer_message}
        ).encode()

    @staticmethod
    def parse(payload: bytes) -> HandshakeComplete:
        """Read one; `DeployerError` when it is none."""
        content = _object(payload, "end of the handshake")
        took = content.get("HandshakeTimeToComplete")
        return HandshakeComplete(took if isinstance(took, int) else 0, _text(content, "CustomerMessage"))


@dataclass(frozen=True, slots=True)
class ChannelClosed:
    """The service's notice that the session has ended; `output` is the reason, empty for a normal end."""

    session_id: str
    output: str = ""

    def payload(self) -> bytes:
        """The JSON of a `channel_closed` message, without the fields that repeat its header."""
        return json.dumps(
            {"MessageType": wire.CHANNEL_CLOSED, "SessionId": self.session_id, "Output": self.output}
        ).encode()

    @staticmethod
    def parse(payload: bytes) -> ChannelClosed:
        """Read one; an unreadable one is an end without a reason."""
        try:
            content = _object(payload, "end of the channel")
        except DeployerError:
            return ChannelClosed("")
        return ChannelClosed(_text(content, "SessionId"), _text(content, "Output"))


def size_payload(columns: int, rows: int) -> bytes:
    """The JSON of payload type 3, a terminal's size in characters."""
    return json.dumps({"cols": columns, "rows": rows}).encode()


def read_size(payload: bytes) -> tuple[int, int]:
    """Columns and rows of payload type 3; `DeployerError` when it is none."""
    content = _object(payload, "terminal size")
    columns, rows = content.get("cols"), content.get("rows")
    if not isinstance(columns, int) or not isinstance(rows, int):
        raise _bad("terminal size")
    return columns, rows


def challenge_payload(challenge: bytes) -> bytes:
    """The JSON of payload types 8 and 9."""
    return json.dumps({"Challenge": b64encode(challenge).decode()}).encode()


def read_challenge(payload: bytes) -> bytes:
    """The bytes in payload types 8 and 9; `DeployerError` when there are none."""
    try:
        return b64decode(_text(_object(payload, "challenge"), "Challenge"), validate=True)
    except ValueError as error:
        raise _bad("challenge") from error


def _object(text: str | bytes, what: str) -> Mapping[str, object]:
    try:
        return _dictionary(parse_json(text), what)
    except ValueError as error:
        raise _bad(what) from error


def _dictionary(value: object, what: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise _bad(what)
    return value


def _list(content: Mapping[str, object], key: str) -> Sequence[object]:
    value = content.get(key)
    return value if isinstance(value, list) else []


def _text(content: Mapping[str, object], key: str) -> str:
    value = content.get(key)
    return value if isinstance(value, str) else ""


def _bad(what: str) -> DeployerError:
    return DeployerError(
        f"The other end of the data channel sent an unreadable {what}.",
        "Repeat the command with --debug, or with --client plugin.",
        code="bad-frame",
    )
