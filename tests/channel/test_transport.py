"""The same over a real websocket on loopback."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.server import serve

from generator.channel.channel import open_channel
from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from generator.errors import DeployerError
from tests.channel.agent import Agent, BytesApp, Echo, MuxApp
from tests.channel.gateway import Gateway, on_websockets

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


@asynccontextmanager
async def connect_proxy():
    """A proxy that knows CONNECT; what it was asked for."""
    asked = []

    async def handle(reader, writer):
        asked.append((await reader.readuntil(b"\r\n\r\n")).split()[1].decode())
        host, port = asked[-1].rsplit(":", 1)
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def test_a_channel_through_a_proxy():
    async def story():
        made = Gateway(lambda emit: Agent(emit, BytesApp()))
        async with connect_proxy() as (proxy, asked), on_websockets(made) as gateway:
            async with open_channel(gateway, ChannelOptions(proxy=proxy)) as channel:
                await channel.write(b"hello")
                assert (await channel.receive()).payload == b"hello"
            assert asked and asked[0] in gateway.url

    asyncio.run(story())


def certificate(directory):
    """A certificate for 127.0.0.1 signed by itself; contexts for both ends."""
    import ipaddress

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    made = made.add_extension(address, False).sign(key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "pem").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_trusts_the_authorities_given_and_no_others(tmp_path):
    server_side, client_side = certificate(tmp_path)

    async def story():
        made = Gateway(lambda emit: Agent(emit, BytesApp()))
        async with on_websockets(made, ssl=server_side) as gateway:
            async with open_channel(gateway, ChannelOptions(tls=client_side)) as channel:
                await channel.write(b"hello")
                assert (await channel.receive()).payload == b"hello"
            with pytest.raises(DeployerError, match="not trusted"):
                async with open_channel(gateway):
                    pass

    asyncio.run(story())
