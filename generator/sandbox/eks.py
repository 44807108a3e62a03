"""AWS::EKS::AccessEntry: MiniStack's EKS has access entries, its CloudFormation does not know the type.

Schema (CloudFormation registry): ClusterName, PrincipalArn and Type are createOnly; the id is PrincipalArn|ClusterName.
"""

from __future__ import annotations

from typing import Any

from ministack.services import eks

from generator.sandbox.cloudformation.resource_types import Created, Properties, answered, register

TYPE = "AWS::EKS::AccessEntry"


def install() -> None:
    """Add the type."""
    register(TYPE, create, update, delete, replacing=("ClusterName", "PrincipalArn", "Type"))


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """An entry with its policies. ValueError with EKS's sentence: no such cluster, or an entry of that principal."""
    cluster, principal = props["ClusterName"], props["PrincipalArn"]
    entry = answered(eks._create_access_entry(cluster, {"principalArn": principal, **_body(props)}))["accessEntry"]
    try:
        _associate(cluster, principal, props)
    except ValueError:
        eks._delete_access_entry(cluster, principal)
        raise
    return f"{principal}|{cluster}", {"AccessEntryArn": entry["accessEntryArn"]}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Other groups, another name, other policies."""
    cluster, principal = new["ClusterName"], new["PrincipalArn"]
    entry = answered(eks._update_access_entry(cluster, principal, _body(new)))["accessEntry"]
    kept = {policy["PolicyArn"] for policy in new.get("AccessPolicies", [])}
    for policy in old.get("AccessPolicies", []):
        if policy["PolicyArn"] not in kept:
            answered(eks._disassociate_access_policy(cluster, principal, policy["PolicyArn"]))
    _associate(cluster, principal, new)
    return physical_id, {"AccessEntryArn": entry["accessEntryArn"]}


def delete(physical_id: str, props: Properties) -> None:
    """Remove the entry and its policies; one that is gone is no error."""
    principal, _, cluster = physical_id.rpartition("|")
    eks._delete_access_entry(cluster, principal)


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
        answered(eks._associate_access_policy(cluster, principal, body))
