"""A test agent: the far end of a channel as amazon-ssm-agent behaves, written apart from the code under test.

It takes frames (`take`) and gives frames (`emit`); it acknowledges what it has processed, buffers what is early,
acknowledges again what is old, repeats only its oldest message, and throws away what comes before its handshake ends.
"""

import asyncio
import os
from uuid import uuid4

from generator.channel import payloads, wire
from generator.channel.kms import Cipher
from generator.channel.smux import Command, Frame, Parser, encode
from generator.channel.wire import PayloadType

TICK = 0.1
NEW_AGENT = "3.3.1611.0"


class Agent:
    def __init__(
        self,
        emit,
        app,
        session_type=payloads.PORT,
        properties=None,
        version=NEW_AGENT,
        handshake=True,
        data_key=None,
        challenge="",
        actions=(),
    ):
        self.emit, self.app, self.version, self.handshake = emit, app, version, handshake
        self.session_type, self.properties = session_type, properties or {}
        self.data_key, self.challenge, self.actions = data_key, challenge, actions
        self.cipher = None
        self.complete = not handshake
        self.response = None
        self.thrown_away = 0
        self.terminated = asyncio.Event()
        self.interval = 0.001
        self._expected, self._early = 0, {}
        self._next, self._unacked = 0, {}
        self._out, self._wake = bytearray(), asyncio.Event()
        self._secret_challenge = b""
        self.tasks = []

    # out

    def start(self):
        self.tasks = [asyncio.create_task(self._pump()), asyncio.create_task(self._resend())]
        if self.handshake:
            parameters = {"SessionType": self.session_type, "Properties": self.properties}
            actions = [payloads.Action(payloads.SESSION_TYPE, parameters), *self.actions]
            if self.data_key:
                kms = {"KMSKeyId": "key-1"} | ({"Challenge": self.challenge} if self.challenge else {})
                actions.append(payloads.Action(payloads.KMS_ENCRYPTION, kms))
            self.send(PayloadType.HANDSHAKE_REQUEST, payloads.HandshakeRequest(self.version, tuple(actions)).payload())
        else:
            self.app.start(self)

    def stop(self):
        for task in self.tasks:
            task.cancel()

    def write(self, data):
        """Bytes of the stream, cut and paced as an agent does."""
        self._out += data
        self._wake.set()

    @property
    def backlog(self):
        return len(self._out)

    def send(self, payload_type, payload):
        if self.cipher and payload_type in (PayloadType.OUTPUT, PayloadType.STDERR, PayloadType.EXIT_CODE):
            payload = self.cipher.seal(payload)
        flags = wire.SYN if self._next == 0 else 0
        message = wire.Message(wire.OUTPUT, uuid4(), 1, payload, payload_type, self._next, flags)
        self._unacked[self._next] = [message, asyncio.get_running_loop().time()]
        self._next += 1
        self._wake.set()
        self.emit(wire.encode(message))

    async def _pump(self):
        while True:
            while self._out:
                piece = bytes(self._out[: wire.MAX_PAYLOAD])
                del self._out[: wire.MAX_PAYLOAD]
                self.send(PayloadType.OUTPUT, piece)
                await asyncio.sleep(self.interval)
            self._wake.clear()
            await self._wake.wait()

    async def _resend(self):
        loop = asyncio.get_running_loop()
        while True:
            while not self._unacked:
                await asyncio.sleep(0)
                self._wake.clear()
                await self._wake.wait()
            await asyncio.sleep(TICK)
            oldest = next(iter(self._unacked.values()), None)
            if oldest and loop.time() - oldest[1] > 2 * TICK:
                oldest[1] = loop.time()
                self.emit(wire.encode(oldest[0]))

    # in

    def take(self, frame):
        message = wire.decode(frame)
        if message.type == wire.ACKNOWLEDGE:
            self._unacked.pop(payloads.Acknowledged.parse(message.payload).sequence, None)
        elif message.type == wire.INPUT:
            self._take_input(message)

    def _take_input(self, message):
        assert message.payload_type != PayloadType.OUTPUT or self.cipher or len(message.payload) <= wire.MAX_PAYLOAD
        number = message.sequence
        if number == self._expected:
            if self._process(message) is False:
                return  # not ready: no acknowledgement, it comes again
            self._acknowledge(message)
            self._expected += 1
            while (following := self._early.pop(self._expected, None)) is not None:
                self._process(following)
                self._expected += 1
        else:
            self._acknowledge(message)
            if number > self._expected:
                self._early[number] = message

    def _acknowledge(self, message):
        self.emit(wire.encode(payloads.acknowledgement(message, uuid4(), 1)))

    def _process(self, message):
        kind, payload = message.payload_type, message.payload
        if kind == PayloadType.HANDSHAKE_RESPONSE:
            self._take_response(payload)
        elif kind == PayloadType.CHALLENGE_RESPONSE:
            assert self.cipher.open(payloads.read_challenge(payload)) == self._secret_challenge
            self._finish_handshake()
        elif not self.complete:
            self.thrown_away += 1
        elif kind == PayloadType.FLAG and wire.read_flag(payload) == wire.Flag.TERMINATE_SESSION:
            self.terminated.set()
        else:
            if self.cipher and kind == PayloadType.OUTPUT:
                payload = self.cipher.open(payload)
            return self.app.take(kind, payload)
        return None

    def _take_response(self, payload):
        self.response = payloads.HandshakeResponse.parse(payload)
        if any(p.status != payloads.ActionStatus.SUCCESS for p in self.response.processed):
            return
        if self.data_key:
            self.cipher = Cipher(self.data_key.plaintext, agent=True)
            self._secret_challenge = os.urandom(64)
            sealed = self.cipher.seal(self._secret_challenge)
            self.send(PayloadType.CHALLENGE_REQUEST, payloads.challenge_payload(sealed))
        else:
            self._finish_handshake()

    def _finish_handshake(self):
        self.send(PayloadType.HANDSHAKE_COMPLETE, payloads.HandshakeComplete(1, "Welcome.").payload())
        self.complete = True
        self.app.start(self)


