"""Names that CloudFormation gives and what Ref answers.

AWS names a resource {stack}-{logical id}-{random} and refuses one that exists. MiniStack derives some names from the
stack and logical id alone, so that a stack made again would take over (and empty) what the first one retained.
"""

from __future__ import annotations

import secrets
import string
from typing import Any

from ministack.services import cloudwatch_logs, iam
from ministack.services.cloudformation import provisioners

from generator.sandbox.cloudformation.resource_types import Create, Created, Properties, Update, handler


def install() -> None:
    """Correct the types below."""
    _named("AWS::Logs::LogGroup", "LogGroupName", random_name, cloudwatch_logs._log_groups)
    _named("AWS::SSM::Parameter", "Name", lambda stack, logical_id: f"CFN-{logical_id}-{_suffix()}")
    _instance_profile_ref()


def random_name(stack: str, logical_id: str) -> str:
    """{stack}-{logical id}-{12 random characters}."""
    return f"{stack}-{logical_id}-{_suffix()}"


def _suffix() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(12))


def _named(resource_type: str, prop: str, name: Any, existing: Any = None) -> None:
    """Give a type its random name on creation, hold on to it on updates, refuse one that is taken."""
    known = handler(resource_type)
    create: Create = known["create"]
    update: Update = known["update"]

    def create_named(logical_id: str, props: Properties, stack: str) -> Created:
        chosen = props.get(prop) or name(stack, logical_id)
        if existing is not None and chosen in existing:
            raise ValueError(f"Resource of type '{resource_type}' with identifier '{chosen}' already exists.")
        return create(logical_id, {**props, prop: chosen}, stack)

    def update_named(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        kept = {prop: physical_id}
        return update(physical_id, {**kept, **old}, {**kept, **new}, stack, logical_id)

    known.update(create=create_named, update=update_named)


def _instance_profile_ref() -> None:
    """Ref of an instance profile is its name (aws-resource-iam-instanceprofile); MiniStack's is the ARN."""
    known = handler("AWS::IAM::InstanceProfile")
    create, update, delete = known["create"], known["update"], known["delete"]

    def arn(name: str) -> str:
        return str(iam._instance_profiles.get(name, {}).get("Arn", name))

    def by_name(created: Created) -> Created:
        path = created[0]
        return next((n for n, p in iam._instance_profiles.items() if p["Arn"] == path), path), created[1]

    known["create"] = lambda logical_id, props, stack: by_name(create(logical_id, props, stack))
    known["delete"] = lambda physical_id, props: delete(arn(physical_id), props)

    def update_by_name(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
        kept = {"InstanceProfileName": physical_id}
        return by_name(update(arn(physical_id), {**kept, **old}, {**kept, **new}, stack, logical_id))

    known["update"] = update_by_name
    provisioners._REPLACING_PROPERTIES["AWS::IAM::InstanceProfile"] = ("InstanceProfileName", "Path")
