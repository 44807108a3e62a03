"""EC2: what the account offers for a new stack, and what the stack's instance looks like."""

from __future__ import annotations

from collections.abc import Iterable

from generator.errors import NotFound
from generator.gateway.service import Answer, Service
from generator.model.instance import Instance, InstanceHealth
from generator.model.network import DefaultRoute, IngressRule, Subnet, Vpc, VpcEndpoint
from generator.model.session import Target
from generator.model.vpc_endpoints import STACK_TAG_KEY


class EC2(Service):
    """Domain verbs over the EC2 API."""

    def describe_vpcs(self) -> list[Vpc]:
        """Every VPC of the region, the default one last."""
        raws = [v for page in self._pages("describe_vpcs") for v in page["Vpcs"]]
        vpcs = [Vpc(v["VpcId"], _name(v), v.get("CidrBlock", ""), v.get("IsDefault", False)) for v in raws]
        return sorted(vpcs, key=lambda v: (v.is_default, v.name, v.vpc_id))

    def describe_subnets(self, vpc_id: str | None = None) -> list[Subnet]:
        """The subnets of a VPC (or of the region), private ones first.

        A subnet is public when its route table (its own, else the VPC's main one) leads to an internet gateway.
        """
        chosen: Answer = {} if vpc_id is None else {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]}
        raws = [s for page in self._pages("describe_subnets", **chosen) for s in page["Subnets"]]
        tables = [t for page in self._pages("describe_route_tables", **chosen) for t in page["RouteTables"]]
        subnets = [
            Subnet(
                s["SubnetId"],
                _name(s),
                s.get("CidrBlock", ""),
                s["VpcId"],
                s.get("AvailabilityZone", ""),
                _public(s, tables),
            )
            for s in raws
        ]
        return sorted(subnets, key=lambda s: (s.is_public, s.name, s.subnet_id))

    def describe_instance(self, instance_id: str) -> Instance:
        """Describe one instance. Raises NotFound when the region has no such instance."""
        return _instance(self._raw_instance(instance_id))

    def _raw_instance(self, instance_id: str) -> Answer:
        reservations = self._call("describe_instances", InstanceIds=[instance_id])["Reservations"]
        instances: list[Answer] = [i for r in reservations for i in r["Instances"]]
        if not instances:
            raise NotFound(f"There is no instance {instance_id} in this region.", "Check the id and --region.")
        return instances[0]

    def keep_volumes(self, instance_id: str) -> tuple[str, ...]:
        """Let every volume of the instance outlive it (two calls); return the ids of those that would not have.

        Source: ModifyInstanceAttribute, BlockDeviceMappings. It changes neither the instance's state nor its template.
        """
        mappings = self._raw_instance(instance_id).get("BlockDeviceMappings", ())
        dying = [disk for disk in mappings if disk.get("Ebs", {}).get("DeleteOnTermination", True)]
        if dying:
            self._call(
                "modify_instance_attribute",
                InstanceId=instance_id,
                BlockDeviceMappings=[
                    {"DeviceName": disk["DeviceName"], "Ebs": {"DeleteOnTermination": False}} for disk in dying
                ],
            )
        return tuple(disk["Ebs"]["VolumeId"] for disk in dying)

    def instance_health(self, instance_id: str) -> InstanceHealth:
        """What of an instance decides about sessions. Raises NotFound."""
        reservations = self._call("describe_instances", InstanceIds=[instance_id])["Reservations"]
        instance = next((i for r in reservations for i in r["Instances"]), None)
        if instance is None:
            raise NotFound(f"There is no instance {instance_id} in this region.", "Check the id and --region.")
        metadata = instance.get("MetadataOptions", {})
        return InstanceHealth(
            instance_id,
            instance["State"]["Name"],
            instance.get("VpcId", ""),
            instance.get("SubnetId", ""),
            instance.get("IamInstanceProfile", {}).get("Arn", ""),
            metadata.get("HttpTokens", ""),
            int(metadata.get("HttpPutResponseHopLimit", 0)),
            metadata.get("HttpEndpoint", "enabled"),
            {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())},
            instance.get("PrivateIpAddress", ""),
            instance.get("PublicIpAddress", ""),
            tuple(group["GroupId"] for group in instance.get("SecurityGroups", ())),
        )

    def describe_default_route(self, vpc_id: str, subnet_id: str) -> DefaultRoute:
        """Where a subnet's default route leads. One call."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        tables = [t for page in self._pages("describe_route_tables", Filters=filters) for t in page["RouteTables"]]
        table = _table(subnet_id, vpc_id, tables)
        live = [r for r in table.get("Routes", ()) if r.get("State", "active") == "active"]
        default: Answer = next((r for r in live if r.get("DestinationCidrBlock") == "0.0.0.0/0"), {})
        local: Answer = next((r for r in live if r.get("GatewayId") == "local"), {})
        leads = next((default[key] for key in _NEXT_HOPS if default.get(key)), "")
        return DefaultRoute(leads, table.get("RouteTableId", ""), local.get("DestinationCidrBlock", ""))

    def describe_vpc_endpoints(self, vpc_id: str) -> list[VpcEndpoint]:
        """The VPC's endpoints that are available; pending and deleted ones are left out. One call."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
        raws = [e for page in self._pages("describe_vpc_endpoints", Filters=filters) for e in page["VpcEndpoints"]]
        return [_endpoint(raw) for raw in raws if raw.get("State", "available").lower() == "available"]

    def describe_ingress_rules(self, group_ids: Iterable[str]) -> list[IngressRule]:
        """What lets TCP into these security groups. One call; none for no group."""
        chosen = sorted(set(group_ids))
        if not chosen:
            return []
        pages = self._pages("describe_security_groups", GroupIds=chosen)
        groups = [g for page in pages for g in page["SecurityGroups"]]
        return [_ingress_rule(g["GroupId"], rule) for g in groups for rule in g["IpPermissions"] if _carries_tcp(rule)]

    def find_targets(self, **filters: str) -> list[Target]:
        """Instances by EC2's own filters, written with underscores (`private_ip_address`, `tag_Name` for tag:Name).

        Terminated ones are left out; running ones come first.
        """
        asked = [{"Name": _filter_name(key), "Values": [value]} for key, value in filters.items()]
        pages = self._pages("describe_instances", Filters=asked)
        targets = [_target(i) for page in pages for r in page["Reservations"] for i in r["Instances"]]
        alive = [target for target in targets if target.state not in ("terminated", "shutting-down")]
        return sorted(alive, key=lambda t: (t.state != "running", t.name, t.instance_id))

    def instance_tags(self, instance_id: str) -> dict[str, str]:
        """The tags of one instance. Raises NotFound when the region has no such instance."""
        self.describe_instance(instance_id)
        filters = [{"Name": "resource-id", "Values": [instance_id]}]
        return {t["Key"]: t["Value"] for page in self._pages("describe_tags", Filters=filters) for t in page["Tags"]}

    def create_tag(self, resource_id: str, key: str, value: str) -> None:
        """Set one tag."""
        self._call("create_tags", Resources=[resource_id], Tags=[{"Key": key, "Value": value}])

    def delete_tag(self, resource_id: str, key: str, value: str) -> None:
        """Take one tag away, if it has this value."""
        self._call("delete_tags", Resources=[resource_id], Tags=[{"Key": key, "Value": value}])


