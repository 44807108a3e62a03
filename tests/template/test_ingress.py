"""Whom each template lets in by a security group: a group's members or a range that is a parameter, TCP, one port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from generator.model.template_name import TemplateName
from generator.template.emit import emit_named
from tests.template.values import values_of

PORTS = ("FromPort", "ToPort")
EXACT: dict[str, Any] = {
    "GroupId": {"Ref": "ClusterSecurityGroupId"},
    "IpProtocol": "tcp",
    "FromPort": 443,
    "ToPort": 443,
    "SourceSecurityGroupId": {"Ref": "InstanceSecurityGroupId"},
    "Description": "The DeepSQL instance",
}
"""The rule of the cluster's template: from the instance's group, to the API server's port."""


def is_wide(rule: Any) -> bool:
    """Whether a rule lets in more than one port of TCP, or somebody whom neither a group nor a parameter names."""
    source = rule.get("SourceSecurityGroupId") or rule.get("CidrIp")
    one_port = rule.get("IpProtocol") == "tcp" and rule.get("FromPort") == rule.get("ToPort") is not None
    named = isinstance(source, dict) and not {"CidrIpv6", "SourcePrefixListId"} & set(rule)
    return not (one_port and named)


def rules(template: Any) -> Iterator[Any]:
    """Each rule for what comes in, of a group or beside it; both sides of an If."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::EC2::SecurityGroupIngress":
            yield resource["Properties"]
        for each in resource.get("Properties", {}).get("SecurityGroupIngress", ()):
            sides = each["Fn::If"][1:] if "Fn::If" in each else [each]
            yield from (side for side in sides if side != {"Ref": "AWS::NoValue"})


@pytest.mark.parametrize("name", TemplateName)
def test_no_template_lets_in_more_than_a_named_source_at_one_port(name: TemplateName) -> None:
    wide = [rule for rule in rules(values_of(emit_named(name))) if is_wide(rule)]
    assert wide == [], json.dumps(wide)


def test_the_cluster_is_reached_from_the_instances_group_at_the_api_servers_port_alone() -> None:
    assert [*rules(values_of(emit_named(TemplateName.CLUSTER_ACCESS)))] == [EXACT]


@pytest.mark.parametrize(
    "changed",
    [
        {"ToPort": 65_535},
        {"FromPort": 0},
        {"FromPort": None, "ToPort": None},
        {"IpProtocol": "-1"},
        {"IpProtocol": "udp"},
        {"SourceSecurityGroupId": None, "CidrIp": "0.0.0.0/0"},
        {"SourceSecurityGroupId": None, "CidrIp": "10.0.0.0/8"},
        {"SourceSecurityGroupId": None},
        {"CidrIpv6": "::/0"},
        {"SourcePrefixListId": "pl-1"},
        {"SourceSecurityGroupId": "sg-0a1b2c3d"},
    ],
)
def test_a_wider_rule_is_seen(changed: dict[str, Any]) -> None:
    assert not is_wide(EXACT)
    assert is_wide({key: value for key, value in {**EXACT, **changed}.items() if value is not None})
