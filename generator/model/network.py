"""VPCs and subnets, as a person chooses between them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network


@dataclass(frozen=True)
class Vpc:
    """A VPC of the account and region."""

    vpc_id: str
    name: str
    cidr: str
    is_default: bool

    @property
    def label(self) -> str:
        """One line to pick it by."""
        kind = "default VPC" if self.is_default else ""
        return "  ".join(part for part in (self.vpc_id, self.cidr, self.name, kind) if part)


@dataclass(frozen=True)
class Subnet:
    """A subnet; public when its route table leads to an internet gateway."""

    subnet_id: str
    name: str
    cidr: str
    vpc_id: str
    zone: str
    is_public: bool

    @property
    def label(self) -> str:
        """One line to pick it by."""
        kind = "public" if self.is_public else "private"
        return "  ".join(part for part in (self.subnet_id, self.cidr, self.zone, kind, self.name) if part)


@dataclass(frozen=True)
class DefaultRoute:
    """Where a subnet's default route leads, in words of EC2: `nat-…`, `igw-…`; "" nowhere, a black hole too.

    `table_id` is the subnet's route table, or the VPC's main one; `cidr` the VPC's range, from its local route.
    """

    target: str = ""
    table_id: str = ""
    cidr: str = ""

    def serves(self, *, public_address: bool) -> bool:
        """Whether an instance gets out by it: an internet gateway takes those with a public address only."""
        return bool(self.target) and (public_address or not self.target.startswith("igw-"))


@dataclass(frozen=True)
class VpcEndpoint:
    """A VPC endpoint for a service of AWS that is there. `service` ends its service's name: `ssm`, `s3`.

    `stack` is the stack of the VPC endpoints' template it belongs to, if any.
    """

    endpoint_id: str
    service: str
    interface: bool
    private_dns: bool = False
    groups: tuple[str, ...] = ()
    route_tables: tuple[str, ...] = ()
    stack: str = ""


@dataclass(frozen=True)
class IngressRule:
    """One rule that lets TCP into a security group: from port to port, from ranges or from groups."""

    group_id: str
    first: int
    last: int
    cidrs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()

    def lets_in(self, port: int, address: str, groups: tuple[str, ...]) -> bool:
        """Whether it may let this client in. A prefix list is not looked into, so it may."""
        if not self.first <= port <= self.last:
            return False
        near = bool(address) and any(ip_address(address) in ip_network(cidr, strict=False) for cidr in self.cidrs)
        return near or bool(self.lists) or bool(set(self.groups) & set(groups))


@dataclass(frozen=True)
class SubnetWarning:
    """What an instance in a subnet could not reach. `route` says why, and `absent` are the endpoints that would do.

    Without `absent` ones it reaches Systems Manager and not the internet. `remediation` is the command that adds them;
    `other_subnet`: another subnet may have a route. `unchecked` is why nothing of this is known, else empty.
    """

    subnet_id: str
    route: str = ""
    absent: tuple[str, ...] = ()
    remediation: str = ""
    other_subnet: bool = False
    unchecked: str = ""


@dataclass(frozen=True)
class PublicSubnet:
    """A public subnet that was chosen for the instance, which gets no public address; shown before it is confirmed."""

    subnet_id: str
