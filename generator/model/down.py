"""The deletion of a stack: what it would do, and what it did."""

from __future__ import annotations

from dataclasses import dataclass

from generator.model.stack import StackResource


@dataclass(frozen=True)
class RetainedResource:
    """Something that outlives the stack, why, and the command that removes it for good."""

    name: str
    why: str
    removal: str


@dataclass(frozen=True)
class DownPlan:
    """What a deletion would do. Nothing has been changed yet, unless it `joins` a deletion that runs."""

    stack_name: str
    stack_id: str
    token: str
    protected: bool
    lost: tuple[StackResource, ...]
    retained: tuple[RetainedResource, ...]
    warnings: tuple[str, ...] = ()
    retain: frozenset[str] = frozenset()
    joins: bool = False


@dataclass(frozen=True)
class DownResult:
    """What a deletion did: how many resources it removed, and what outlives the stack."""

    stack_name: str
    removed: int
    retained: tuple[RetainedResource, ...]
