"""The support user's key: paused, resumed, rotated. The secret's value stays in memory, and no longer than needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from generator.errors import AwsError, DeployerError, NotFound, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.access import AccessKey
from generator.model.caller import Caller
from generator.model.contract import Output
from generator.model.up import Check
from generator.operations import polling, resource_states
from generator.operations.access import stack_access
from generator.operations.access.readings import do_all
from generator.operations.access.secret_value import SecretKey, read_secret_key
from generator.operations.access.stack_access import StackAccess
from generator.operations.clock import SYSTEM, Clock

ROTATION_SECONDS = 180.0
KNOWN_SECONDS = 30.0
"""How long IAM may take until every part of it knows of a change of a key (IAM user guide: eventual consistency)."""
DEAD_CODES = ("InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure", "InvalidAccessKeyId")


ROTATED = (
    *(resource_states.support_user, resource_states.support_secret, resource_states.key),
    resource_states.keeper,
)
"""What a rotation needs: without one of these the keeper fails, after minutes."""


@dataclass(frozen=True)
class KeyReport:
    """The support user's keys after a change, and what was asked to be sure of it."""

    stack_name: str
    keys: tuple[AccessKey, ...]
    checks: tuple[Check, ...] = ()
    rotated: datetime | None = None
    every_days: int = 0


@dataclass(frozen=True)
class RotatePlan:
    """What a rotation would do: the secret gets a new key, and `key_id`, which it has now ("": none), stops working.

    `paused`: the new key is inactive too. `every_days`: the schedule from now on; 0 leaves it as it is.
    """

    stack_name: str
    user: str
    key_id: str
    paused: bool
    every_days: int


def list_keys(gateway: Gateway, user: str) -> tuple[AccessKey, ...]:
    """The user's keys; none when the user is gone."""
    try:
        return tuple(gateway.iam.list_access_keys(user)) if user else ()
    except NotFound:
        return ()


def deactivate(
    gateway: Gateway, access: StackAccess, known: SecretKey | None = None, listed: tuple[AccessKey, ...] | None = None
) -> tuple[AccessKey, ...]:
    """Make the active keys inactive, each even where another one fails; the keys there are.

    `listed` are the keys, where they have just been read; otherwise they are listed here, and where that fails the
    `known` one is tried. Raises what listing or switching raises.
    """

    def switch_off(key: AccessKey) -> None:
        if key.active:
            gateway.iam.update_access_key(key, active=False)

    return _each_key(gateway, access, known, switch_off, listed)


def delete_all(gateway: Gateway, access: StackAccess, known: SecretKey | None = None) -> tuple[AccessKey, ...]:
    """Delete every key, each even where another one fails; the keys that were there. Otherwise as `deactivate`."""
    return _each_key(gateway, access, known, gateway.iam.delete_access_key)


def _each_key(
    gateway: Gateway,
    access: StackAccess,
    known: SecretKey | None,
    act: Callable[[AccessKey], object],
    listed: tuple[AccessKey, ...] | None = None,
) -> tuple[AccessKey, ...]:
    try:
        keys = list_keys(gateway, access.support_user) if listed is None else listed
    except Exception:  # an answer that cannot be read is no reason to leave the known key active; raised again
        if known is not None and access.support_user:
            with suppress(Exception):  # what failed is the listing: there may be others
                act(AccessKey(known.key_id, access.support_user, "Active"))
        raise

    def unless_gone(key: AccessKey) -> None:
        with suppress(NotFound):
            act(key)

    do_all([functools.partial(unless_gone, key) for key in keys])
    return keys


