"""EC2: what the account offers for a new stack, and what the stack's instance looks like."""

from __future__ import annotations

from collections.abc import Iterable

from generator.gateway.service import Answer, Service
from generator.model.network import Subnet, Vpc


class EC2(Service):
    """Domain verbs over the EC2 API."""

    def describe_vpcs(self) -> list[Vpc]:
        """Every VPC of the region, the default one last."""
        found = [v for page in self._pages("describe_vpcs") for v in page["Vpcs"]]
        vpcs = [Vpc(v["VpcId"], _name(v), v.get("CidrBlock", ""), v.get("IsDefault", False)) for v in found]
        return sorted(vpcs, key=lambda v: (v.is_default, v.name, v.vpc_id))

    def describe_subnets(self, vpc_id: str | None = None) -> list[Subnet]:
        """The subnets of a VPC (or of the region), private ones first.

        A subnet is public when its route table (its own, else the VPC's main one) leads to an internet gateway.
        """
        chosen: Answer = {} if vpc_id is None else {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]}
        subnets = [s for page in self._pages("describe_subnets", **chosen) for s in page["Subnets"]]
        tables = [t for page in self._pages("describe_route_tables", **chosen) for t in page["RouteTables"]]
        found = [
            Subnet(
                s["SubnetId"],
                _name(s),
                s.get("CidrBlock", ""),
                s["VpcId"],
                s.get("AvailabilityZone", ""),
                _public(s, tables),
            )
            for s in subnets
        ]
        return sorted(found, key=lambda s: (s.is_public, s.name, s.subnet_id))


def _name(raw: Answer) -> str:
    return next((str(tag["Value"]) for tag in raw.get("Tags", ()) if tag["Key"] == "Name"), "")


def _public(subnet: Answer, tables: Iterable[Answer]) -> bool:
    own, main = None, None
    for table in tables:
        for association in table.get("Associations", ()):
            if association.get("SubnetId") == subnet["SubnetId"]:
                own = table
            elif association.get("Main") and table.get("VpcId") == subnet["VpcId"]:
                main = table
    routes = (own or main or {}).get("Routes", ())
    return any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)
