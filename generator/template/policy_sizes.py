"""How long the policies of a template would be in a stack, by the quota that each counts for. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from generator.model.policy_size import (
    A_KEY_POLICY,
    A_MANAGED_POLICY,
    A_SECRETS_POLICY,
    INLINE,
    TRUST_OF_A_ROLE,
    PolicySize,
    Quota,
    characters,
)
from generator.template.resolved_values import ResolvedTemplate, StackPlace, Unknown, Value
from generator.template.yaml_document import parse

Written = tuple[str, Quota, Value]
"""Who has a policy ("" where the quota is for this one alone), the quota, and the document as the template has it."""


def policy_sizes(
    text: str, values: Mapping[str, str], place: StackPlace, physical_ids: Mapping[str, str] | None = None
) -> tuple[PolicySize, ...]:
    """The policies of a template with these parameter values, each with its quota; inline policies by who has them.

    A policy with something that only CloudFormation knows is left out. Raises DeployerError for a text that is no
    template.
    """
    template = ResolvedTemplate(parse(text), values, place, physical_ids or {})
    shared: dict[tuple[str, Quota], PolicySize] = {}
    for logical_id, resource in template.resources.items():
        for holder, quota, document in _policies(template, logical_id, resource):
            with suppress(Unknown, KeyError, IndexError, TypeError, ValueError):
                _add(shared, (holder or logical_id, quota), logical_id, characters(template.resolve(document)))
    return tuple(shared.values())


def _add(shared: dict[tuple[str, Quota], PolicySize], key: tuple[str, Quota], logical_id: str, size: int) -> None:
    before = shared.get(key, PolicySize((), key[1], 0))
    names = before.resources if logical_id in before.resources else (*before.resources, logical_id)
    shared[key] = PolicySize(names, key[1], before.characters + size)


def _policies(template: ResolvedTemplate, logical_id: str, resource: Mapping[str, Value]) -> Iterator[Written]:
    properties = resource.get("Properties")
    find = _FINDERS.get(str(resource.get("Type")))
    if find is not None and isinstance(properties, dict):
        with suppress(Unknown, KeyError, IndexError, TypeError, ValueError):
            yield from find(template, logical_id, properties)


def _of_a_role(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value]) -> Iterator[Written]:
    yield "", TRUST_OF_A_ROLE, properties["AssumeRolePolicyDocument"]
    yield from _own(template, logical_id, properties, "Roles")


def _of_a_user(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value]) -> Iterator[Written]:
    yield from _own(template, logical_id, properties, "Users")


def _own(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value], whose: str) -> Iterator[Written]:
    """The policies that are written into the user or role itself."""
    holder = template.resolve(("!Ref", logical_id))
    for policy in template.resolve(properties.get("Policies", [])):
        yield holder, INLINE[whose], policy["PolicyDocument"]


def _inline(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value]) -> Iterator[Written]:
    for whose, quota in INLINE.items():
        for holder in template.resolve(properties.get(whose, [])):
            yield holder, quota, properties["PolicyDocument"]


def _inline_of_one(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value]) -> Iterator[Written]:
    whose, name = ("Roles", "RoleName") if "RoleName" in properties else ("Users", "UserName")
    yield template.resolve(properties[name]), INLINE[whose], properties["PolicyDocument"]


def _alone(quota: Quota, name: str) -> Callable[[ResolvedTemplate, str, Mapping[str, Value]], Iterator[Written]]:
    """A resource with one policy, in the property `name`, which has a quota of its own."""

    def find(template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Value]) -> Iterator[Written]:
        yield "", quota, properties[name]

    return find


_FINDERS = {
    "AWS::IAM::Role": _of_a_role,
    "AWS::IAM::User": _of_a_user,
    "AWS::IAM::Policy": _inline,
    "AWS::IAM::RolePolicy": _inline_of_one,
    "AWS::IAM::UserPolicy": _inline_of_one,
    "AWS::IAM::ManagedPolicy": _alone(A_MANAGED_POLICY, "PolicyDocument"),
    "AWS::SecretsManager::ResourcePolicy": _alone(A_SECRETS_POLICY, "ResourcePolicy"),
    "AWS::KMS::Key": _alone(A_KEY_POLICY, "KeyPolicy"),
}
