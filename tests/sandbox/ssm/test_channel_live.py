"""The product's own data channel against the sandbox's gateway and agent, over real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions, EndKind, SessionGrant
from generator.channel.shell import run_command, shell
from generator.channel.stdio import stdio
from generator.channel.transport import connect_websocket
from generator.errors import DeployerError
from tests.sandbox_keys import control, recorded, root

from .conftest import AGENT, launch
from .service import Service

OPTIONS = ChannelOptions(proxy=None, half_close=0.3)


def register(home: Path, instance: str, **settings: Any) -> None:
    control("PUT", f"instances/{instance}", settings, recorded(home))


@asynccontextmanager
async def echo_server() -> AsyncIterator[int]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def tunnel(client: Any, instance: str, port_document: str) -> Callable[..., Service]:
    def make(port: str, ssm: Any = None, **more: Any) -> Service:
        request = {"Target": instance, "DocumentName": port_document, "Parameters": {"portNumber": [port]}}
        return Service(ssm or client("ssm"), request, **more)

    return make


async def ask(port: int, data: bytes) -> bytes:
    """What comes back on a new connection for `data`, as many bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.readexactly(len(data)), 20)
    finally:
        writer.close()


def test_the_products_page_says_that_it_is_imitated(tunnel: Any) -> None:
    async def story() -> bytes:
        async with forward([Forward(tunnel("3035"), (Listen(),))], OPTIONS) as (opened,):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.ports[0])
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            page = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return page

    assert b"DeepSQL (imitated by the sandbox)" in asyncio.run(story())


@pytest.mark.parametrize("version", ["3.3.2656.0", "3.0.100.0"])
def test_bytes_pass_both_ways_with_new_and_old_agents(
    client: Any, sandbox_home: Path, port_document: str, version: str
) -> None:
    sent = os.urandom(200_000) + b"\n"

    async def story() -> list[bytes]:
        async with echo_server() as port:
            node = launch(client, {})
            register(sandbox_home, node, ports={"5432": port}, agentVersion=version)
            request = {"Target": node, "DocumentName": port_document, "Parameters": {"portNumber": ["5432"]}}
            async with forward([Forward(Service(client("ssm"), request), (Listen(),))], OPTIONS) as (opened,):
                return [
                    await ask(opened.ports[0], sent),
                    *await asyncio.gather(*(ask(opened.ports[0], b"x") for _ in "12")),
                ]

    assert asyncio.run(story()) == [sent, b"x", b"x"]


def test_a_port_with_nothing_behind_it_is_refused_and_the_tunnel_lives_on(tunnel: Any) -> None:
    async def story() -> tuple[bytes, int]:
        async with forward([Forward(tunnel("5432"), (Listen(),))], OPTIONS) as (opened,):
            reader, writer = await asyncio.open_connection("127.0.0.1", opened.ports[0])
            nothing = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return nothing, opened.figures().refused

    assert asyncio.run(story()) == (b"", 1)


def test_a_tunnel_that_is_closed_leaves_no_session(client: Any, tunnel: Any) -> None:
    service = tunnel("3035")

    async def story() -> None:
        async with forward([Forward(service, (Listen(),))], OPTIONS):
            pass

    asyncio.run(story())
    filters = [{"key": "SessionId", "value": service.session_id}]
    assert client("ssm").describe_sessions(State="Active", Filters=filters)["Sessions"] == []


def test_an_administrator_ends_a_session_and_its_channel_hears_why(client: Any, tunnel: Any) -> None:
    service = tunnel("3035")

    async def story() -> tuple[EndKind, str]:
        async with open_channel(service, OPTIONS) as channel:
            await asyncio.to_thread(client("ssm").terminate_session, SessionId=service.session_id)
            assert await asyncio.wait_for(channel.receive(), 10) is None
            assert channel.end
            return channel.end.kind, channel.end.reason

    kind, reason = asyncio.run(story())
    assert kind is EndKind.REMOTE and "was terminated" in reason


