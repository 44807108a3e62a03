"""The client's part in the handshake: what the session is, whether it is encrypted, and with which key.

The agent asks (type 5), the client answers (type 6) and sends nothing else until the agent calls the handshake
complete (type 7): agents acknowledge other data before that and discard it. With KMS a challenge (types 8 and 9)
comes between. Old agents start a shell without a handshake.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from generator.channel import payloads, wire
from generator.channel.payloads import ActionStatus, Processed
from generator.channel.session import SessionGrant, SessionService
from generator.errors import DeployerError

if TYPE_CHECKING:
    from generator.channel.kms import Cipher

KNOWN_TYPES = frozenset(
    {payloads.STANDARD_STREAM, payloads.INTERACTIVE_COMMANDS, payloads.NON_INTERACTIVE_COMMANDS, payloads.PORT}
)
ENCRYPTED = frozenset({wire.PayloadType.OUTPUT, wire.PayloadType.STDERR, wire.PayloadType.EXIT_CODE})


class Handshake:
    """What was agreed. `failure` is set when the agent asked for something this client does not support."""

    def __init__(self, grant: SessionGrant, service: SessionService, client_version: str) -> None:
        self.session_type = ""
        self.properties: Mapping[str, object] = {}
        self.agent_version = ""
        self.customer_message = ""
        self.complete = False
        self.skipped = False
        self.failure: DeployerError | None = None
        self._grant, self._service, self._client_version = grant, service, client_version
        self._cipher: Cipher | None = None

    async def step(self, message: wire.Message) -> tuple[int, bytes] | None:
        """Handle the agent's next message; return the payload type and payload to post, if any. Raises DeployerError
        when the message is unreadable."""
        kind = message.payload_type
        if kind == wire.PayloadType.HANDSHAKE_REQUEST:
            return wire.PayloadType.HANDSHAKE_RESPONSE, await self._answer(message.payload)
        if kind == wire.PayloadType.CHALLENGE_REQUEST and self._cipher:
            challenge = self._cipher.open(payloads.read_challenge(message.payload))
            return wire.PayloadType.CHALLENGE_RESPONSE, payloads.challenge_payload(self._cipher.seal(challenge))
        if kind == wire.PayloadType.HANDSHAKE_COMPLETE:
            self.customer_message = payloads.HandshakeComplete.parse(message.payload).customer_message
            self.complete = True
        elif kind == wire.PayloadType.OUTPUT and not self.session_type:
            self.session_type = payloads.STANDARD_STREAM
            self.complete = self.skipped = True
        return None

    def encrypt(self, payload_type: int, payload: bytes) -> bytes:
        """The payload as it is sent: encrypted where the session is and the type calls for it."""
        if self._cipher and payload_type == wire.PayloadType.OUTPUT:
            return self._cipher.seal(payload)
        return payload

    def decrypt(self, message: wire.Message) -> bytes:
        """The payload of a message in clear. Raises DeployerError when it does not decrypt."""
        if self._cipher and message.payload_type in ENCRYPTED:
            return self._cipher.open(message.payload)
        return message.payload

    async def _answer(self, payload: bytes) -> bytes:
        request = payloads.HandshakeRequest.parse(payload)
        self.agent_version = request.agent_version
        processed = tuple([await self._process(action) for action in request.actions])
        return payloads.HandshakeResponse(self._client_version, processed).payload()

    async def _process(self, action: payloads.Action) -> Processed:
        if action.type == payloads.SESSION_TYPE:
            return self._agree_on_type(action)
        if action.type == payloads.KMS_ENCRYPTION:
            return await self._agree_on_key(action)
        return self._fail(action, ActionStatus.UNSUPPORTED, f"Unsupported action {action.type}")

    def _agree_on_type(self, action: payloads.Action) -> Processed:
        kind, properties = action.parameters.get("SessionType"), action.parameters.get("Properties")
        if kind not in KNOWN_TYPES:
            return self._fail(action, ActionStatus.FAILED, f"Unknown session type {kind}")
        self.session_type = str(kind)
        self.properties = properties if isinstance(properties, dict) else {}
        return Processed(action.type, ActionStatus.SUCCESS)

    async def _agree_on_key(self, action: payloads.Action) -> Processed:
        from generator.channel import kms  # costs an import of cryptography, which port sessions never need

        challenge = str(action.parameters.get("Challenge") or "")
        context = kms.encryption_context(self._grant.session_id, self._grant.target_id, challenge)
        key_id = str(action.parameters.get("KMSKeyId") or "")
        try:
            key = await asyncio.to_thread(self._service.generate_data_key, key_id, context)
            self._cipher = kms.Cipher(key.plaintext)
        except DeployerError as error:
            self.failure = error
            return Processed(action.type, ActionStatus.FAILED, error=error.message)
        return Processed(action.type, ActionStatus.SUCCESS, kms.action_result(key, challenge))

    def _fail(self, action: payloads.Action, status: ActionStatus, error: str) -> Processed:
        self.failure = DeployerError(
            f"The agent asked for something this client does not support: {error}.",
            "Repeat the command with --client plugin.",
            code="handshake-failed",
        )
        return Processed(action.type, status, error=error)
