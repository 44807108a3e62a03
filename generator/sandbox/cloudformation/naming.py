"""Names that CloudFormation gives to resources, and what Ref returns.

AWS names a resource {stack}-{logical ID}-{random} and refuses a name that exists. MiniStack derives some names from the
stack and the logical ID alone, so that a stack that is created again would overwrite what the first one retained.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch_logs, iam

from generator.sandbox.cloudformation.resource_types import Create, Created, Properties, Update, handler, replaces
from generator.sandbox.service_api import call


def install() -> None:
    """Correct the names of log groups, parameters and instance profiles."""
    _named("AWS::Logs::LogGroup", "LogGroupName", random_name, _log_group_exists)
    _named("AWS::SSM::Parameter", "Name", lambda stack, logical_id: f"CFN-{logical_id}-{_suffix()}")
    _instance_profile_ref()


def random_name(stack: str, logical_id: str) -> str:
    """{stack}-{logical ID}-{12 random characters}."""
    return f"{stack}-{logical_id}-{_suffix()}"


def _suffix() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))


def _named(resource_type: str, prop: str, name: Any, exists: Callable[[str], bool] = lambda name: False) -> None:
    """Give a type a random name on creation, keep it on updates, refuse a name that exists."""
    handlers = handler(resource_type)
    create: Create = handlers["create"]
    update: Update = handlers["update"]

    def create_named(logical_id: str, props: Properties, stack: str) -> Created:
        chosen = props.get(prop) or name(stack, logical_id)
        if exists(chosen):
            raise ValueError(f"Resource of type '{resource_type}' with identifier '{chosen}' already exists.")
        return create(logical_id, {**props, prop: chosen}, stack)

    def update_named(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        named = {prop: physical_id}
        return update(physical_id, {**named, **old}, {**named, **new}, stack, logical_id)

    handlers.update(create=create_named, update=update_named)


def _log_group_exists(name: str) -> bool:
    groups = call(cloudwatch_logs, "DescribeLogGroups", {"logGroupNamePrefix": name})["logGroups"]
    return any(group["logGroupName"] == name for group in groups)


def _instance_profile_ref() -> None:
    """Ref of an instance profile is its name (aws-resource-iam-instanceprofile); MiniStack's is the ARN."""
    handlers = handler("AWS::IAM::InstanceProfile")
    create, update, delete = handlers["create"], handlers["update"], handlers["delete"]

    def arn(name: str) -> str:
        try:
            return str(
                call(iam, "GetInstanceProfile", {"InstanceProfileName": name}).findtext(".//InstanceProfile/Arn")
            )
        except ValueError:
            return name

    def by_name(created: Created) -> Created:
        return created[0].rpartition("/")[2], created[1]

    handlers["create"] = lambda logical_id, props, stack: by_name(create(logical_id, props, stack))
    handlers["delete"] = lambda physical_id, props: delete(arn(physical_id), props)

    def update_by_name(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        named = {"InstanceProfileName": physical_id}
        return by_name(update(arn(physical_id), {**named, **old}, {**named, **new}, stack, logical_id))

    handlers["update"] = update_by_name
    replaces("AWS::IAM::InstanceProfile", ("InstanceProfileName", "Path"))
