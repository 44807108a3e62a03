"""A proxy in front of the sandbox that passes every call on unchanged and keeps the operations' names in order."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Proxy(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1; `calls` are the operations called so far."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.calls: list[str] = []

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL should be."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.calls.append(self._operation(body))
        connection = http.client.HTTPConnection(self.server.target, timeout=120)
        connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # Host too: it is signed
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = _pass_on

    def _operation(self, body: bytes) -> str:
        """The operation's name; of a service that speaks REST, as Lambda does, the method and the path."""
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
        return target or action or f"{self.command} {urlsplit(self.path).path}"

    def log_message(self, *_: object) -> None:
        """Say nothing: calls carry what users typed."""


@contextmanager
def counting(target: str) -> Iterator[Proxy]:
    """A proxy in front of `target` (a URL) for the time of the block."""
    proxy = Proxy(target)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join()
