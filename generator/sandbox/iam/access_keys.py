"""IAM types that MiniStack lacks (AccessKey, RolePolicy), and a limit its API does not keep: two access keys a user."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam

from generator.sandbox.cloudformation.resource_types import Created, Properties, register

LIMIT = 2
SENTENCE = f"Cannot exceed quota for AccessKeysPerUser: {LIMIT}"

_create_access_key = iam._create_access_key


def install() -> None:
    """Add the type and the limit."""
    # UserName and Serial are createOnly; Status changes without interruption (aws-resource-iam-accesskey)
    register("AWS::IAM::AccessKey", create, update, delete, replacing=("UserName", "Serial"))
    replacing = ("PolicyName", "RoleName")  # createOnly in the type's schema
    register("AWS::IAM::RolePolicy", put_policy, update_policy, delete_policy, replacing=replacing)
    iam._IAM_HANDLERS["CreateAccessKey"] = iam._create_access_key = create_access_key


def create_access_key(params: dict[str, Any]) -> Any:
    """CreateAccessKey; LimitExceeded for a third one."""
    user = iam._p(params, "UserName")
    if len(_keys_of(user)) >= LIMIT:
        return iam._error(409, "LimitExceeded", SENTENCE, ns="iam")
    return _create_access_key(params)


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """A key of a user; its secret is an attribute. ValueError: no such user, or two keys already."""
    user = props["UserName"]
    if user not in iam._users:
        raise ValueError(f"The user with name {user} cannot be found.")
    if len(_keys_of(user)) >= LIMIT:
        raise ValueError(SENTENCE)
    before = _keys_of(user)
    _create_access_key({"UserName": [user]})
    key = next(key for key in _keys_of(user) if key not in before)
    iam._access_keys[key]["Status"] = props.get("Status", "Active")
    return key, {"SecretAccessKey": iam._access_keys[key]["SecretAccessKey"]}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Set the status."""
    record = iam._access_keys[physical_id]
    record["Status"] = new.get("Status", "Active")
    return physical_id, {"SecretAccessKey": record["SecretAccessKey"]}


def delete(physical_id: str, props: Properties) -> None:
    """Delete the key; one that is gone is no error."""
    iam._access_keys.pop(physical_id, None)


def put_policy(logical_id: str, props: Properties, stack: str) -> Created:
    """An inline policy of a role. ValueError: no such role."""
    role, name = props["RoleName"], props["PolicyName"]
    if role not in iam._roles:
        raise ValueError(f"The role with name {role} cannot be found.")
    document = json.dumps(props.get("PolicyDocument", {}))
    iam._put_role_policy({"RoleName": [role], "PolicyName": [name], "PolicyDocument": [document]})
    return f"{name}|{role}", {}


def update_policy(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Put the new document in place of the old one."""
    return put_policy(logical_id, new, stack)


def delete_policy(physical_id: str, props: Properties) -> None:
    """Take the policy off its role; one that is gone is no error."""
    name, _, role = physical_id.partition("|")
    if role in iam._roles:
        iam._delete_role_policy({"RoleName": [role], "PolicyName": [name]})


def _keys_of(user: str) -> list[str]:
    return [key for key, record in iam._access_keys.items() if record["UserName"] == user]
