"""VPC endpoints: one with private DNS for a service and VPC, and a complete description.

AWS (CreateVpcEndpoint) refuses a second endpoint with private DNS for a service, two subnets in one zone, and a route
table that has a route to S3 already. DescribeVpcEndpoints applies its filters and returns security groups, private DNS
and the policy. MiniStack creates any endpoint, ignores the filters and leaves those three out.
"""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_region
from ministack.services import ec2

from generator.sandbox.cloudformation.resource_types import Created, Properties, handler, replaces
from generator.sandbox.ec2 import network
from generator.sandbox.service_api import Answer, Params, Proceed, members, serve, xml_answer

TYPE = "AWS::EC2::VPCEndpoint"

_fields_xml = ec2._vpce_fields_xml
_create = handler(TYPE)["create"]


def install() -> None:
    """Check creations through CloudFormation, and serve DescribeVpcEndpoints."""
    handler(TYPE)["create"] = create
    replaces(TYPE, ("VpcId", "ServiceName", "VpcEndpointType"))
    serve(ec2, {"DescribeVpcEndpoints": describe})
    ec2._vpce_fields_xml = fields_xml


def describe(params: Params, proceed: Proceed) -> Answer:
    """DescribeVpcEndpoints with the filters vpc-id, service-name, vpc-endpoint-type and vpc-endpoint-state."""
    names = [name for name in params if name.startswith("Filter.") and name.endswith(".Name")]
    filters = {params[name]: members(params, f"{name.removesuffix('.Name')}.Value") for name in names}
    filters = {key: values for key, values in filters.items() if key in _FILTERS}
    ids = members(params, "VpcEndpointId")
    selected = [
        each
        for each in ec2._vpc_endpoints.values()
        if (not ids or each["VpcEndpointId"] in ids)
        and all(each.get(_FILTERS[key]) in values for key, values in filters.items())
    ]
    items = "".join(fields_xml(each) for each in selected)
    return xml_answer("ec2", "DescribeVpcEndpoints", f"<vpcEndpointSet>{items}</vpcEndpointSet>")


def fields_xml(endpoint: dict[str, Any], tag: str = "item") -> str:
    """MiniStack's description with the three fields that it lacks."""
    groups = "".join(f"<item><groupId>{each}</groupId></item>" for each in endpoint.get("SecurityGroupIds", ()))
    policy = endpoint.get("PolicyDocument") or ""
    text = policy if isinstance(policy, str) else json.dumps(policy)
    more = (
        f"<groupSet>{groups}</groupSet>"
        f"<privateDnsEnabled>{str(_true(endpoint.get('PrivateDnsEnabled'))).lower()}</privateDnsEnabled>"
        f"<policyDocument>{escape(text)}</policyDocument>"
    )
    head, end, _ = str(_fields_xml(endpoint, tag)).rpartition(f"</{tag}>")
    return head + more + end


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """Create an endpoint. Raises ValueError with EC2's message where EC2 refuses it."""
    network.ensure_defaults()
    existing = [each for each in ec2._vpc_endpoints.values() if each["VpcId"] == props["VpcId"]]
    _refuse_second_domain(props, existing)
    _refuse_second_route(props, existing)
    _refuse_same_zone(props)
    created: Created = _create(logical_id, props, stack)
    return created


def _refuse_second_domain(props: Properties, existing: list[dict[str, Any]]) -> None:
    private = [each["ServiceName"] for each in existing if each.get("PrivateDnsEnabled")]
    if _true(props.get("PrivateDnsEnabled")) and props["ServiceName"] in private:
        service = props["ServiceName"].rpartition(".")[2]
        raise ValueError(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
            f"{service}.{get_region()}.amazonaws.com in the VPC {props['VpcId']}"
        )


def _refuse_second_route(props: Properties, existing: list[dict[str, Any]]) -> None:
    same = [each for each in existing if each["ServiceName"] == props["ServiceName"]]
    taken = {table for each in same for table in each.get("RouteTableIds", ())}
    for table in props.get("RouteTableIds", ()):
        if table not in ec2._route_tables:
            raise ValueError(f"The routeTable ID '{table}' does not exist")
        if table in taken:
            raise ValueError(f"route table {table} already has a route with destination-prefix-list-id pl-63a5400a")


def _refuse_same_zone(props: Properties) -> None:
    seen: set[str] = set()
    for subnet in props.get("SubnetIds", ()):
        if subnet not in ec2._subnets:
            raise ValueError(f"The subnet ID '{subnet}' does not exist")
        zone = ec2._subnets[subnet]["AvailabilityZone"]
        if zone in seen:
            raise ValueError(
                f"Found another VPC endpoint subnet in the availability zone of {subnet}. VPC endpoint subnets should "
                "be in different availability zones supported by the VPC endpoint service."
            )
        seen.add(zone)


_FILTERS = {
    "vpc-id": "VpcId",
    "service-name": "ServiceName",
    "vpc-endpoint-type": "VpcEndpointType",
    "vpc-endpoint-state": "State",
}


def _true(value: object) -> bool:
    return str(value).lower() == "true"
