"""The longest list that the product asks for: `deployer sessions list --past` against canned answers (P16, P17)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

from tests.bench.goals import Row, row
from tests.bench.measure import Command, interleave, peak
from tests.bench.programs import DEPLOYER

LATENCY = 0.06  # seconds of an answer
DEFAULT, LARGEST = 50, 200  # sessions of a page: without MaxResults (assumed), and the most DescribeSessions gives
FEW, MANY = 1_000, 10_000


class Server(ThreadingHTTPServer):
    """Answers DescribeSessions from so many sessions, a page at a time; `calls` counts."""

    daemon_threads = True

    def __init__(self, sessions: int, latency: float = LATENCY) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sessions, self.latency, self.calls = sessions, latency, 0

    @property
    def endpoint(self) -> str:
        """What AWS_ENDPOINT_URL should be."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, target: str, request: dict[str, object]) -> dict[str, object]:
        """What a call gets: of CloudTrail, which is asked where sessions came from, that it has none of them."""
        self.calls += 1
        return {"Events": []} if target.endswith(".LookupEvents") else self.page(request)

    def page(self, request: dict[str, object]) -> dict[str, object]:
        """The page that a request asks for: the sessions after its token."""
        size = min(int(str(request.get("MaxResults") or DEFAULT)), LARGEST)
        start = int(str(request.get("NextToken") or 0))
        numbers = range(start, min(start + size, self.sessions))
        sessions = [
            {
                "SessionId": f"someone-{number:017x}",
                "Target": f"i-{number:017x}",
                "Status": "Terminated",
                "Owner": "arn:aws:iam::111122223333:user/someone",
                "DocumentName": "SSM-SessionManagerRunShell",
                "StartDate": 1_790_000_000 + number,
                "EndDate": 1_790_000_100 + number,
            }
            for number in numbers
        ]
        more = {"NextToken": str(start + size)} if start + size < self.sessions else {}
        return {"Sessions": sessions, **more}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the body waits 40 ms for the acknowledgement of the head
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(self.server.answer(str(self.headers["X-Amz-Target"]), request)).encode()
        time.sleep(self.server.latency)
        self.send_response_only(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(sessions: int, latency: float = LATENCY) -> Iterator[Server]:
    """The canned service for the time of the block."""
    server = Server(sessions, latency)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def rows(home: Path) -> list[Row]:
    """P16 and P17: calls, memory, and time compared with a list of one page and the latency of the other pages."""
    calls, ratio, memory = _listed(home, FEW, 5)
    many_calls, many_ratio, _ = _listed(home, MANY, 2)
    return [
        row("P16", calls, f"{FEW // LARGEST} pages of {LARGEST} at best"),
        row("P16 time", ratio, f"{LATENCY * 1000:.0f} ms an answer"),
        row("P16 memory", memory),
        row("P17", many_calls, f"{MANY // LARGEST} pages at best"),
        row("P17 time", many_ratio),
    ]


def _listed(home: Path, sessions: int, rounds: int) -> tuple[int, float, float]:
    """Calls of one run; median ratio of wall times and peak memory."""
    with serving(sessions) as long, serving(1) as short:
        taken = interleave({"long": _listing(home, long), "short": _listing(home, short)}, rounds)
        rest = (sessions / LARGEST - 1) * LATENCY
        pairs = zip(taken["long"], taken["short"], strict=True)
        ratio = median(one.wall / (other.wall + rest) for one, other in pairs)
        return long.calls // (rounds + 1), ratio, peak(taken["long"])


def _listing(home: Path, server: Server) -> Command:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "us-east-1"}
    env = {**keys, "AWS_ENDPOINT_URL": server.endpoint, "HOME": str(home), "PATH": "/usr/bin:/bin"}
    return Command([DEPLOYER, "sessions", "list", "--past"], env)
