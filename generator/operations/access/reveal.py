"""access reveal: the secret's value, for sharing it by hand. It goes from AWS to the caller and nowhere else."""

from __future__ import annotations

from generator.gateway.aws import Gateway
from generator.operations.access import record


def reveal(gateway: Gateway) -> str:
    """The secret's JSON text. Raises NotFound when the stack has no support secret."""
    found = record.read_record(gateway)
    return gateway.secretsmanager.get_secret_value(record.require_secret(found))
