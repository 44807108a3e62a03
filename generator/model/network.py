"""VPCs and subnets, as a person chooses between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
class Instance:
    """An EC2 instance, with what must not change when it is left alone. `volumes` are EBS volume ids;
    `kept_volumes` those that outlive it (DeleteOnTermination false)."""

    instance_id: str
    state: str
    instance_type: str
    image_id: str
    private_ip: str
    launched: datetime | None
    name: str = ""
    volumes: tuple[str, ...] = ()
    kept_volumes: tuple[str, ...] = ()
