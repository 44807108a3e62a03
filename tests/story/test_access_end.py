"""At the end of a grant the stack itself ends what support has open, with nothing of ours running, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import pytest

from generator.sandbox.lifecycle import control
from tests.embedded import VENDOR_ROLE, Deployer
from tests.sandbox_keys import recorded
from tests.story.test_flip_sessions import live, of_the_role, of_the_user, open_session

RULE = "AccessEndRule"


@pytest.fixture
def granted(deployer: Deployer) -> Iterator[Deployer]:
    """A stack whose support may sign in for an hour, by key and by role."""
    deployer.create("--support-user=yes", "--support-role=yes")
    ran = deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "1h", "--yes")
    assert ran.code == 0, ran.err
    assert RULE in deployer.physical_ids()
    yield deployer
    deployer("access", "revoke", "--all", "--yes")  # or its role would admit the vendor when others are asked about
    assert RULE not in deployer.physical_ids()


@pytest.fixture
def put_clock_ahead() -> Iterator[Callable[[float], object]]:
    """Put the clock of the sandbox's rules ahead of this computer's by so many seconds, for the time of the test."""

    def put(ahead: float) -> object:
        return control(recorded(), "POST", "/_sandbox/clock", json.dumps({"ahead": ahead}).encode())

    yield put
    put(0)


def called(deployer: Deployer, condition: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether the condition came true while the rule, which looks once a second here, had that long."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.2)
    return condition()


def test_the_end_of_a_grant_ends_the_sessions_of_support_and_of_nobody_else(
    granted: Deployer, put_clock_ahead: Callable[[float], object]
) -> None:
    by_key, by_role = open_session(granted, of_the_user(granted)), open_session(granted, of_the_role(granted))
    own = open_session(granted)
    time.sleep(2)  # the rule has been seen: its minute runs
    put_clock_ahead(90)
    assert not called(granted, lambda: not {by_key, by_role} <= live(granted), 5)
    put_clock_ahead(2 * 3600)
    assert called(granted, lambda: not {by_key, by_role} & live(granted))
    assert own in live(granted)


def test_a_function_that_does_not_admit_the_rule_is_not_called(
    granted: Deployer, put_clock_ahead: Callable[[float], object]
) -> None:
    session, ids = open_session(granted, of_the_user(granted)), granted.physical_ids()
    functions = granted.gateway.client("lambda")
    functions.remove_permission(FunctionName=ids["KeeperFunction"], StatementId=ids["AccessEndPermission"])
    time.sleep(2)
    put_clock_ahead(2 * 3600)
    assert not called(granted, lambda: session not in live(granted), 5)


def test_without_an_end_there_is_no_rule(deployer: Deployer) -> None:
    deployer.create("--support-user=yes")
    assert RULE not in deployer.physical_ids()