def _instance(raw: Answer) -> Instance:
    disks = [mapping["Ebs"] for mapping in raw.get("BlockDeviceMappings", ()) if "Ebs" in mapping]
    return Instance(
        instance_id=raw["InstanceId"],
        state=raw["State"]["Name"],
        instance_type=raw.get("InstanceType", ""),
        image_id=raw.get("ImageId", ""),
        private_ip=raw.get("PrivateIpAddress", ""),
        launched=raw.get("LaunchTime"),
        name=_name(raw),
        volumes=tuple(disk["VolumeId"] for disk in disks),
        retained_volumes=tuple(disk["VolumeId"] for disk in disks if not disk.get("DeleteOnTermination", True)),
    )


def _filter_name(key: str) -> str:
    return f"tag:{key[4:]}" if key.startswith("tag_") else key.replace("_", "-")


def _target(raw: Answer) -> Target:
    return Target(
        instance_id=raw["InstanceId"],
        name=_name(raw),
        private_ip=raw.get("PrivateIpAddress", ""),
        state=raw["State"]["Name"],
        private_dns=raw.get("PrivateDnsName", ""),
        zone=raw.get("Placement", {}).get("AvailabilityZone", ""),
        tags={tag["Key"]: tag["Value"] for tag in raw.get("Tags", ())},
    )


def _name(raw: Answer) -> str:
    return next((str(tag["Value"]) for tag in raw.get("Tags", ()) if tag["Key"] == "Name"), "")


_NEXT_HOPS = (
    "NatGatewayId",
    "GatewayId",  # an internet or virtual private gateway, or a Gateway Load Balancer's endpoint
    "TransitGatewayId",
    "NetworkInterfaceId",
    "VpcPeeringConnectionId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
)


def _endpoint(raw: Answer) -> VpcEndpoint:
    return VpcEndpoint(
        raw["VpcEndpointId"],
        raw["ServiceName"].rpartition(".")[2],
        raw.get("VpcEndpointType") == "Interface",
        raw.get("PrivateDnsEnabled", False),
        tuple(group["GroupId"] for group in raw.get("Groups", ())),
        tuple(raw.get("RouteTableIds", ())),
        next((str(tag["Value"]) for tag in raw.get("Tags", ()) if tag["Key"] == STACK_TAG_KEY), ""),
    )


def _carries_tcp(rule: Answer) -> bool:
    return rule["IpProtocol"] in ("tcp", "6", "-1")


def _ingress_rule(group_id: str, rule: Answer) -> IngressRule:
    return IngressRule(
        group_id,
        rule.get("FromPort", 0),
        rule.get("ToPort", 65535),
        tuple(each["CidrIp"] for each in rule.get("IpRanges", ())),
        tuple(each["GroupId"] for each in rule.get("UserIdGroupPairs", ()) if "GroupId" in each),
        tuple(each["PrefixListId"] for each in rule.get("PrefixListIds", ())),
    )


def _public(subnet: Answer, tables: Iterable[Answer]) -> bool:
    routes = _table(subnet["SubnetId"], subnet["VpcId"], tables).get("Routes", ())
    return any(str(route.get("GatewayId", "")).startswith("igw-") for route in routes)


def _table(subnet_id: str, vpc_id: str, tables: Iterable[Answer]) -> Answer:
    """The route table of a subnet: its own, else the VPC's main one; empty where neither is told."""
    own, main = None, None
    for table in tables:
        for association in table.get("Associations", ()):
            if association.get("SubnetId") == subnet_id:
                own = table
            elif association.get("Main") and table.get("VpcId") == vpc_id:
                main = table
    return own or main or {}
