"""A proxy before the sandbox that spoils answers: whole commands meet throttling, a page in HTML, cut lines."""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CUT = b""
PAGE = b"<!DOCTYPE html><html><body>503 Service Unavailable<br></body></html>"
When = Callable[[int, bytes], bool]
"""Whether to spoil the n-th answer (from 1) to an operation, given what the sandbox answered."""


def at(*numbers: int) -> When:
    """The answers with these numbers."""
    return lambda number, answer: number in numbers


def since(first: int) -> When:
    """Every answer from this one on."""
    return lambda number, answer: number >= first


def once_ended() -> When:
    """The first answer that shows the end of a stack operation: its newest event is the stack's own, and terminal."""
    spoiled = list[int]()

    def ended(number: int, answer: bytes) -> bool:
        newest = answer.partition(b"</member>")[0]
        own = b"<ResourceType>AWS::CloudFormation::Stack<" in newest
        over = re.search(rb"<ResourceStatus>\w+_(COMPLETE|FAILED)<", newest) is not None
        if not (own and over) or spoiled:
            return False
        spoiled.append(number)
        return True

    return ended


@dataclass
class Fault:
    """Spoil answers to an operation: with an AWS error `code` (of `status`), or with other bytes."""

    operation: str
    when: When
    code: str = ""
    status: int = 400
    body: bytes = CUT
    before: bool = False
    """The request does not reach the sandbox; otherwise only its answer is lost."""


@dataclass
class Proxy:
    """Where it listens, what it spoils, and how often each operation was asked for."""

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)

    def spoil(self, operation: str, when: When, code: str = "", **how: object) -> None:
        """Spoil these answers from now on, counted anew."""
        self.asked.clear()
        self.faults.append(Fault(operation, when, code, **how))  # type: ignore[arg-type]

    def heal(self) -> None:
        """Spoil nothing any more."""
        self.faults.clear()


@contextlib.contextmanager
def proxied(sandbox: str, *, hidden: bool = False) -> Iterator[Proxy]:
    """Listen on a free port of this computer and lead to the sandbox at `sandbox`; `hidden`: no answer says so."""
    proxy = Proxy("")
    handler = type("Handler", (_Handler,), {"proxy": proxy, "sandbox": sandbox, "hidden": hidden})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        proxy.endpoint = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy
        server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    """One connection from a client."""

    protocol_version = "HTTP/1.1"
    proxy: Proxy
    sandbox: str
    hidden: bool

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = _operation(self.headers, body)
        self.proxy.asked[operation] += 1
        number = self.proxy.asked[operation]
        if fault := self._fault(operation, number, b"", before=True):
            return self._spoil(fault)
        status, headers, answer = _forward(self.sandbox, self, body)
        if fault := self._fault(operation, number, answer, before=False):
            return self._spoil(fault)
        return self._reply(status, headers.get("Content-Type", "text/xml"), answer)

    do_GET = do_PUT = do_DELETE = do_POST

    def _fault(self, operation: str, number: int, answer: bytes, *, before: bool) -> Fault | None:
        meant = (f for f in self.proxy.faults if f.operation in (operation, "*") and f.before == before)
        return next((fault for fault in meant if fault.when(number, answer)), None)

    def _spoil(self, fault: Fault) -> None:
        json = "X-Amz-Target" in self.headers
        if fault.code:
            kind = "application/x-amz-json-1.1" if json else "text/xml"
            self._reply(fault.status, kind, _error(fault.code, json=json))
        elif fault.body:
            self._reply(503, "text/html", fault.body)
        self.close_connection = True

    def _reply(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if not self.hidden:
            self.send_header("X-Sandbox", "deployer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


def _operation(headers: http.client.HTTPMessage, body: bytes) -> str:
    if target := headers.get("X-Amz-Target"):
        return str(target.rpartition(".")[2])
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]


def _forward(sandbox: str, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(sandbox).netloc, timeout=60)
    try:
        connection.request(request.command, request.path, body, dict(request.headers))
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def _error(code: str, *, json: bool) -> bytes:
    message = f"About {code}"
    if json:
        return f'{{"__type": "{code}", "message": "{message}"}}'.encode()
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>r-1</RequestId></ErrorResponse>"
    ).encode()
