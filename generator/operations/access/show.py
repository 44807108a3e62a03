"""access show: who may enter, by which way, until when, and what is open now, as the services have it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from generator.gateway.aws import Gateway
from generator.model.access import AccessState
from generator.operations.access import doors, record
from generator.operations.access.findings import findings


def show(gateway: Gateway) -> AccessState:
    """Read everything. Raises StackNotFound."""
    found = record.read_record(gateway)
    read = doors.read_doors(gateway, found)
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
        doors=read,
        ends=doors.ends(read),
        changed=found.stack.updated or found.stack.created,
        keys=doors.read_keys(gateway, found),
        sessions=doors.live_sessions(gateway, found),
    )
    return replace(state, findings=findings(state, datetime.now(UTC)))
