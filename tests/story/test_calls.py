"""How many calls each command makes: exact, and the same on every machine."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.embedded import PLACE, Deployer

POLLS = ("DescribeStackEvents", "DescribeChangeSet")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    made: Counter[str] = Counter()
    real = BaseClient._make_api_call

    def counted(self: Any, operation: str, params: Any) -> Any:
        made[operation] += 1
        return real(self, operation, params)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    yield made


def outside_polls(calls: Counter[str]) -> dict[str, int]:
    return {name: number for name, number in calls.items() if name not in POLLS}


def test_create_takes_five_calls_outside_the_polls(deployer: Deployer, calls: Counter[str]) -> None:
    deployer.create()
    once = ("CreateChangeSet", "ExecuteChangeSet", "UpdateTerminationProtection")
    assert outside_polls(calls) == {"DescribeStacks": 2, **dict.fromkeys(once, 1)}


def test_a_plan_to_create_looks_at_the_routes_once(deployer: Deployer, calls: Counter[str]) -> None:
    """Its endpoints are looked at only where a subnet has no route."""
    assert deployer("up", *PLACE, "--plan").code == 0
    once = ("DescribeStacks", "CreateChangeSet", "DescribeRouteTables", "DeleteChangeSet", "DeleteStack")
    assert outside_polls(calls) == dict.fromkeys(once, 1)


def test_a_one_parameter_update_takes_four(deployer: Deployer, calls: Counter[str]) -> None:
    deployer.create()
    calls.clear()
    assert deployer.up("--session-log-retention-days", "30").code == 0
    assert outside_polls(calls) == {"DescribeStacks": 2, "CreateChangeSet": 1, "ExecuteChangeSet": 1}


def test_nothing_to_do_takes_at_most_two_reads(deployer: Deployer, calls: Counter[str]) -> None:
    deployer.create()
    calls.clear()
    deployer.up()
    assert calls == {"DescribeStacks": 1, "GetTemplate": 1}
    calls.clear()
    deployer.up("--support-user=yes")
    assert calls == {"DescribeStacks": 1}


def test_reading_the_stack_takes_two(deployer: Deployer, calls: Counter[str]) -> None:
    deployer.create()
    calls.clear()
    deployer("status")
    assert calls == {"DescribeStacks": 1, "ListStackResources": 1}


def test_a_refused_command_line_asks_nothing(deployer: Deployer, calls: Counter[str]) -> None:
    assert deployer.up(*PLACE, "--parameter", "Nonsense=1").code == 2
    assert deployer.up("--admin-password", "x" * 12).code == 2
    assert set(calls) <= {"DescribeStacks"}
