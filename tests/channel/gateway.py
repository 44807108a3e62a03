"""A message gateway for tests: plays ssm's calls and the service between client and agent, and does harm on order."""

import asyncio
import random
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from websockets.asyncio.server import serve

from generator.channel import payloads, wire
from generator.channel.session import DataKey, SessionGrant
from generator.channel.transport import ConnectionLost
from generator.errors import AwsError

TO_AGENT, TO_CLIENT = "to agent", "to client"


def faithful(direction, message):
    """Every frame once, at once."""
    return [0.0]


@dataclass
class Faults:
    """What happens to a frame: the delays of its copies, none for a lost one. From a seed."""

    seed: int = 0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    jitter: float = 0.02
    rng: random.Random = field(init=False)

    def __post_init__(self):
        self.rng = random.Random(self.seed)

    def __call__(self, direction, message):
        if self.rng.random() < self.drop:
            return []
        copies = 2 if self.rng.random() < self.duplicate else 1
        return [
            self.delay + (self.rng.random() * self.jitter if self.rng.random() < self.reorder else 0.0)
            for _ in range(copies)
        ]


class Gateway:
    """A SessionService, and `connect` for a channel, over sessions with the agents that `make_agent` makes."""

    def __init__(self, make_agent, faults=faithful):
        self.make_agent, self.faults = make_agent, faults
        self.url = "ws://in-memory/v1/data-channel/{id}?role=publish_subscribe&cell-number=7"
        self.sessions = {}
        self.calls = []
        self.resume_errors = []  # raised one after the other by resume; "over" answers without a token
        self.start_errors = []
        self.openings = []
        self.headers = {"Authorization": "AWS4-HMAC-SHA256 signed"}
        self.data_key = None
        self.loop = asyncio.get_running_loop()

    # the calls to AWS

    def start(self):
        self.calls.append("start")
        if self.start_errors:
            raise self.start_errors.pop(0)
        session_id = f"user-{len(self.sessions):04d}"
        self.sessions[session_id] = Session(self, session_id)
        return SessionGrant(session_id, self.url.format(id=session_id), self.sessions[session_id].new_token(), "i-1")

    def resume(self, session_id):
        self.calls.append("resume")
        if self.resume_errors:
            error = self.resume_errors.pop(0)
            if error == "over":
                return ""
            raise error
        return "" if self.sessions[session_id].over else self.sessions[session_id].new_token()

    def terminate(self, session_id):
        self.calls.append("terminate")
        self.loop.call_soon_threadsafe(self.sessions[session_id].finish)

    def sign(self, url):
        return self.headers

    def generate_data_key(self, key_id, context):
        self.calls.append(("generate_data_key", key_id, dict(context)))
        if not self.data_key:
            raise AwsError("kms refused GenerateDataKey.", operation="GenerateDataKey", aws_code="AccessDenied")
        return DataKey(self.data_key.plaintext, self.data_key.ciphertext)

    # the service

    async def connect(self, url, headers, options):
        session = self.sessions[url.rsplit("/", 1)[1].split("?")[0]]
        if session.unreachable:
            raise OSError("no route to host")
        return Socket(session)

    @property
    def session(self):
        return list(self.sessions.values())[-1]


class Session:
    def __init__(self, gateway, session_id):
        self.gateway, self.id = gateway, session_id
        self.tokens, self.client_ids = set(), set()
        self.socket = None
        self.over = self.unreachable = self.answers_no_pings = False
        self.seen = {TO_AGENT: 0, TO_CLIENT: 0}
        self.agent = gateway.make_agent(self._from_agent)

    def new_token(self):
        token = f"token-{uuid4()}"
        self.tokens.add(token)
        return token

    def open(self, socket, text):
        opening = payloads.Opening.parse(text)
        self.gateway.openings.append(opening)
        assert opening.token in self.tokens, "a token works once"
        self.tokens.remove(opening.token)
        self.client_ids.add(opening.client_id)
        first, self.socket = self.socket is None, socket
        if first:
            self.agent.start()

    def cut(self):
        """Drop the client's socket; what is under way is lost."""
        if self.socket:
            self.socket.break_off()

    def finish(self, reason=""):
        """End the session as the service does."""
        if not self.over:
            self.over = True
            self.agent.stop()
            closed = payloads.ChannelClosed(self.id, reason).payload()
            self.deliver(wire.encode(wire.Message(wire.CHANNEL_CLOSED, uuid4(), 1, closed)), self.socket)

    def relay(self, direction, frame, socket):
        self.seen[direction] += 1
        arrive = self._to_agent if direction == TO_AGENT else self.deliver
        for delay in self.gateway.faults(direction, wire.decode(frame)):
            if delay:
                self.gateway.loop.call_later(delay, arrive, frame, socket)
            else:
                arrive(frame, socket)

    def _from_agent(self, frame):
        self.relay(TO_CLIENT, frame, self.socket)

    def _to_agent(self, frame, socket):
        if not self.over and not socket.broken:
            self.agent.take(frame)

    def deliver(self, frame, socket):
        if socket and not socket.broken:
            socket.inbox.put_nowait(frame)


class Socket:
    """The client's end of an in-memory connection."""

    def __init__(self, session):
        self.session, self.inbox, self.broken, self.opened = session, asyncio.Queue(), False, False

    async def send(self, frame):
        if self.broken:
            raise ConnectionLost("broken pipe")
        if self.opened:
            self.session.relay(TO_AGENT, frame, self)
        else:
            self.opened = True
            self.session.open(self, frame)

    async def receive(self):
        await asyncio.sleep(0)  # others have their turn, as with a real socket
        frame = None if self.broken and self.inbox.empty() else await self.inbox.get()
        if frame is None:
            raise ConnectionLost("connection reset")
        return frame

    async def ping(self):
        if self.broken:
            raise ConnectionLost("broken pipe")
        if self.session.answers_no_pings:
            await asyncio.Event().wait()

    async def close(self):
        self.break_off()

    def break_off(self):
        if not self.broken:
            self.broken = True
            while not self.inbox.empty():
                self.inbox.get_nowait()
            self.inbox.put_nowait(None)


@asynccontextmanager
async def on_websockets(gateway, ssl=None):
    """The same gateway behind a real websocket server on loopback; sessions get its URL."""
    requests = []

    async def handle(websocket):
        requests.append(websocket.request)
        inner = await gateway.connect(websocket.request.path, {}, None)

        async def down():
            try:
                while True:
                    await websocket.send(await inner.receive())
            except ConnectionLost:
                websocket.transport.abort()

        pump = asyncio.create_task(down())
        try:
            async for frame in websocket:
                await inner.send(frame)
        except ConnectionLost:
            pass
        finally:
            inner.break_off()
            await asyncio.gather(pump, return_exceptions=True)

    async with serve(handle, "127.0.0.1", 0, compression=None, max_size=None, ssl=ssl) as server:
        port = server.sockets[0].getsockname()[1]
        gateway.url = f"{'wss' if ssl else 'ws'}://127.0.0.1:{port}/v1/data-channel/{{id}}?role=publish_subscribe"
        gateway.requests = requests
        yield gateway
