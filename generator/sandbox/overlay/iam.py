"""AWS::IAM::AccessKey, and AWS's limit of two access keys for a user, which MiniStack's API does not keep."""

from __future__ import annotations

from typing import Any

from ministack.services import iam

from generator.sandbox.overlay.tables import Created, Properties, register

LIMIT = 2
SENTENCE = f"Cannot exceed quota for AccessKeysPerUser: {LIMIT}"

_create_access_key = iam._create_access_key


def install() -> None:
    """Add the type and the limit."""
    # UserName and Serial are createOnly; Status changes without interruption (aws-resource-iam-accesskey)
    register("AWS::IAM::AccessKey", create, update, delete, replacing=("UserName", "Serial"))
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


def _keys_of(user: str) -> list[str]:
    return [key for key, record in iam._access_keys.items() if record["UserName"] == user]
