"""One line per frame under --debug: enough to debug the client, nothing that must stay secret.

User data never appears, only its length; of the handshake's JSON the secrets are masked; the opening, which carries
the token, is not a frame and is never logged.
"""

from __future__ import annotations

import json
import logging
from typing import Literal

from generator.channel import wire
from generator.model.json_text import parse_json

LOG = logging.getLogger("deployer.channel")
_READABLE = frozenset(
    {
        wire.PayloadType.SIZE,
        wire.PayloadType.HANDSHAKE_REQUEST,
        wire.PayloadType.HANDSHAKE_RESPONSE,
        wire.PayloadType.HANDSHAKE_COMPLETE,
    }
)
_SECRETS = frozenset({"TokenValue", "KMSCipherTextKey", "KMSCipherTextHash", "Challenge"})


def log_frame(direction: Literal[">", "<"], message: wire.Message, note: str = "") -> None:
    """Write a frame's line when the log is on; `>` is sent, `<` received."""
    if LOG.isEnabledFor(logging.DEBUG):
        LOG.debug("%s %s %s", direction, describe(message), note)


def describe(message: wire.Message) -> str:
    """The frame in one line, secrets masked."""
    line = f"{message.type} seq={message.sequence} flags={message.flags} id={message.id} len={len(message.payload)}"
    if message.type in wire.STREAMS:
        line += f" type={_name(message.payload_type)}"
    if message.type not in wire.STREAMS or message.payload_type in _READABLE:
        return f"{line} {_masked(message.payload)}"
    return f"{line} {message.payload.hex()}" if message.payload_type == wire.PayloadType.FLAG else line


def _name(payload_type: int) -> str:
    known = {int(member) for member in wire.PayloadType}
    return wire.PayloadType(payload_type).name if payload_type in known else str(payload_type)


def _masked(payload: bytes) -> str:
    try:
        return json.dumps(_mask(parse_json(payload)), separators=(",", ":"))
    except ValueError:
        return ""


def _mask(value: object) -> object:
    if isinstance(value, dict):
        return {key: "***" if key in _SECRETS else _mask(inner) for key, inner in value.items()}
    return [_mask(inner) for inner in value] if isinstance(value, list) else value
