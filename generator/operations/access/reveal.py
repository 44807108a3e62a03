"""access reveal: the secret's value, for sharing it by hand. It goes from AWS to the caller and nowhere else."""

from __future__ import annotations

import json

from generator.gateway.aws import Gateway
from generator.operations.access import record


def locate(gateway: Gateway) -> str:
    """The secret's ARN. Raises StackNotFound, and NotFound when the stack has no support secret."""
    return record.require_secret(record.read_record(gateway))


def reveal(gateway: Gateway, arn: str) -> str:
    """The secret's text."""
    return gateway.secretsmanager.get_secret_value(arn)


def parsed(value: str) -> object:
    """What the text says as JSON; the text itself where somebody has put something else there."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
