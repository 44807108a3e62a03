"""An EC2 instance: what must not change when it is left alone, and what its sessions need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Instance:
    """An EC2 instance, with what must not change when it is left alone. `volumes` are EBS volume ids;
    `retained_volumes` those that outlive it (DeleteOnTermination false)."""

    instance_id: str
    state: str
    instance_type: str
    image_id: str
    private_ip: str
    launched: datetime | None
    name: str = ""
    volumes: tuple[str, ...] = ()
    retained_volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class InstanceHealth:
    """What matters for sessions on an instance. `tokens` and `hops` are IMDS settings, "" and 0 if not reported.
    `groups` are the IDs of its security groups."""

    instance_id: str
    state: str
    vpc_id: str
    subnet_id: str
    profile: str = ""
    tokens: str = ""
    hops: int = 0
    imds: str = "enabled"
    tags: Mapping[str, str] = field(default_factory=dict)
    private_ip: str = ""
    public_ip: str = ""
    groups: tuple[str, ...] = ()
