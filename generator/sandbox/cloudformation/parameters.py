"""Parameters of AWS's own types name things that exist.

AWS checks AWS::EC2::VPC::Id and its kind: a change set ends FAILED, a stack operation fails, with the sentence below
("Parameter validation failed: parameter value … for parameter name … does not exist"). MiniStack takes any string.
Simplification: CreateStack and UpdateStack are refused at once here, where AWS starts and rolls back.
"""

from __future__ import annotations

from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import changesets, handlers

from generator.sandbox.cloudformation.changesets import find

_resolve = handlers._resolve_parameters
_create_change_set = changesets._create_change_set
TABLES = {
    "AWS::EC2::VPC::Id": ec2._vpcs,
    "AWS::EC2::Subnet::Id": ec2._subnets,
    "AWS::EC2::SecurityGroup::Id": ec2._security_groups,
    "AWS::EC2::Instance::Id": ec2._instances,
    "AWS::EC2::Volume::Id": ec2._volumes,
}


def install() -> None:
    """Check the parameters of every operation that takes them."""
    handlers._resolve_parameters = resolve
    handlers._ACTION_HANDLERS["CreateChangeSet"] = changesets._create_change_set = create_change_set


def resolve(template: dict[str, Any], *rest: Any) -> dict[str, Any]:
    """MiniStack's resolution, then the check; ValueError becomes a ValidationError."""
    values: dict[str, Any] = _resolve(template, *rest)
    if problem := missing(values):
        raise ValueError(problem)
    return values


def create_change_set(params: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
    """MiniStack's change set, FAILED when a parameter names nothing."""
    status, headers, body = _create_change_set(params)
    text = body.decode() if isinstance(body, bytes) else str(body)
    made = find(text.partition("<Id>")[2].partition("</Id>")[0])
    if status == 200 and made and (problem := missing(made["_resolved_params"])):
        made.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=problem, Changes=[])
    return status, headers, body


def missing(values: dict[str, Any]) -> str:
    """AWS's sentence about the first parameter whose value does not exist, else ""."""
    ec2._ensure_defaults_initialized()
    for name, value in values.items():
        kind = str(value.get("Type", "")).removeprefix("List<").removesuffix(">")
        for item in str(value["Value"]).split(",") if kind in TABLES else ():
            if item.strip() not in TABLES[kind]:
                return f"Parameter validation failed: parameter value {item} for parameter name {name} does not exist"
    return ""
