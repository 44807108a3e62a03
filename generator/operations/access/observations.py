"""What the account looks like after the steps of a revocation: one frozen value, whatever the services answered.

Nothing here decides anything. A refusal, a missing user or an answer that cannot be understood is recorded like any
other answer; `verdicts.py` judges the record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey, Door, Session
from generator.model.contract import TAG_KEY, TAG_VALUE
from generator.model.duration import END_FORMAT
from generator.model.reading import Problem, Reading
from generator.operations.access import closing, doors, key
from generator.operations.access.record import Record

T = TypeVar("T")
Sleep = Callable[[float], None]
Context = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class KeyTrial:
    """A call made with a key: the key's id, and AWS's answer (an ARN, or the code of its refusal)."""

    key_id: str
    answer: str


@dataclass(frozen=True)
class Observations:
    """Everything that was asked about after the steps, and what came back. No value of a secret is in it."""

    at: datetime
    keys: Reading[tuple[AccessKey, ...]]
    old_key: Reading[KeyTrial]
    doors: tuple[Door, ...]
    older_role_session: Reading[str]
    new_session: Reading[str]
    sessions: Reading[tuple[Session, ...]]


def observe(gateway: Gateway, found: Record, old: key.Held | None, sleep: Sleep = time.sleep) -> Observations:
    """Ask the services about everything a revocation closes. Never raises for what they answer."""
    now = datetime.now(UTC)
    return Observations(
        at=now,
        keys=read("iam:ListAccessKeys", lambda: key.list_keys(gateway, found.support_user)),
        old_key=_try_key(gateway, old, sleep),
        doors=doors.read_doors(gateway, found),
        older_role_session=_simulate_role(gateway, found, now),
        new_session=_simulate_user(gateway, found, now),
        sessions=read("ssm:DescribeSessions", lambda: closing.vendor_sessions(gateway, found)),
    )


def read(asked: str, ask: Callable[[], T]) -> Reading[T]:
    """Ask once; what came, or why nothing did."""
    try:
        return Reading(asked, datetime.now(UTC), ask())
    except NotFound as error:
        return Reading(asked, datetime.now(UTC), problem=Problem.GONE, detail=error.message)
    except AwsError as error:
        problem = Problem.REFUSED if error.denied else Problem.FAILED
        return Reading(asked, datetime.now(UTC), problem=problem, detail=error.message)
    except DeployerError as error:
        return Reading(asked, datetime.now(UTC), problem=Problem.FAILED, detail=error.message)


def absent(asked: str, why: str) -> Reading[T]:
    """There is nothing to ask about."""
    return Reading(asked, datetime.now(UTC), problem=Problem.ABSENT, detail=why)


def _try_key(gateway: Gateway, old: key.Held | None, sleep: Sleep) -> Reading[KeyTrial]:
    """The one real proof: AWS is asked with the old key itself."""
    asked = "sts:GetCallerIdentity, with the old key"
    if old is None:
        return absent(asked, "the old key is not known here")
    return read(asked, lambda: KeyTrial(old.key_id, key.dead_check(gateway, old, sleep).answer))


def _simulate_role(gateway: Gateway, found: Record, now: datetime) -> Reading[str]:
    """IAM's own evaluation for a session of the role that was begun long before the cut."""
    asked = "iam:SimulatePrincipalPolicy, ssm:StartSession in an older session"
    if not found.support_role:
        return absent(asked, "there is no role")
    before = (now - timedelta(days=365)).strftime(END_FORMAT)
    context = (("aws:TokenIssueTime", "date", before),)
    return read(asked, lambda: _start_session(gateway, found, found.role_arn, context))


def _simulate_user(gateway: Gateway, found: Record, now: datetime) -> Reading[str]:
    """IAM's own evaluation of the user's policies in force, with the most favourable request."""
    asked = "iam:SimulatePrincipalPolicy, ssm:StartSession on the instance"
    if not found.support_user:
        return absent(asked, "there is no support user")
    stack = found.stack
    user = f"arn:{stack.partition}:iam::{stack.account}:user/{found.support_user}"
    context = (
        (f"ssm:resourceTag/{TAG_KEY}", "string", TAG_VALUE),
        ("ssm:SessionDocumentAccessCheck", "boolean", "true"),
        ("aws:CurrentTime", "date", now.strftime(END_FORMAT)),
    )
    return read(asked, lambda: _start_session(gateway, found, user, context))


def _start_session(gateway: Gateway, found: Record, arn: str, context: Context) -> str:
    stack = found.stack
    instance = f"arn:{stack.partition}:ec2:{stack.region}:{stack.account}:instance/{found.instance_id}"
    return gateway.iam.simulate(arn, "ssm:StartSession", instance, context)
