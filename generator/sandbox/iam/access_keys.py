"""AWS::IAM::AccessKey and AWS::IAM::RolePolicy, and the limit of two access keys per user.

MiniStack has neither type, and its API creates any number of keys.
"""

from __future__ import annotations

import json
from contextlib import suppress

from ministack.services import iam

from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve, xml_error

LIMIT = 2
SENTENCE = f"Cannot exceed quota for AccessKeysPerUser: {LIMIT}"


def install() -> None:
    """Add the types and the limit."""
    # UserName and Serial are createOnly; Status changes without interruption (aws-resource-iam-accesskey)
    register("AWS::IAM::AccessKey", create, update, delete, replacing=("UserName", "Serial"))
    replacing = ("PolicyName", "RoleName")  # createOnly in the type's schema
    register("AWS::IAM::RolePolicy", put_policy, update_policy, delete_policy, replacing=replacing)
    serve(iam, {"CreateAccessKey": create_access_key})


def create_access_key(params: Params, proceed: Proceed) -> Answer:
    """CreateAccessKey; LimitExceeded for a third key."""
    user = params.get("UserName", "")
    if sum(record["UserName"] == user for record in iam._access_keys.values()) >= LIMIT:
        return xml_error("iam", "LimitExceeded", SENTENCE, 409)
    return proceed()


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Create a key; its secret is an attribute. ValueError: no such user, or it has two keys."""
    key = call(iam, "CreateAccessKey", {"UserName": props["UserName"]}).findtext(".//AccessKeyId") or ""
    return _with_status(key, props)


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Set the status."""
    return _with_status(physical_id, new)


def _with_status(key: str, props: Properties) -> Created:
    record = iam._access_keys[key]
    record["Status"] = props.get("Status", "Active")
    return key, {"SecretAccessKey": record["SecretAccessKey"]}


def delete(physical_id: str, props: Properties) -> None:
    """Delete the key if it exists."""
    iam._access_keys.pop(physical_id, None)


def put_policy(logical_id: str, props: Properties, stack: str) -> Created:
    """Put an inline policy of a role. ValueError: no such role."""
    role, name = props["RoleName"], props["PolicyName"]
    document = json.dumps(props.get("PolicyDocument", {}))
    call(iam, "PutRolePolicy", {"RoleName": role, "PolicyName": name, "PolicyDocument": document})
    return f"{name}|{role}", {}


def update_policy(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Put the new document."""
    return put_policy(logical_id, new, stack)


def delete_policy(physical_id: str, props: Properties) -> None:
    """Delete the policy if it exists."""
    name, _, role = physical_id.partition("|")
    with suppress(ValueError):
        call(iam, "DeleteRolePolicy", {"RoleName": role, "PolicyName": name})
