"""A proxy on loopback, for the channel and for calls to AWS; and a certificate for both ends of TLS."""

import asyncio
import ipaddress
import ssl
from base64 import b64encode
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def certificate(directory: Path) -> tuple[ssl.SSLContext, str]:
    """A certificate for 127.0.0.1 signed by itself: the server's context, and the file that clients trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    pem = made.add_extension(address, False).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "pem").write_bytes(pem)
    (directory / "both").write_bytes(pem + private)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(directory / "both")
    return server, str(directory / "pem")


@dataclass
class Proxy:
    """What a proxy is like, and what it was asked for: hosts by CONNECT, whole addresses otherwise."""

    user: str = ""  # user:password that it wants
    status: int = 200  # its answer to CONNECT
    asked: list[str] = field(default_factory=list)
    port: int = 0

    def authorized(self, head: bytes) -> bool:
        wanted = b"Proxy-Authorization: Basic " + b64encode(self.user.encode())
        return not self.user or wanted.lower() in head.lower()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, where, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.asked.append(where)
            if not self.authorized(head):
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            elif method != "CONNECT":
                await self._forward(where, head, reader, writer)
            elif self.status != 200:
                writer.write(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\n\r\n".encode())
            else:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await _join(where, b"", reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _forward(
        self, where: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """A request with a whole address, as HTTP without TLS is asked for."""
        address, slash, path = where.removeprefix("http://").partition("/")
        lines = head.replace(where.encode(), (slash + path or "/").encode(), 1).split(b"\r\n")
        kept = [line for line in lines if not line.lower().startswith((b"proxy-", b"connection:"))]
        await _join(address, b"\r\n".join([kept[0], b"Connection: close", *kept[1:]]), reader, writer)


async def _join(where: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, port = where.rsplit(":", 1)
    far_reader, far_writer = await asyncio.open_connection(host, int(port))
    far_writer.write(first)
    pumps = [asyncio.ensure_future(_pump(reader, far_writer)), asyncio.ensure_future(_pump(far_reader, writer))]
    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    for each in pumps:
        each.cancel()
    far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@asynccontextmanager
async def serve(proxy: Proxy, tls: ssl.SSLContext | None = None):
    """Run it."""
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0, ssl=tls)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy
