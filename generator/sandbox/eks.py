"""AWS::EKS::AccessEntry over MiniStack's EKS, which has access entries; its CloudFormation does not have the type.

Schema (CloudFormation registry): ClusterName, PrincipalArn and Type are createOnly; the ID is PrincipalArn|ClusterName.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from ministack.services import eks

from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.service_api import call_rest

TYPE = "AWS::EKS::AccessEntry"


def install() -> None:
    """Add the type."""
    register(TYPE, create, update, delete, replacing=("ClusterName", "PrincipalArn", "Type"))


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Create an entry with its policies. ValueError with EKS's message: no such cluster, or the entry exists."""
    cluster, principal = props["ClusterName"], props["PrincipalArn"]
    body = {"principalArn": principal, **_body(props)}
    entry = call_rest(eks, "POST", f"/clusters/{cluster}/access-entries", body)["accessEntry"]
    try:
        _associate(cluster, principal, props)
    except ValueError:
        call_rest(eks, "DELETE", _path(cluster, principal))
        raise
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Change the groups, the name and the policies."""
    cluster, principal = new["ClusterName"], new["PrincipalArn"]
    path = _path(cluster, principal)
    entry = call_rest(eks, "POST", path, _body(new))["accessEntry"]
    wanted = {policy["PolicyArn"] for policy in new.get("AccessPolicies", [])}
    for policy in old.get("AccessPolicies", []):
        if policy["PolicyArn"] not in wanted:
            call_rest(eks, "DELETE", f"{path}/access-policies/{quote(policy['PolicyArn'], safe='')}")
    _associate(cluster, principal, new)
    return physical_id, {"AccessEntryArn": entry["accessEntryArn"]}


def delete(physical_id: str, props: Properties) -> None:
    """Delete the entry and its policies if it exists."""
    principal, _, cluster = physical_id.rpartition("|")
    with suppress(ValueError):
        call_rest(eks, "DELETE", _path(cluster, principal))


def _path(cluster: str, principal: str) -> str:
    return f"/clusters/{cluster}/access-entries/{quote(principal, safe='')}"


def _body(props: Properties) -> dict[str, Any]:
    return {
        "kubernetesGroups": props.get("KubernetesGroups", []),
        "username": props.get("Username") or props["PrincipalArn"],
        "type": props.get("Type", "STANDARD"),
    }


def _associate(cluster: str, principal: str, props: Properties) -> None:
    for policy in props.get("AccessPolicies", []):
        scope = policy["AccessScope"]
        body = {
            "policyArn": policy["PolicyArn"],
            "accessScope": {"type": scope["Type"], "namespaces": scope.get("Namespaces", [])},
        }
        call_rest(eks, "POST", f"{_path(cluster, principal)}/access-policies", body)