def test_a_session_ends_when_it_reaches_its_maximum_duration(client: Any, instance: str, sandbox_home: Path) -> None:
    content = {
        "schemaVersion": "1.0",
        "sessionType": "Standard_Stream",
        "inputs": {
            **dict.fromkeys(("s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "runAsEnabled"), False),
            "maxSessionDuration": "60",
        },
    }
    names = f"an-hour-{uuid.uuid4().hex[:8]}", f"no-limit-{uuid.uuid4().hex[:8]}"
    for name in names:
        client("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Session")
        content["inputs"].pop("maxSessionDuration", None)  # type: ignore[attr-defined]

    def put_clock_ahead(minutes: int) -> None:
        control("POST", "clock", {"ahead": 60 * minutes}, recorded(sandbox_home))

    async def story() -> str:
        an_hour, no_limit = (Service(client("ssm"), {"Target": instance, "DocumentName": name}) for name in names)
        async with open_channel(an_hour, OPTIONS) as short, open_channel(no_limit, OPTIONS) as long:
            await asyncio.to_thread(put_clock_ahead, 59)
            await asyncio.sleep(1.5)
            assert short.end is None
            await asyncio.to_thread(put_clock_ahead, 61)
            while await asyncio.wait_for(short.receive(), 10) is not None:
                pass
            assert long.end is None and short.end is not None
            return short.end.reason

    try:
        assert asyncio.run(story()) == "Session reached its maximum duration."
    finally:
        put_clock_ahead(0)


def test_a_session_ends_with_its_instance(client: Any, port_document: str) -> None:
    node = launch(client, {})
    request = {"Target": node, "DocumentName": port_document, "Parameters": {"portNumber": ["3035"]}}

    async def story() -> str:
        async with open_channel(Service(client("ssm"), request), OPTIONS) as channel:
            await asyncio.to_thread(client("ec2").stop_instances, InstanceIds=[node])
            assert await asyncio.wait_for(channel.receive(), 10) is None
            return channel.end.reason if channel.end else ""

    assert asyncio.run(story()) == f"{node} is no longer running."


def test_a_cut_connection_is_resumed_with_every_byte(client: Any, sandbox_home: Path, port_document: str) -> None:
    sent = os.urandom(60_000)

    async def story() -> tuple[bytes, int]:
        async with echo_server() as port:
            node = launch(client, {})
            register(sandbox_home, node, ports={"5432": port})
            request = {"Target": node, "DocumentName": port_document, "Parameters": {"portNumber": ["5432"]}}
            opened_sockets: list[Any] = []

            async def connect(*arguments: Any) -> Any:
                opened_sockets.append(await connect_websocket(*arguments))
                return opened_sockets[-1]

            wanted = [Forward(Service(client("ssm"), request), (Listen(),))]
            async with forward(wanted, OPTIONS, connect) as (opened,):
                asking = asyncio.create_task(ask(opened.ports[0], sent))
                await asyncio.sleep(0.03)
                await opened_sockets[0].close()
                return await asking, opened.figures().reconnects

    answer, reconnects = asyncio.run(story())
    assert answer == sent and reconnects >= 1


@pytest.mark.parametrize("allowed", [True, False])
def test_a_signed_opening_needs_open_data_channel(client: Any, user: Any, instance: str, allowed: bool) -> None:
    actions = ["ssm:StartSession", "ssm:TerminateSession"] + (["ssmmessages:OpenDataChannel"] if allowed else [])
    who = user({"Effect": "Allow", "Action": actions, "Resource": "*"})
    service = Service(who("ssm"), {"Target": instance}, keys=who.key)

    async def story() -> str:
        try:
            async with open_channel(service, OPTIONS) as channel:
                return channel.handshake.customer_message
        except DeployerError as error:
            return error.code

    assert asyncio.run(story()) == ("This session is served by the deployer sandbox." if allowed else "channel-refused")


def test_where_signatures_are_required_an_unsigned_opening_is_refused(client: Any, sandbox_home: Path) -> None:
    node = launch(client, {})
    register(sandbox_home, node, requireSignature=True)
    own = root(recorded(sandbox_home))
    keys = {"AccessKeyId": own["aws_access_key_id"], "SecretAccessKey": own["aws_secret_access_key"]}

    async def story(keys: dict[str, str] | None) -> None:
        async with open_channel(Service(client("ssm"), {"Target": node}, keys=keys), OPTIONS):
            pass

    with pytest.raises(DeployerError, match="unsigned"):
        asyncio.run(story(None))
    asyncio.run(story(keys))


def test_a_wrong_token_opens_nothing(client: Any, instance: str) -> None:
    class Thief(Service):
        def start(self) -> SessionGrant:
            return replace(super().start(), token="guessed")

        def resume(self, session_id: str) -> str:
            return ""

    async def story() -> None:
        async with open_channel(Thief(client("ssm"), {"Target": instance}), OPTIONS):
            pass

    with pytest.raises(DeployerError):
        asyncio.run(story())


def run_shell(service: Service, typed: bytes) -> str:
    """What the shell shows while `typed` is typed into it."""

    async def story() -> None:
        async with open_channel(service, OPTIONS) as channel:
            await asyncio.wait_for(shell(channel, stdin, shown), 20)

    stdin, typing = os.pipe()
    output, shown = os.pipe()
    os.write(typing, typed)
    try:
        asyncio.run(story())
        return os.read(output, 65_536).decode()
    finally:
        for fd in (stdin, typing, output, shown):
            os.close(fd)


def test_a_shell_is_imitated_and_says_so(client: Any, instance: str) -> None:
    shown = run_shell(Service(client("ssm"), {"Target": instance}), b"echo hello\rstty size\rrm -rf /\rexit\r")
    assert "Sandbox shell: imitated" in shown and "\r\nhello\r\n" in shown
    assert "\r\n100 300\r\n" in shown and "rm: not imitated" in shown


def test_a_shell_is_interrupted(client: Any, instance: str) -> None:
    shown = run_shell(Service(client("ssm"), {"Target": instance}), b"sleep 60\r\x03\x04")
    assert "^C" in shown and shown.endswith("exit\r\n")


def test_a_command_has_an_exit_code(client: Any, instance: str) -> None:
    request = {
        "Target": instance,
        "DocumentName": "AWS-StartNonInteractiveCommand",
        "Parameters": {"command": ["echo out; exit 3"]},
    }

    async def story(out: int) -> int | None:
        async with open_channel(Service(client("ssm"), request), OPTIONS) as channel:
            return (await run_command(channel, out)).exit_code

    read, write = os.pipe()
    assert asyncio.run(story(write)) == 3
    assert os.read(read, 100) == b"out\n"


def test_a_bare_connection_is_carried_for_ssh(client: Any, sandbox_home: Path) -> None:
    node = launch(client, {})
    request = {"Target": node, "DocumentName": "AWS-StartSSHSession"}
    stdin, typing = os.pipe()
    output, shown = os.pipe()

    async def story() -> None:
        async with echo_server() as port:
            register(sandbox_home, node, ports={"22": port})
            async with open_channel(Service(client("ssm"), request), OPTIONS) as channel:
                os.write(typing, b"SSH-2.0-test\r\n")
                os.close(typing)
                await stdio(channel, stdin, shown)

    asyncio.run(story())
    assert os.read(output, 100) == b"SSH-2.0-test\r\n"


@pytest.fixture
def logged(client: Any) -> Callable[..., tuple[Service, str]]:
    """logged(encrypted=, decrypts=) -> a shell by a document with a key and a log group, and that group's name."""

    def make(*, encrypted: bool = True, decrypts: bool = True) -> tuple[Service, str]:
        name = f"logged-{uuid.uuid4().hex[:8]}"
        key = client("kms").create_key()["KeyMetadata"]["Arn"]
        client("logs").create_log_group(logGroupName=name, **({"kmsKeyId": key} if encrypted else {}))
        inputs = {"s3EncryptionEnabled": False, "cloudWatchEncryptionEnabled": True, "runAsEnabled": False}
        inputs |= {"cloudWatchLogGroupName": name, "kmsKeyId": key}  # type: ignore[dict-item]
        content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
        client("ssm").create_document(Name=name, Content=json.dumps(content), DocumentType="Session")
        may = [*AGENT, "logs:CreateLogStream", "logs:PutLogEvents", *(["kms:Decrypt"] if decrypts else [])]
        node = launch(client, {}, agent=may)
        return Service(client("ssm"), {"Target": node, "DocumentName": name}, kms=client("kms")), name

    return make


def test_an_encrypted_shell_leaves_a_transcript(client: Any, logged: Any) -> None:
    service, group = logged()
    assert "secret words" in run_shell(service, b"echo secret words\rexit\r")
    events = client("logs").get_log_events(logGroupName=group, logStreamName=service.session_id)["events"]
    lines = [event["message"] for event in events]
    assert "secret words" in lines and any(line.endswith("$ echo secret words") for line in lines)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [({"encrypted": False}, "encryption is not set up"), ({"decrypts": False}, "may not decrypt")],
)
def test_a_shell_that_could_not_be_logged_or_encrypted_does_not_start(
    logged: Any, inputs: dict[str, bool], words: str
) -> None:
    service, _ = logged(**inputs)
    with pytest.raises(DeployerError, match=words):
        run_shell(service, b"exit\r")
