"""At the end of a grant the stack itself ends what support has open, with nothing of ours running, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from botocore.session import Session as Aws

from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from generator.sandbox.lifecycle import control
from tests.embedded import VENDOR_ROLE, Deployer
from tests.sandbox.ssm.service import Service
from tests.sandbox_keys import recorded
from tests.story.test_flip_sessions import live, of_the_role, of_the_user, open_session

RULE = "AccessEndRule"
OPTIONS = ChannelOptions(proxy=None, half_close=0.3)


@pytest.fixture
def granted(deployer: Deployer) -> Iterator[Deployer]:
    """A stack whose support may sign in for an hour, by key and by role."""
    deployer.create("--support-user=yes", "--support-role=yes")
    ran = deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "1h", "--yes")
    assert ran.code == 0 and "Until then a shell lasts 60 minutes at most." in ran.out + ran.err, ran.err
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


def test_an_open_shell_and_an_open_tunnel_are_dead_two_minutes_after_a_grant_of_two_minutes(
    deployer: Deployer, put_clock_ahead: Callable[[float], object]
) -> None:
    """Through the data channel, as support and as the customer; by the stack alone: no command runs meanwhile."""
    deployer.create("--support-user=yes")
    granted = deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "2m", "--yes", "--output", "json")
    assert granted.code == 0, granted.err
    end = datetime.fromisoformat(granted.result["grant"]["until"]).timestamp()
    support, customer = Aws().create_client("ssm", **of_the_user(deployer)), Aws().create_client("ssm")
    shell = {"Target": deployer.outputs["InstanceId"], "DocumentName": deployer.outputs["ShellDocumentName"]}
    tunnel = {**shell, "DocumentName": deployer.outputs["PortDocumentName"], "Parameters": {"portNumber": ["3035"]}}

    async def page(port: int) -> bytes:
        """What the product's page answers through the tunnel; b"" from one that is dead."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
        except OSError:
            return b""
        return answer

    async def at(moment: float, condition: Callable[[], bool]) -> bool:
        """Whether the condition comes true once the rule's clock shows this moment."""
        await asyncio.to_thread(put_clock_ahead, moment - time.time())
        return await asyncio.to_thread(called, deployer, condition, 10)

    async def story() -> None:
        ours, theirs = Service(customer, shell), Service(support, shell)
        through = Forward(Service(support, tunnel), (Listen(),))
        async with (
            open_channel(ours, OPTIONS) as own,
            open_channel(theirs, OPTIONS) as opened,
            forward([through], OPTIONS) as (port,),
        ):
            await asyncio.sleep(2)  # the rule has been seen: its minute runs
            assert b"DeepSQL" in await page(port.ports[0])
            assert not await at(end - 1, lambda: theirs.session_id not in live(deployer)), "the end has not come"
            assert await at(end + 120, lambda: theirs.session_id not in live(deployer))
            while await asyncio.wait_for(opened.receive(), 10) is not None:
                pass
            assert await page(port.ports[0]) == b"" and ours.session_id in live(deployer)
            assert own.end is None
            await own.write(b"echo still here\n")
            output = b""
            while b"still here" not in output:
                received = await asyncio.wait_for(own.receive(), 10)
                assert received is not None
                output += received.payload

    asyncio.run(story())


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
