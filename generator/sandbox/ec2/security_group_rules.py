"""AWS::EC2::SecurityGroupIngress: a rule as a resource of its own.

AWS (resource reference): creation authorizes the rule in the group, deletion revokes it, and every change but the
description's replaces it. EC2 refuses a group that does not exist (InvalidGroup.NotFound) and a rule that exists
(InvalidPermission.Duplicate). MiniStack's CloudFormation does not have the type; its EC2 has the rules.
"""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services import ec2

from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.ec2 import network

TYPE = "AWS::EC2::SecurityGroupIngress"
REPLACING = (
    "GroupId",
    "IpProtocol",
    "FromPort",
    "ToPort",
    "CidrIp",
    "CidrIpv6",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
)


def install() -> None:
    """Add the type."""
    register(TYPE, create, update, delete, replacing=REPLACING)


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Authorize the rule. Raises ValueError with EC2's message for a group that does not exist and a rule that does."""
    network.ensure_defaults()
    for group in filter(None, (props["GroupId"], props.get("SourceSecurityGroupId"))):
        if group not in ec2._security_groups:
            raise ValueError(f"The security group '{group}' does not exist")
    rules, rule = ec2._security_groups[props["GroupId"]]["IpPermissions"], _rule(props)
    if _bare(rule) in map(_bare, rules):
        raise ValueError("the specified rule already exists")
    rules.append(rule)
    rule_id = f"sgr-{uuid.uuid4().hex[:17]}"
    return rule_id, {"Id": rule_id}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Replace the rule, in place if only its description changes."""
    if _bare(_rule(old)) == _bare(_rule(new)):
        delete(physical_id, old)
        create(logical_id, new, stack)
        return physical_id, {"Id": physical_id}
    created = create(logical_id, new, stack)
    delete(physical_id, old)
    return created


def delete(physical_id: str, props: Properties) -> None:
    """Revoke the rule if it and its group exist."""
    group = ec2._security_groups.get(props.get("GroupId", ""))
    if group:
        gone = _bare(_rule(props))
        group["IpPermissions"][:] = [rule for rule in group["IpPermissions"] if _bare(rule) != gone]


def _rule(props: Properties) -> dict[str, Any]:
    """The rule in the form of MiniStack's EC2."""
    described = {"Description": props["Description"]} if props.get("Description") else {}

    def entries(**properties: str) -> list[dict[str, Any]]:
        return [{key: props[name], **described} for key, name in properties.items() if props.get(name)]

    source = {"GroupId": "SourceSecurityGroupId", "GroupName": "SourceSecurityGroupName"}
    pair = {key: str(props[name]) for key, name in source.items() if props.get(name)}
    if pair and props.get("SourceSecurityGroupOwnerId"):
        pair["UserId"] = str(props["SourceSecurityGroupOwnerId"])
    return {
        "IpProtocol": props.get("IpProtocol", "tcp"),
        "IpRanges": entries(CidrIp="CidrIp"),
        "Ipv6Ranges": entries(CidrIpv6="CidrIpv6"),
        "PrefixListIds": entries(PrefixListId="SourcePrefixListId"),
        "UserIdGroupPairs": [{**pair, **described}] if pair else [],
        **{name: int(props[name]) for name in ("FromPort", "ToPort") if name in props},
    }


def _bare(rule: dict[str, Any]) -> Any:
    """The rule without its ID and description, by which EC2 does not distinguish rules."""
    ranges = {
        name: [{key: value for key, value in entry.items() if key != "Description"} for entry in rule.get(name, [])]
        for name in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    }
    plain = {key: value for key, value in rule.items() if key not in ("SecurityGroupRuleId", "Description")}
    return {**plain, **ranges}
