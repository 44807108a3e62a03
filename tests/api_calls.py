"""Counting API calls, in the order in which they were made: what the tests of calls and the bench share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from botocore.client import BaseClient

EVENTS = "DescribeStackEvents"
POLLS = (EVENTS, "DescribeChangeSet")
"""The calls that are repeated while CloudFormation works: their number depends on how long it takes."""


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations called from here on, in order, while the patch lasts."""
    made: list[str] = []
    real = BaseClient._make_api_call

    def call(client: Any, operation: str, parameters: Any) -> Any:
        made.append(operation)
        return real(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return made


def outside_polls(calls: Iterable[str]) -> Counter[str]:
    """The calls by operation, polls left out."""
    return Counter(call for call in calls if call not in POLLS)


def until_end(calls: Sequence[str]) -> Sequence[str]:
    """The calls up to the stack's terminal event, which the last poll of the events reads; all where none was read."""
    return calls[: len(calls) - len(after_end(calls))]


def after_end(calls: Sequence[str]) -> Sequence[str]:
    """The calls after the stack's terminal event: what is verified and read then. None where no event was read."""
    return calls[len(calls) - calls[::-1].index(EVENTS) :] if EVENTS in calls else ()


def before_first(operation: str, calls: Sequence[str]) -> Sequence[str]:
    """The calls before the first one of that operation. Raises ValueError when there is none."""
    return calls[: calls.index(operation)]
