"""Who may become the stack's roles."""

from __future__ import annotations

import awacs.sts as sts
from awacs.aws import Allow, Principal, Statement

from generator.policies.document import Document, Value, document


def service_assumes(sid: str, service: Value) -> Document:
    """The trust of a role that one AWS service uses."""
    return document(
        [Statement(Sid=sid, Effect=Allow, Principal=Principal("Service", service), Action=[sts.AssumeRole])]
    )
