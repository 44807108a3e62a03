"""access reveal: the support secret's value, once the caller allows it to be shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from generator.gateway.aws import Gateway
from generator.model.caller import SecretCaller
from generator.operations import resource_states
from generator.operations.access import stack_access

DISCLOSURE = "the support user's access key"


@dataclass(frozen=True)
class Revealed:
    """The secret as its text, and as what the text says in JSON: the text again where it is none."""

    text: str = field(repr=False)
    value: object = field(repr=False)


def reveal(gateway: Gateway, caller: SecretCaller) -> Revealed:
    """Read the secret; its value goes from AWS to the caller and nowhere else.

    Raises StackNotFound, NotFound when the stack has no support secret, Declined, and UsageError where it may not be
    shown.
    """
    access = stack_access.read_access(gateway)
    arn = stack_access.require_secret(access, gateway.commands)
    caller.allow_secret(DISCLOSURE)
    with resource_states.explained(gateway, access.stack, (resource_states.support_secret, resource_states.key)):
        text = gateway.secretsmanager.get_secret_value(arn)
    return Revealed(text, _parsed(text))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
