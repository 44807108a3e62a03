"""What the account looks like after the steps of a revocation: one frozen value, whatever the services answered.

Nothing here decides anything. A refusal, a missing user or an answer that cannot be understood is recorded like any
other answer; `verdicts.py` judges the record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from generator.gateway.aws import Gateway
from generator.model.access import AccessKey, Simulation
from generator.model.access_path import AccessPaths
from generator.model.contract import TAG_KEY, TAG_VALUE
from generator.model.duration import END_FORMAT
from generator.model.grant import Grant
from generator.model.reading import Reading
from generator.model.session import Session
from generator.operations import resource_states
from generator.operations.access import key, live_policies, secret_value
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths.read import read_paths
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.readings import NotUnderstood, absent, read
from generator.operations.access.session_owners import Owners, session_owners
from generator.operations.access.stack_access import StackAccess, read_access
from generator.operations.clock import SYSTEM, Clock

if TYPE_CHECKING:
    from generator.model.database_changes import ShutOut

OF_THE_SECRET = (resource_states.key, resource_states.support_secret)
"""What keeps its value from being read when somebody has disabled or deleted it. Asked only then."""
Context = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class KeyTrial:
    """A call made with a key: the key's id, and AWS's answer (an ARN, or the code of its refusal)."""

    key_id: str
    answer: str


@dataclass(frozen=True)
class Observations:
    """Everything that was asked about after the steps, and what came back. No value of a secret is in it.

    `at` is when it was asked (UTC): the verdicts know no other clock. `sessions` are all that are live; `owners` says
    whether the user or role exists that owns one near the stack and is not the vendor's by name.
    """

    at: datetime
    grant: Reading[Grant]
    keys: Reading[tuple[AccessKey, ...]]
    old_key: Reading[KeyTrial]
    policies: LivePolicies
    paths: AccessPaths
    older_role_session: Reading[Simulation]
    new_session: Reading[Simulation]
    sessions: Reading[tuple[Session, ...]]
    owners: Owners
    database: Reading[ShutOut]


@dataclass(frozen=True)
class Before:
    """What was read before the steps: the key in the secret, which is in nobody's record, and the user's keys."""

    secret: Reading[secret_value.SecretKey]
    keys: Reading[tuple[AccessKey, ...]]


def look_before(gateway: Gateway, access: StackAccess) -> Before:
    """Read what the steps take away. Never raises for what AWS answers."""
    return Before(_secret_key(gateway, access), live_keys(gateway, access))


def observe(
    gateway: Gateway, access: StackAccess, before: Before, database: Reading[ShutOut], clock: Clock = SYSTEM
) -> Observations:
    """Ask the services about everything a revocation closes. Never raises for what they answer.

    `database` is what was seen there when support's users were shut out: it takes a tunnel, and is asked once.
    """
    now = clock.now()
    policies = live_policies.read_policies(gateway, access)
    sessions, keys = live_sessions(gateway), live_keys(gateway, access)
    owners = session_owners(gateway, access, sessions.value or ())
    resources = stack_resources(gateway, access)
    return Observations(
        at=now,
        grant=read("cloudformation:DescribeStacks", lambda: read_access(gateway).grant),
        keys=keys,
        old_key=_try_key(gateway, before.secret, clock),
        policies=policies,
        paths=read_paths(gateway, access, resources, policies, keys, sessions, owners),
        older_role_session=_simulate_role(gateway, access, now),
        new_session=_simulate_user(gateway, access, now),
        sessions=sessions,
        owners=owners,
        database=database,
    )


def live_sessions(gateway: Gateway) -> Reading[tuple[Session, ...]]:
    """All sessions of the account and region that are open, whoever opened them. Never raises."""
    return read("ssm:DescribeSessions", lambda: tuple(gateway.ssm.list_sessions()))


def live_keys(gateway: Gateway, access: StackAccess) -> Reading[tuple[AccessKey, ...]]:
    """The support user's access keys. Never raises."""
    asked = "iam:ListAccessKeys"
    if not access.support_user:
        return absent(asked, live_policies.NO_USER)
    return read(asked, lambda: tuple(gateway.iam.list_access_keys(access.support_user)))


def _secret_key(gateway: Gateway, access: StackAccess) -> Reading[secret_value.SecretKey]:
    asked = "secretsmanager:GetSecretValue"
    if not access.secret_arn:
        return absent(asked, "there is no support secret")

    def ask() -> secret_value.SecretKey:
        with resource_states.explained(gateway, access.stack, OF_THE_SECRET):
            secret_key = secret_value.read_secret_key(gateway, access.secret_arn)
        if secret_key is None:
            raise NotUnderstood("the secret's value is not the JSON object with an access key that the keeper writes")
        return secret_key

    return read(asked, ask)


def _try_key(gateway: Gateway, secret: Reading[secret_value.SecretKey], clock: Clock) -> Reading[KeyTrial]:
    """The one real proof: AWS is asked with the old key itself."""
    old = secret.value
    if old is None:
        return secret.unanswered()
    asked = "sts:GetCallerIdentity, with the old key"
    return read(asked, lambda: KeyTrial(old.key_id, key.dead_check(gateway, old, clock).answer))


def _simulate_role(gateway: Gateway, access: StackAccess, now: datetime) -> Reading[Simulation]:
    """IAM's own evaluation for a session of the role that was begun long before the cut."""
    asked = "iam:SimulatePrincipalPolicy, ssm:StartSession in an older session"
    if not access.support_role:
        return absent(asked, live_policies.NO_ROLE)
    before = (now - timedelta(days=365)).strftime(END_FORMAT)
    context = (("aws:TokenIssueTime", "date", before),)
    return read(asked, lambda: _start_session(gateway, access, access.role_arn, context))


def _simulate_user(gateway: Gateway, access: StackAccess, now: datetime) -> Reading[Simulation]:
    """IAM's own evaluation of the user's policies in force, with the most favourable request."""
    asked = "iam:SimulatePrincipalPolicy, ssm:StartSession on the instance"
    if not access.support_user:
        return absent(asked, live_policies.NO_USER)
    context = (
        (f"ssm:resourceTag/{TAG_KEY}", "string", TAG_VALUE),
        ("ssm:SessionDocumentAccessCheck", "boolean", "true"),
        ("aws:CurrentTime", "date", now.strftime(END_FORMAT)),
    )
    return read(asked, lambda: _start_session(gateway, access, access.user_arn, context))


def _start_session(gateway: Gateway, access: StackAccess, arn: str, context: Context) -> Simulation:
    instance = str(access.stack.arn.beside("ec2", f"instance/{access.instance_id}"))
    return gateway.iam.simulation(arn, "ssm:StartSession", instance, context)