def require_key(gateway: Gateway, access: StackAccess) -> AccessKey:
    """The user's key that the secret names. Raises NotFound without a secret, Refused when that key is gone."""
    named = read_secret_key(gateway, stack_access.require_secret(access, gateway.commands))
    keys = {key.key_id: key for key in list_keys(gateway, access.support_user)}
    if named is None or named.key_id not in keys:
        commands = gateway.commands
        raise Refused(
            f"The key in the secret of {access.stack.name} no longer exists, so there is nothing to resume.",
            f"Create a new one: {commands.deployer('access', 'rotate')}"
            if access.grant.principals
            else f"The next grant makes a key: {commands.deployer('access', 'grant', '--principal', 'ARN')}",
            code="no-key",
        )
    return keys[named.key_id]


def activate(gateway: Gateway, access: StackAccess) -> Check:
    """Make the key that the secret names active again. Raises as `require_key`."""
    named = require_key(gateway, access)
    if not named.active:
        gateway.iam.update_access_key(named, active=True)
    now = list_keys(gateway, access.support_user)
    active = any(key.key_id == named.key_id and key.active for key in now)
    return Check(f"key {named.key_id}", active, "active" if active else "inactive")


def rotate(
    gateway: Gateway, caller: Caller, every: timedelta | None = None, *, plan_only: bool = False, clock: Clock = SYSTEM
) -> KeyReport | RotatePlan:
    """Put a new key into the secret by the secret's own rotation; see that it works and that the old one is dead.

    `every` sets the schedule (whole days) besides. A paused key stays paused: the new one is inactive too. With
    `plan_only`, return the plan and change nothing. Raises Refused while access is paused and there is no key: the new
    one would be active; Declined, and UsageError where nobody can be asked.
    """
    days = None if every is None else _days(every)
    access = stack_access.read_access(gateway)
    arn = stack_access.require_secret(access, gateway.commands)
    resource_states.require(gateway, access.stack, ROTATED, "Nothing was rotated.")
    before = list_keys(gateway, access.support_user)
    _require_open(gateway, access, before)
    old, paused = read_secret_key(gateway, arn), is_paused(before)
    plan = RotatePlan(access.stack.name, access.support_user, old.key_id if old else "", paused, days or 0)
    if plan_only:
        return plan
    caller.show(plan)
    caller.confirm(plan)
    rotate_and_wait(gateway, access, days, clock)
    new = read_secret_key(gateway, arn)
    checks = [_new_check(gateway, new, paused, access.support_user, clock)]
    if old is not None and new is not None and old.key_id != new.key_id:
        checks.append(dead_check(gateway, old, clock))
    # Last: the keeper makes the old key inactive only after the secret has the new one.
    keys = list_keys(gateway, access.support_user)
    return KeyReport(access.stack.name, keys, tuple(checks), clock.now(), days or 0)


def _require_open(gateway: Gateway, access: StackAccess, keys: tuple[AccessKey, ...]) -> None:
    """Raise Refused where a new key would be active although access is paused."""
    if access.grant.paused and not keys:
        raise Refused(
            f"Access to the stack {access.stack.name} is paused and its support user has no key, so none was made: it "
            "would be active.",
            f"Resume first: {gateway.commands.deployer('access', 'resume')}",
            code="paused",
        )


def rotate_and_wait(gateway: Gateway, access: StackAccess, days: int | None = None, clock: Clock = SYSTEM) -> None:
    """Start the secret's rotation and wait for its end. Raises DeployerError that says where the keeper tells why."""
    wanted = _started(gateway, access, days)

    def current() -> str:
        return gateway.secretsmanager.describe_secret(access.secret_arn).version("AWSCURRENT")

    try:
        if any(version == wanted for version in polling.looks(gateway, current, ROTATION_SECONDS, clock)):
            return
    except DeployerError as error:
        raise _rotates_on(gateway, access, error) from error
    keeper = access.stack.outputs.get(Output.KEEPER_FUNCTION_NAME, "")
    raise DeployerError(
        f"The secret of {access.stack.name} was not rotated in {ROTATION_SECONDS:.0f} s; its value is as it was.",
        f"Its function {keeper} logs why: see the log group KeeperLogGroup in deployer status --all."
        if keeper
        else "Run it again.",
        code="rotation-failed",
    )


