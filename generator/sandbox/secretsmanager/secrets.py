"""AWS::SecretsManager::Secret and AWS::SecretsManager::ResourcePolicy.

AWS: Ref is the ARN; a secret without SecretString and GenerateSecretString has no version; a name that exists is
refused; a generated password obeys the Exclude… properties. MiniStack: Ref is the name; an empty string is stored, also
when an update's template no longer has a value; a secret that exists is overwritten; ExcludePunctuation is ignored.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import secretsmanager as service

from generator.sandbox.cloudformation.naming import random_name
from generator.sandbox.cloudformation.resource_types import Created, Properties, handler, register, replaces
from generator.sandbox.service_api import call

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a resource type
VALUE = {"SecretString", "GenerateSecretString"}
_original = dict(handler(SECRET))


def install() -> None:
    """Correct the secret's type, add its policy's."""
    handler(SECRET).update(create=create, update=update, delete=delete)
    replaces(SECRET, ("Name",))
    register("AWS::SecretsManager::ResourcePolicy", put_policy, update_policy, delete_policy, replacing=("SecretId",))


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """A new secret; ValueError when its name is taken."""
    name = props.get("Name") or random_name(stack, logical_id)
    if service._resolve(name)[1]:
        raise ValueError(f"The operation failed because the secret {name} already exists.")
    value = secret_string(props)
    _, attributes = _original["create"](logical_id, _with_value({**props, "Name": name}, value), stack)
    if not VALUE & props.keys():
        service._resolve(name)[1]["Versions"].clear()
    return attributes["Arn"], attributes


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """MiniStack's update under the name it knows. A value that the template no longer gives stays as it is.

    UpdateSecret takes no empty SecretString (its model has a minimum of 1), and one left out changes nothing.
    """
    name = _name(physical_id)
    changed = VALUE & new.keys() and any(old.get(key) != new.get(key) for key in VALUE)
    before = _with_value({"Name": name, **old}, None)
    after = _with_value({"Name": name, **new}, secret_string(new) if changed else None)
    _, attributes = _original["update"](name, before, after, stack, logical_id)
    return attributes["Arn"], attributes


def delete(physical_id: str, props: Properties) -> None:
    """Delete at once: CloudFormation forces it, without a recovery window (aws-resource-secretsmanager-secret)."""
    _original["delete"](_name(physical_id), props)


def secret_string(props: Properties) -> str:
    """The template's value, or a generated one by the service's own GetRandomPassword."""
    recipe: dict[str, Any] = props.get("GenerateSecretString") or {}
    if "SecretString" in props or not recipe:
        return str(props.get("SecretString", ""))
    key, text = recipe.get("GenerateStringKey"), recipe.get("SecretStringTemplate")
    request = {k: _plain(v) for k, v in recipe.items() if k not in ("GenerateStringKey", "SecretStringTemplate")}
    password = str(call(service, "GetRandomPassword", request)["RandomPassword"])
    return json.dumps({**json.loads(text), key: password}) if text and key else password


def put_policy(logical_id: str, props: Properties, stack: str) -> Created:
    """PutResourcePolicy; Ref is the secret's ARN."""
    policy = props["ResourcePolicy"]
    text = policy if isinstance(policy, str) else json.dumps(policy)
    block = _plain(props.get("BlockPublicPolicy", True))  # the resource's default; the API's is false
    request = {"SecretId": props["SecretId"], "ResourcePolicy": text, "BlockPublicPolicy": block}
    return call(service, "PutResourcePolicy", request)["ARN"], {"Id": props["SecretId"]}


def update_policy(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """The whole policy again."""
    return put_policy(logical_id, new, stack)


def delete_policy(physical_id: str, props: Properties) -> None:
    """DeleteResourcePolicy; a secret that is gone took its policy along."""
    if service._resolve(physical_id)[1]:
        call(service, "DeleteResourcePolicy", {"SecretId": physical_id})


def _with_value(props: Properties, value: str | None) -> Properties:
    """The properties with this value, or none, in the place of what tells MiniStack to make one up."""
    plain = {key: given for key, given in props.items() if key not in VALUE}
    return plain if value is None else {**plain, "SecretString": value}


def _name(arn: str) -> str:
    return arn.partition(":secret:")[2][:-7] if arn.startswith("arn:") else arn


def _plain(value: Any) -> Any:
    """Template booleans and numbers, which YAML parameters carry as strings."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return int(value) if isinstance(value, str) and value.isdigit() else value
