"""The same over a real websocket on loopback."""

import asyncio
from http import HTTPStatus

import pytest
from websockets.asyncio.server import serve

from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from generator.channel.transport import authorities
from generator.errors import DeployerError
from tests.channel.agent import Agent, BytesApp, Echo, MuxApp
from tests.channel.gateway import Gateway, on_websockets
from tests.channel.proxy import certificate

FORWARDING = {"type": "LocalPortForwarding"}


def test_a_tunnel_over_a_websocket_that_is_cut():
    data = bytes(n % 251 for n in range(200_000))

    async def story():
        made = Gateway(lambda emit: Agent(emit, MuxApp(Echo), properties=FORWARDING))
        async with on_websockets(made) as gateway, forward([Forward(gateway, (Listen(),))]) as (tunnel,):
            reader, writer = await asyncio.open_connection("127.0.0.1", tunnel.ports[0])
            writer.write(data)
            await asyncio.sleep(0.05)
            gateway.session.cut()
            assert await reader.readexactly(len(data)) == data
            stats = tunnel.figures()
            assert stats.reconnects == 1 and stats.rate(100.0) == 0.0
            return gateway

    gateway = asyncio.run(story())
    assert gateway.calls == ["start", "resume", "terminate"]
    opening = gateway.requests[0]
    assert opening.path.endswith("/user-0000?role=publish_subscribe"), "the stream URL is used as it is"
    assert opening.headers["Authorization"] == gateway.headers["Authorization"]


@pytest.mark.parametrize(("headers", "named"), [({"Authorization": "x"}, "OpenDataChannel"), ({}, "Repeat without")])
@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN])
def test_a_refused_opening_names_how_it_was_made_and_the_other_way(headers, named, status):
    async def story():
        gateway = Gateway(lambda emit: Agent(emit, BytesApp()))
        gateway.headers = headers

        async def never(websocket):
            raise AssertionError("refused before")

        refuse = lambda websocket, request: websocket.respond(status, "no")  # noqa: E731
        async with serve(never, "127.0.0.1", 0, process_request=refuse) as server:
            gateway.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/{{id}}"
            with pytest.raises(DeployerError) as failure:
                async with open_channel(gateway):
                    pass
        assert failure.value.code == "channel-refused"
        assert ("unsigned" in failure.value.message) is not bool(headers)
        assert named in failure.value.hint
        assert gateway.calls == ["start", "terminate"]

    asyncio.run(story())


def test_tls_trusts_the_authorities_given_and_no_others(tmp_path):
    server_side, pem = certificate(tmp_path)

    async def story():
        made = Gateway(lambda emit: Agent(emit, BytesApp()))
        async with on_websockets(made, ssl=server_side) as gateway:
            async with open_channel(gateway, ChannelOptions(ca_bundle=pem)) as channel:
                await channel.write(b"hello")
                assert (await channel.receive()).payload == b"hello"
            with pytest.raises(DeployerError, match="not trusted"):
                async with open_channel(gateway):
                    pass

    asyncio.run(story())


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_without_authorities_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "pem").write_bytes(content)
    with pytest.raises(DeployerError, match=f"The CA bundle {tmp_path}/pem cannot be used"):
        authorities(str(tmp_path / "pem"))