class MuxApp:
    """The far side of a multiplexed port session; `far` makes what answers one connection."""

    def __init__(self, far):
        self.far, self.streams, self.opened, self.parser = far, {}, 0, Parser()
        self.nops = 0

    def start(self, agent):
        self.agent = agent

    def take(self, kind, payload):
        if kind == PayloadType.OUTPUT:
            for frame in self.parser.feed(payload):
                self._take_frame(frame)

    def _take_frame(self, frame):
        if frame.command == Command.SYN:
            assert frame.stream % 2 == 1
            self.opened += 1
            stream = FarStream(self.agent, frame.stream)
            self.streams[frame.stream] = stream
            if not self.far:
                self.agent.send(PayloadType.FLAG, wire.flag_payload(wire.Flag.CONNECT_TO_PORT_ERROR))
                stream.close()
            else:
                stream.far = self.far(stream)
        elif frame.command == Command.PSH and self.streams[frame.stream].far:
            self.streams[frame.stream].far.data(frame.data)
        elif frame.command == Command.FIN:
            stream = self.streams[frame.stream]
            stream.fin_seen = True
            stream.close()  # both directions, as the agent does
        elif frame.command == Command.NOP:
            self.nops += 1


class FarStream:
    far = None

    def __init__(self, agent, number):
        self.agent, self.number = agent, number
        self.closed = self.fin_seen = False

    def write(self, data):
        for start in range(0, len(data), 4000):
            if not self.closed:
                self.agent.write(encode(Frame(Command.PSH, self.number, data[start : start + 4000])))

    def close(self):
        if not self.closed:
            self.agent.write(encode(Frame(Command.FIN, self.number)))
        self.closed = True


class Echo:
    def __init__(self, stream):
        self.stream = stream

    def data(self, data):
        self.stream.write(data)


def source(content):
    """A far end that answers the first word with `content` and closes; it leaves others their turn."""

    class Source(Echo):
        def data(self, data):
            self.pouring = asyncio.create_task(self.pour())

        async def pour(self):
            agent = self.stream.agent
            for start in range(0, len(content), 32_000):
                while agent.backlog > 64_000:
                    await asyncio.sleep(0.01)
                self.stream.write(content[start : start + 32_000])
            self.stream.close()

    return Source


class BytesApp:
    """The far side of sessions whose payloads are bare bytes: basic and stdio port sessions; answers like `echo`."""

    def __init__(self, answer=lambda data: data):
        self.answer, self.got, self.disconnects = answer, bytearray(), 0

    def start(self, agent):
        self.agent = agent

    def take(self, kind, payload):
        if kind == PayloadType.OUTPUT:
            self.got += payload
            if reply := self.answer(payload):
                self.agent.write(reply)
        elif kind == PayloadType.FLAG and wire.read_flag(payload) == wire.Flag.DISCONNECT_TO_PORT:
            self.disconnects += 1


class ShellApp(BytesApp):
    """A toy shell: greets, echoes, notes sizes and interrupts, leaves on `exit` or end of input."""

    def __init__(self, on_exit=lambda: None):
        super().__init__()
        self.sizes, self.on_exit = [], on_exit

    def start(self, agent):
        super().start(agent)
        agent.write(b"$ ")

    def take(self, kind, payload):
        if kind == PayloadType.SIZE:
            self.sizes.append(payloads.read_size(payload))
        elif kind == PayloadType.OUTPUT:
            self.got += payload
            self.agent.write(payload.replace(b"\x03", b"^C"))
            if self.got.endswith((b"exit\r", b"\x04")):
                self.on_exit()