def _started(gateway: Gateway, access: StackAccess, days: int | None) -> str:
    """Start the rotation; the id of the version that is to come. Raises Refused while an earlier one has not ended."""
    try:
        return gateway.secretsmanager.rotate_secret(access.secret_arn, every_days=days)
    except AwsError as error:
        labels = gateway.secretsmanager.describe_secret(access.secret_arn)
        waits = labels.version("AWSPENDING")
        if error.transient or waits in ("", labels.version("AWSCURRENT")):
            raise
        raise Refused(
            f"An earlier rotation of the secret of {access.stack.name} has not ended, so none was started.",
            "AWS tries it again by itself. To give it up and rotate anew, first: "
            + gateway.commands.aws(
                *("secretsmanager", "update-secret-version-stage", "--secret-id", access.secret_arn),
                *("--version-stage", "AWSPENDING", "--remove-from-version-id", waits),
            ),
            code="rotation-waits",
        ) from error


def _rotates_on(gateway: Gateway, access: StackAccess, error: DeployerError) -> DeployerError:
    """The error for a rotation that was begun and whose end could not be seen."""
    return DeployerError(
        f"The rotation of the secret of {access.stack.name} was started and continues in AWS, "
        f"but could not be followed to its end: {error.message}",
        polling.then(error, f"see which key exists with: {gateway.commands.deployer('access', 'show')}"),
        code="rotation-not-followed",
    )


def is_paused(keys: tuple[AccessKey, ...]) -> bool:
    """Whether there are keys and none of them is active."""
    return bool(keys) and not any(key.active for key in keys)


def inactive_check(keys: tuple[AccessKey, ...]) -> Check:
    """Whether no key can be used."""
    shown = ", ".join(f"{key.key_id} {key.status}" for key in keys) or "none"
    return Check("keys of the support user", not any(key.active for key in keys), shown)


def dead_check(gateway: Gateway, old: SecretKey, clock: Clock = SYSTEM) -> Check:
    """Call AWS with the old key until it is refused: the first refusal comes some seconds after the change."""
    answer = call_as(gateway, old, wanted_alive=False, clock=clock)
    return Check(f"old key {old.key_id} is refused", answer in DEAD_CODES, answer)


def _new_check(gateway: Gateway, new: SecretKey | None, paused: bool, user: str, clock: Clock) -> Check:
    if new is None:
        return Check("new key", False, "there is none in the secret")
    if paused:
        return Check(f"new key {new.key_id}", True, "inactive, as access is paused")
    answer = call_as(gateway, new, wanted_alive=True, clock=clock)
    return Check(f"new key {new.key_id} works", answer.endswith(f"/{user}"), answer)


def call_as(gateway: Gateway, key: SecretKey, *, wanted_alive: bool, clock: Clock) -> str:
    """Ask AWS with this key who it is, until the answer is the wanted one: an ARN, or AWS's refusal.

    Where AWS could not be asked, the reason is the answer: it proves nothing, and no check takes it for a refusal.
    """
    answer = ""
    try:
        for answer in polling.looks(gateway, lambda: _asked(gateway, key), KNOWN_SECONDS, clock):
            if answer.startswith("arn:") == wanted_alive:
                break
    except DeployerError as error:
        return error.message
    return answer


def _asked(gateway: Gateway, key: SecretKey) -> str:
    try:
        return gateway.sts_as(key.pair).get_caller_arn()
    except AwsError as error:
        if error.transient:
            raise
        return error.aws_code or error.message


def _days(every: timedelta) -> int:
    if every < timedelta(days=1) or every % timedelta(days=1) or every > timedelta(days=1000):
        raise UsageError(
            "A rotation schedule takes whole days, 1 to 1000.", "For example: --every 30d", code="schedule"
        )
    return every.days
