"""The deletion of a stack: what it would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.stack import StackResource
from generator.model.up import AccessLoss, Check


@dataclass(frozen=True)
class RetainedResource:
    """Something that outlives the stack, why, and the command that removes it for good."""

    name: str
    why: str
    removal: str


@dataclass(frozen=True)
class AccessBefore:
    """Who is let in while a stack is deleted. `granted` by its record, `until` when ("": no end).

    `leaving` are the support user and role that go, with what they have open; `secret` and `instance_id` those that go,
    "" for none. `database` is who support is in which database, and `key` the stack's: both outlive it. `revoke` is the
    command that closes all of it and proves it.
    """

    granted: tuple[str, ...]
    until: str
    leaving: AccessLoss
    revoke: str
    secret: str = ""
    key: str = ""
    instance_id: str = ""
    database: str = ""


@dataclass(frozen=True)
class DownPlan:
    """What a deletion would do. Nothing has been changed yet, unless it `joins` a deletion that runs.

    `access` is None where neither support user nor role goes with it.
    """

    stack_name: str
    stack_id: str
    token: str
    protected: bool
    lost: tuple[StackResource, ...]
    retained: tuple[RetainedResource, ...]
    warnings: tuple[str, ...] = ()
    retain: frozenset[str] = frozenset()
    joins: bool = False
    access: AccessBefore | None = None


@dataclass(frozen=True)
class DownResult:
    """What a deletion did: how many resources it removed, what outlives the stack, and what was asked afterwards."""

    stack_name: str
    removed: int
    retained: tuple[RetainedResource, ...]
    checks: tuple[Check, ...] = ()
