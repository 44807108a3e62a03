"""Parameters of AWS's own types must name resources that exist.

AWS checks AWS::EC2::VPC::Id and its kind: a change set ends FAILED, a stack operation fails, with "Parameter validation
failed: parameter value … for parameter name … does not exist". MiniStack accepts any string. Simplification:
CreateStack and UpdateStack are refused at once here, where AWS starts them and rolls back.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation, ec2
from ministack.services.cloudformation import handlers

from generator.sandbox.cloudformation.changesets import find
from generator.sandbox.service_api import Answer, Params, Proceed, call, serve

# The parameter types that are checked: EC2's operation that lists what exists, and the element that holds an id.
TYPES = {
    "AWS::EC2::VPC::Id": ("DescribeVpcs", "vpcId"),
    "AWS::EC2::Subnet::Id": ("DescribeSubnets", "subnetId"),
    "AWS::EC2::SecurityGroup::Id": ("DescribeSecurityGroups", "groupId"),
    "AWS::EC2::Instance::Id": ("DescribeInstances", "instanceId"),
    "AWS::EC2::Volume::Id": ("DescribeVolumes", "volumeId"),
}

_resolve = handlers._resolve_parameters


def install() -> None:
    """Check the parameters of every operation that takes them."""
    handlers._resolve_parameters = resolve
    serve(cloudformation, {"CreateChangeSet": create_change_set})


def resolve(template: dict[str, Any], *rest: Any) -> dict[str, Any]:
    """MiniStack's resolution, then the check; ValueError becomes a ValidationError."""
    values: dict[str, Any] = _resolve(template, *rest)
    if problem := missing(values):
        raise ValueError(problem)
    return values


def create_change_set(params: Params, proceed: Proceed) -> Answer:
    """CreateChangeSet; FAILED when a parameter names a resource that does not exist."""
    status, headers, body = proceed()
    text = body.decode() if isinstance(body, bytes) else str(body)
    change_set = find(text.partition("<Id>")[2].partition("</Id>")[0])
    if status == 200 and change_set and (problem := missing(change_set["_resolved_params"])):
        change_set.update(Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason=problem, Changes=[])
    return status, headers, body


def missing(values: dict[str, Any]) -> str:
    """AWS's message about the first parameter that names nothing that exists; "" if there is none."""
    for name, value in values.items():
        kind = str(value.get("Type", "")).removeprefix("List<").removesuffix(">")
        existing = _existing(kind) if kind in TYPES else set()
        for item in str(value["Value"]).split(",") if kind in TYPES else ():
            if item.strip() not in existing:
                return f"Parameter validation failed: parameter value {item} for parameter name {name} does not exist"
    return ""


def _existing(kind: str) -> set[str | None]:
    operation, element = TYPES[kind]
    return {item.text for item in call(ec2, operation).iter(element)}
