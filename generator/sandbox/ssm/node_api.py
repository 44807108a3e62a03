"""DescribeInstanceInformation and GetConnectionStatus."""

from __future__ import annotations

import time
from typing import Any

from generator.errors import DeployerError
from generator.sandbox.ssm import nodes, targets
from generator.sandbox.ssm.api_call import Call, Operation, page
from generator.sandbox.ssm.nodes import Node


def describe_instance_information(call: Call) -> dict[str, Any]:
    """DescribeInstanceInformation: the running instances whose role allows an agent to register."""
    call.allow("ssm:DescribeInstanceInformation")
    filters = [(condition["Key"], condition["Values"]) for condition in call.data.get("Filters", [])]
    filters += [
        (condition["key"], condition["valueSet"]) for condition in call.data.get("InstanceInformationFilterList", [])
    ]
    managed = [node for node in nodes.all_nodes() if all(_passes(node, key, values) for key, values in filters)]
    rows, more = page([_row(node) for node in managed], call.data, 50)
    return {"InstanceInformationList": rows, **more}


def get_connection_status(call: Call) -> dict[str, str]:
    """GetConnectionStatus; a target that does not exist is not connected, as on AWS."""
    target = call.data["Target"]
    call.allow("ssm:GetConnectionStatus", nodes.arn_of(target))
    node = nodes.find(target)
    return {"Target": target, "Status": "connected" if node and node.online else "notconnected"}


def _passes(node: Node, key: str, values: list[str]) -> bool:
    if key.startswith("tag:"):
        return node.tags.get(key[4:]) in values
    values_of = {
        "InstanceIds": node.id,
        "PingStatus": "Online",
        "AgentVersion": targets.agent_version(node.id, nodes.AGENT_VERSION),
        "PlatformTypes": "Linux",
        "IamRole": node.role.rpartition("/")[2],
        "ResourceType": "EC2Instance",
    }
    if key not in values_of:
        raise DeployerError(f"The sandbox does not filter nodes by {key}.", code="InvalidFilterKey")
    return values_of[key] in values


def _row(node: Node) -> dict[str, Any]:
    return {
        "InstanceId": node.id,
        "PingStatus": "Online",
        "LastPingDateTime": time.time(),
        "AgentVersion": targets.agent_version(node.id, nodes.AGENT_VERSION),
        "IsLatestVersion": True,
        "PlatformType": "Linux",
        "PlatformName": "Amazon Linux (imitated by the sandbox)",
        "PlatformVersion": "2023",
        "ResourceType": "EC2Instance",
        "IPAddress": node.private_ip,
        "ComputerName": node.host_name,
    }


OPERATIONS: dict[str, Operation] = {
    "DescribeInstanceInformation": describe_instance_information,
    "GetConnectionStatus": get_connection_status,
}
