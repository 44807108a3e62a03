"""The support flip: what it may touch, and whether afterwards the services agree with the stack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from generator.errors import NotFound, StackBusy, UsageError
from generator.gateway.aws import Gateway
from generator.model.contract import (
    NO_LEVEL,
    RETIRED_RESOURCES,
    SUPPORT_MODIFIED_ONLY,
    SUPPORT_RESOURCES,
    Parameter,
    Resource,
)
from generator.model.database import AccessLevel
from generator.model.instance import Instance
from generator.model.parameter_options import option
from generator.model.up import Check, UpPlan, UpRequest

FLIPS = frozenset(map(str, (Parameter.CREATE_SUPPORT_USER, Parameter.CREATE_SUPPORT_ROLE)))
FLIP_RESOURCES = frozenset(map(str, SUPPORT_RESOURCES | RETIRED_RESOURCES))
FLIP_SCOPE = FLIP_RESOURCES | frozenset(map(str, SUPPORT_MODIFIED_ONLY))


@dataclass(frozen=True)
class Before:
    """What a closing flip is about to remove, and the instance it must leave alone."""

    user: str
    role: str
    secret: str
    instance: Instance | None


def scoped(request: UpRequest) -> UpRequest:
    """A flip of the support user or role names the support resources; one that says nothing else is held to them."""
    if FLIPS.isdisjoint(request.given):
        return request
    alone = set(request.given) <= FLIPS and not request.upgrade and request.settings.tags is None
    return replace(request, named=FLIP_RESOURCES, scope=FLIP_SCOPE if alone else None)


@contextmanager
def stop_hint(gateway: Gateway, given: Mapping[str, str]) -> Iterator[None]:
    """Where a closing flip meets a busy stack: name the command that does not wait for the stack."""
    try:
        yield
    except StackBusy as error:
        if not any(given.get(flip) == "No" for flip in FLIPS):
            raise
        now = gateway.commands.deployer("access", "revoke", "--all")
        also = f"To end support's access now, without waiting for the stack: {now}"
        raise error.explained(also=also) from error


def refuse_level_alone(values: Mapping[str, str]) -> None:
    """Raise UsageError for an access level there is not, and for one in a database of which something is missing. Pure.

    CloudFormation checks the same (the values allowed, and the rule SupportDatabaseIsKnown), but later and without the
    option to type.
    """
    level = values.get(Parameter.SUPPORT_DATABASE_LEVEL, NO_LEVEL)
    allowed = (NO_LEVEL, *AccessLevel)
    if level not in allowed:
        asked = option(Parameter.SUPPORT_DATABASE_LEVEL)
        raise UsageError(
            f"SupportDatabaseLevel cannot be {level!r}; allowed values: {', '.join(allowed)}.",
            f"Give: {asked} r (reads), w (writes too), o (operates), or {NO_LEVEL}",
            code="bad-access-level",
        )
    absent = [name for name in (Parameter.DATABASE_ENDPOINT, Parameter.DATABASE_RESOURCE_ID) if not values.get(name)]
    if level != NO_LEVEL and absent:
        raise UsageError(
            f"SupportDatabaseLevel is {level}, and the stack lacks the {' and the '.join(absent)} of that database.",
            f"Give: {' '.join(f'{option(name)} …' for name in absent)}",
            code="no-database",
        )


def newly_granted_level(gateway: Gateway, plan: UpPlan, request: UpRequest) -> AccessLevel | None:
    """The access level that this plan gives support in a database where it had none or another (one call, if one is
    given).

    To be asked before the plan is executed.
    """
    level = request.given.get(Parameter.SUPPORT_DATABASE_LEVEL, NO_LEVEL)
    if plan.change_set is None or level == NO_LEVEL:
        return None
    stack = None if plan.creates else gateway.cloudformation.find_stack(plan.stack_id)
    was = stack.parameters if stack else {}
    database = request.given.get(Parameter.DATABASE_RESOURCE_ID, was.get(Parameter.DATABASE_RESOURCE_ID))
    same = (level, database) == (
        was.get(Parameter.SUPPORT_DATABASE_LEVEL),
        was.get(Parameter.DATABASE_RESOURCE_ID),
    )
    return None if same else AccessLevel(level)


def before(gateway: Gateway, plan: UpPlan) -> Before | None:
    """Note what a plan will remove with the support user or role (two calls); None for one that keeps both."""
    if plan.access_loss is None:
        return None
    removed = {change.logical_id: change.physical_id for change in plan.changes if change.removes}
    names = {holder.kind: holder.name for holder in plan.access_loss.holders}
    resources = {r.logical_id: r.physical_id for r in gateway.cloudformation.list_stack_resources(plan.stack_id)}
    instance = resources.get(Resource.INSTANCE)
    return Before(
        user=names.get("user", ""),
        role=names.get("role", ""),
        secret=removed.get(Resource.SUPPORT_SECRET, ""),
        instance=gateway.ec2.describe_instance(instance) if instance else None,
    )


def verify(gateway: Gateway, noted: Before | None) -> tuple[Check, ...]:
    """Ask the services themselves: a green stack can hide a user whose deletion was given up."""
    if noted is None:
        return ()
    checks = []
    if noted.user:
        checks += [_user_gone(gateway, noted.user), _keys_gone(gateway, noted.user)]
    if noted.role:
        checks.append(_role_gone(gateway, noted.role))
    if noted.secret:
        checks.append(_secret_gone(gateway, noted.secret))
    if noted.instance:
        checks.append(_instance_same(gateway, noted.instance))
    return tuple(checks)


def _user_gone(gateway: Gateway, user: str) -> Check:
    exists = gateway.iam.user_exists(user)
    return Check(f"support user {user}", not exists, "still exists" if exists else "gone (NoSuchEntity)")


def _role_gone(gateway: Gateway, role: str) -> Check:
    exists = gateway.iam.role_exists(role)
    return Check(f"support role {role}", not exists, "still exists" if exists else "gone (NoSuchEntity)")


def _keys_gone(gateway: Gateway, user: str) -> Check:
    try:
        keys = gateway.iam.list_access_keys(user)
    except NotFound:
        keys = []
    return Check("its access keys", not keys, ", ".join(key.key_id for key in keys) or "none")


def _secret_gone(gateway: Gateway, arn: str) -> Check:
    exists = gateway.secretsmanager.secret_exists(arn)
    return Check("support secret", not exists, "still readable" if exists else "gone")


def _instance_same(gateway: Gateway, noted: Instance) -> Check:
    try:
        now = gateway.ec2.describe_instance(noted.instance_id)
    except NotFound:
        return Check(f"instance {noted.instance_id}", False, "gone")
    same = now == noted
    return Check(f"instance {noted.instance_id}", same, "not touched" if same else f"changed: {now.state}")
