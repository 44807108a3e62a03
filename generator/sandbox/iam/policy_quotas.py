"""How long IAM's policies may be, which MiniStack does not ask: its API and its resource types take any length.

AWS counts without white space, and all inline policies of a user, role or group together (IAM user guide, quotas).
The sentences are IAM's own, as public reports quote them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import unquote

from ministack.services import iam

from generator.model.policy_size import INLINE, MANAGED, TRUST, characters
from generator.sandbox.cloudformation.resource_types import Created, Properties, handler
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve, xml_error

Check = Callable[[Properties, str], None]
"""check(properties, logical id) raises TooLong."""


class TooLong(ValueError):
    """A policy that IAM does not take; the text is IAM's."""


def install() -> None:
    """Ask before MiniStack stores a policy, by its API and by its resource types."""
    serve(iam, {operation: partial(_asked, check) for operation, check in API.items()})
    for resource_type, check in TYPES.items():
        handlers = handler(resource_type)
        handlers["create"] = partial(_created, handlers["create"], check)
        handlers["update"] = partial(_updated, handlers["update"], check)


def _asked(check: Callable[[Params], None], params: Params, proceed: Proceed) -> Answer:
    try:
        check(params)
    except TooLong as error:
        return xml_error("iam", "LimitExceeded", str(error), 409)
    return proceed()


def _created(original: Any, check: Check, logical_id: str, props: Properties, stack: str) -> Created:
    _in_a_stack(check, props, logical_id)
    created: Created = original(logical_id, props, stack)
    return created


def _updated(original: Any, check: Check, physical_id: str, old: Properties, new: Properties, *rest: Any) -> Created:
    _in_a_stack(check, new, physical_id)
    updated: Created = original(physical_id, old, new, *rest)
    return updated


def _in_a_stack(check: Check, props: Properties, name: str) -> None:
    try:
        check(props, name)
    except TooLong as error:
        raise TooLong(
            f'Resource handler returned message: "{error} (Service: Iam, Status Code: 409)" '
            "(HandlerErrorCode: ServiceLimitExceeded)"
        ) from None


def require_trust(document: object) -> None:
    """Raise TooLong for a trust policy that is too long."""
    if _size(document) > TRUST:
        raise TooLong(f"Cannot exceed quota for ACLSizePerRole: {TRUST}")


def require_managed(document: object) -> None:
    """Raise TooLong for a managed policy that is too long."""
    if _size(document) > MANAGED:
        raise TooLong(f"Cannot exceed quota for PolicySize: {MANAGED}")


def require_inline(whose: str, name: str, policies: dict[str, object]) -> None:
    """Raise TooLong where these inline policies, with those that a user, role or group has besides, are too long."""
    limit = INLINE[whose].characters
    others = (_size(document) for policy, document in _inline(whose, name) if policy not in policies)
    if sum(map(_size, policies.values())) + sum(others) > limit:
        raise TooLong(f"Maximum policy size of {limit} bytes exceeded for {whose.lower().removesuffix('s')} {name}")


def _inline(whose: str, name: str) -> Iterator[tuple[str, str]]:
    """The inline policies that it has, by name; none where it does not exist yet."""
    kind = whose.removesuffix("s")
    try:
        listed = call(iam, f"List{kind}Policies", {f"{kind}Name": name})
    except ValueError:
        return
    for policy in [member.text or "" for member in listed.findall(".//PolicyNames/member")]:
        answer = call(iam, f"Get{kind}Policy", {f"{kind}Name": name, "PolicyName": policy})
        yield policy, unquote(answer.findtext(".//PolicyDocument") or "")


def _size(document: object) -> int:
    """Characters as IAM counts them; 0 for what is no policy, which is refused elsewhere."""
    try:
        return characters(json.loads(document) if isinstance(document, str) else document)
    except ValueError:
        return 0


def _put(whose: str, params: Params) -> None:
    name = str(params.get(f"{whose.removesuffix('s')}Name", ""))
    require_inline(whose, name, {str(params.get("PolicyName", "")): params.get("PolicyDocument")})


def _policy(props: Properties, name: str) -> None:
    for whose in INLINE:
        for holder in props.get(whose) or []:
            require_inline(whose, holder, {str(props.get("PolicyName", name)): props.get("PolicyDocument")})


def _own(whose: str, props: Properties, name: str) -> None:
    policies = {str(each.get("PolicyName")): each.get("PolicyDocument") for each in props.get("Policies") or []}
    if policies:
        require_inline(whose, str(props.get(f"{whose.removesuffix('s')}Name") or name), policies)


def _role(props: Properties, name: str) -> None:
    require_trust(props.get("AssumeRolePolicyDocument"))
    _own("Roles", props, name)


API: dict[str, Callable[[Params], None]] = {
    "CreateRole": lambda params: require_trust(params.get("AssumeRolePolicyDocument")),
    "UpdateAssumeRolePolicy": lambda params: require_trust(params.get("PolicyDocument")),
    "CreatePolicy": lambda params: require_managed(params.get("PolicyDocument")),
    "CreatePolicyVersion": lambda params: require_managed(params.get("PolicyDocument")),
    "PutUserPolicy": partial(_put, "Users"),
    "PutRolePolicy": partial(_put, "Roles"),
    "PutGroupPolicy": partial(_put, "Groups"),
}
TYPES: dict[str, Check] = {
    "AWS::IAM::Role": _role,
    "AWS::IAM::User": partial(_own, "Users"),
    "AWS::IAM::Policy": _policy,
    "AWS::IAM::ManagedPolicy": lambda props, name: require_managed(props.get("PolicyDocument")),
}
