"""access reveal: the support secret's value, once the caller allows it to be shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from generator.gateway.aws import Gateway
from generator.model.caller import SecretCaller
from generator.model.json_text import parse_json
from generator.model.resource_state import NO_KEY_IN_IT, NOT_WRITTEN
from generator.operations import resource_states
from generator.operations.access import key, secret_value, stack_access
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock

DISCLOSURE = "the support user's access key"


@dataclass(frozen=True)
class Revealed:
    """The secret as its text, and as what the text says in JSON: the text again where it is none."""

    text: str = field(repr=False)
    value: object = field(repr=False)


class RevealCaller(SecretCaller, Protocol):
    """A caller that passes on a sentence beside the secret."""

    def say(self, sentence: str) -> None:
        """Pass on one sentence about the secret."""
        ...


def reveal(gateway: Gateway, caller: RevealCaller, clock: Clock = SYSTEM) -> Revealed:
    """Read the secret; its value goes from AWS to the caller and nowhere else. Where its key is of no use, say so.

    Raises StackNotFound, NotFound when the stack has no support secret, Declined, and UsageError where it may not be
    shown.
    """
    access = stack_access.read_access(gateway)
    arn = stack_access.require_secret(access, gateway.commands)
    caller.allow_secret(DISCLOSURE)
    with resource_states.explained(gateway, access.stack, (resource_states.support_secret, resource_states.key)):
        text = gateway.secretsmanager.get_secret_value(arn)
    if useless := _why_useless(gateway, access, text, clock):
        caller.say(useless)
    return Revealed(text, _parsed(text))


def _why_useless(gateway: Gateway, access: StackAccess, text: str, clock: Clock) -> str:
    """Why the key opens nothing now, with the next step; "" where nothing keeps it from that. It names no secret."""
    pair, commands = secret_value.parse_secret(text), gateway.commands
    grant = commands.deployer("access", "grant", "--principal", "ARN")
    if pair is None:
        return f"This value is {NOT_WRITTEN}: {NO_KEY_IN_IT}. To make a key: {commands.deployer('access', 'rotate')}"
    listed = read("iam:ListAccessKeys", lambda: key.list_keys(gateway, access.support_user))
    if listed.value is None:
        why = f"this needs {listed.permission}" if listed.permission else listed.detail
        return f"Whether the key {pair.key_id} is still accepted is not known: {why}"
    known = next((each for each in listed.value if each.key_id == pair.key_id), None)
    if known is None:
        gone = f"{pair.key_id} was deleted, as a revocation does"
        return f"This key is refused: {gone}. The next grant makes one: {grant}"
    if not known.active:
        resume = commands.deployer("access", "resume")
        return f"This key is refused: {pair.key_id} is inactive, as access is paused. To activate it: {resume}"
    if access.grant.ended(clock.now()):
        return f"This key may do nothing: its permissions ended at {access.grant.until_text}. To grant access: {grant}"
    return ""


def _parsed(text: str) -> object:
    try:
        return parse_json(text)
    except ValueError:
        return text
