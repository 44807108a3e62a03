"""access show and access reveal: who may enter, until when, what is open now; and the secret's value itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

from generator.gateway.aws import Gateway
from generator.model.access import AccessState
from generator.operations.access import access_policies, stack_access
from generator.operations.access.findings import findings


def show(gateway: Gateway) -> AccessState:
    """Read everything. Raises StackNotFound."""
    found = stack_access.read_record(gateway)
    read = access_policies.read_doors(gateway, found)
    state = AccessState(
        stack_name=found.stack.name,
        region=found.stack.region,
        account=found.stack.account,
        instance_id=found.instance_id,
        grant=found.grant,
        support_user=found.support_user,
        database=found.database,
        secret_arn=found.secret_arn,
        key_arn=found.key_arn,
        policies=read,
        ends=access_policies.ends(read),
        changed=found.stack.updated or found.stack.created,
        keys=access_policies.read_keys(gateway, found),
        sessions=access_policies.live_sessions(gateway, found),
    )
    return replace(state, findings=findings(state, datetime.now(UTC)))


def locate(gateway: Gateway) -> str:
    """The secret's ARN. Raises StackNotFound, and NotFound when the stack has no support secret."""
    return stack_access.require_secret(stack_access.read_record(gateway))


def reveal(gateway: Gateway, arn: str) -> str:
    """The secret's text. It goes from AWS to the caller and nowhere else."""
    return gateway.secretsmanager.get_secret_value(arn)


def parsed(value: str) -> object:
    """What the text says as JSON; the text itself where somebody has put something else there."""
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
