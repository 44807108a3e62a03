"""The managed nodes: running instances whose role allows an agent to register. No agent runs: the sandbox plays it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2, iam, ssm

from generator.model.arn import Arn
from generator.sandbox import policy_evaluator
from generator.sandbox.service_api import call

AGENT_VERSION = "3.3.2656.0"
# What an agent needs to register and hold sessions (user guide, "Minimum Session Manager permissions").
_AGENT_ACTIONS = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


@dataclass(frozen=True)
class Node:
    """A managed instance, online when it runs and its role allows an agent to register."""

    id: str
    arn: str
    registered: bool
    online: bool
    private_ip: str
    host_name: str
    tags: dict[str, str]
    role: str  # the instance role's ARN, "" without one


def arn_of(instance_id: str) -> str:
    """The ARN of an instance of the running request's account and region, whether it exists or not."""
    return str(Arn("aws", "ec2", get_region(), get_account_id(), f"instance/{instance_id}"))


def find(instance_id: str) -> Node | None:
    """The node of an instance id; None when there is no such instance."""
    record = ec2._instances.get(instance_id)
    return _node(instance_id, record) if record else None


def all_nodes() -> list[Node]:
    """Every instance that is online now, by id."""
    return [node for node in registered_nodes() if node.online]


def registered_nodes() -> list[Node]:
    """Every instance whose agent could have registered, by id; one that is stopped stays a managed node for a month."""
    nodes = (_node(instance_id, record) for instance_id, record in sorted(ec2._instances.items()))
    return [node for node in nodes if node.registered]


def _node(instance_id: str, record: dict[str, Any]) -> Node:
    role = _role_of(record.get("IamInstanceProfile"))
    arn = arn_of(instance_id)
    state = (record.get("State") or {}).get("Name")
    admitted = bool(role) and all(role_may(role, action, arn) for action in _AGENT_ACTIONS)
    return Node(
        id=instance_id,
        arn=arn,
        registered=admitted and state in ("running", "stopping", "stopped"),
        online=admitted and state == "running",
        private_ip=record.get("PrivateIpAddress", ""),
        host_name=record.get("PrivateDnsName", ""),
        tags={tag["Key"]: tag["Value"] for tag in ec2._tags.get(instance_id) or []},
        role=role,
    )


def role_may(role: str, action: str, arn: str) -> bool:
    """Whether the instance role (an ARN of this account) allows an action of the agent's."""
    principal = policy_evaluator.role_principal(role)
    return policy_evaluator.decide(
        principal, policy_evaluator.evaluation_context(principal, action, arn, get_region(), {}), None
    )


HOST_MANAGEMENT = "/ssm/managed-instance/default-ec2-instance-management-role"


def _role_of(profile: dict[str, str] | None) -> str:
    """The role of the instance's profile; without a profile, that of Default Host Management, if there is one."""
    if not profile:
        stored = ssm.get_state()["service_settings"].get(HOST_MANAGEMENT)
        name = str(stored["value"]) if stored else "$None"
        return "" if name == "$None" else str(Arn("aws", "iam", "", get_account_id(), f"role/{name}"))
    name = profile.get("Arn", "").rpartition("/")[2]
    try:
        profile_xml = call(iam, "GetInstanceProfile", {"InstanceProfileName": name})
    except ValueError:
        return ""
    return profile_xml.findtext(".//Roles/member/Arn") or ""
