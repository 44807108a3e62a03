"""A stand-in for AWS's session-manager-plugin: the same arguments, the same lines, a tunnel that carries bytes.

What it prints, and when, is as in github.com/aws/session-manager-plugin: src/sessionmanagerplugin/session (session.go,
sessionhandler.go), portsession/muxportforwarding.go and src/datachannel/streaming.go. Run as
`plugin_stand_in.py VERSION RECORD [arguments of the plugin]`; it writes what it was given to RECORD.
STAND_IN_LINE_END and STAND_IN_PIECE (bytes) say how it prints, STAND_IN_BANNER what the session document's author
would like to be shown first, STAND_IN_FAILS makes it end before its port is open, STAND_IN_SILENT never open it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from generator.channel import port
from generator.channel.listen import Listen
from generator.channel.session import DataKey, SessionGrant

VARIABLE = "AWS_SSM_START_SESSION_RESPONSE"


class Started:
    """The session that was started for the plugin."""

    def __init__(self, answer: Mapping[str, str], target: str) -> None:
        self.grant = SessionGrant(answer["SessionId"], answer["StreamUrl"], answer["TokenValue"], target)

    def start(self) -> SessionGrant:
        return self.grant

    def resume(self, session_id: str) -> str:
        return ""

    def terminate(self, session_id: str) -> None: ...

    def sign(self, url: str) -> Mapping[str, str]:
        return {}

    def generate_data_key(self, key_id: str, context: Mapping[str, str]) -> DataKey:
        raise AssertionError("a tunnel is not encrypted")


def show(text: str) -> None:
    data = text.replace("\n", os.environ.get("STAND_IN_LINE_END", "\n")).encode()
    size = int(os.environ.get("STAND_IN_PIECE", len(data)))
    for start in range(0, len(data), size):
        os.write(1, data[start : start + size])


async def tunnel(session: Started, local_port: int) -> None:
    session_id, accepted = session.grant.session_id, False
    loop = asyncio.get_running_loop()
    interrupted = loop.create_future()
    loop.add_signal_handler(signal.SIGINT, lambda: interrupted.done() or interrupted.set_result(None))
    socket_file = Path(os.environ["STAND_IN_SOCKET"])
    async with port.forward([port.Forward(session, (Listen(0, ("127.0.0.1",)),))]) as (inner,):
        socket_file.touch()

        async def accept(reader: StreamReader, writer: StreamWriter) -> None:
            nonlocal accepted
            if not accepted:
                show(f"\nConnection accepted for session [{session_id}]\n")
                accepted = True
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", inner.ports[0])
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

        server = await asyncio.start_server(accept, "localhost", local_port)
        show(f"Port {local_port} opened for sessionId {session_id}.")
        show("\nWaiting for connections...\n")
        over = asyncio.ensure_future(inner.wait())
        await asyncio.wait({over, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if interrupted.done():
            show("Terminate signal received, exiting.\n")
            show(f"\n\nExiting session with sessionId: {session_id}.\n\n")
        elif reason := over.result().reason:
            show(f"\n\nSessionId: {session_id} : {reason}\n\n")
        else:
            show(f"\n\nExiting session with sessionId: {session_id}.\n\n")
        socket_file.unlink()


async def pump(reader: StreamReader, writer: StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


def main() -> None:
    version, record, *argv = sys.argv[1:]
    if argv == ["--version"]:
        print(version)
        return
    ignored = {name: signal.getsignal(getattr(signal, name)) == signal.SIG_IGN for name in ("SIGINT", "SIGQUIT")}
    response = os.environ.pop(VARIABLE)
    Path(record).write_text(json.dumps({"argv": argv, "response": response, "ignored": ignored}))
    request, answer = json.loads(argv[4]), json.loads(response)
    show(f"\nStarting session with SessionId: {answer['SessionId']}\n")
    if banner := os.environ.get("STAND_IN_BANNER"):
        show(f"{banner}\n")
    if failure := os.environ.get("STAND_IN_FAILS"):
        show(f"Cannot perform start session: {failure}\n")
    elif "STAND_IN_SILENT" in os.environ:
        time.sleep(30)
    elif local_port := request.get("Parameters", {}).get("localPortNumber"):
        asyncio.run(tunnel(Started(answer, request["Target"]), int(local_port[0])))
    elif seconds := os.environ.get("STAND_IN_SHELL"):
        show("a shell\n")
        time.sleep(float(seconds))
        show(f"\n\nExiting session with sessionId: {answer['SessionId']}.\n\n")


if __name__ == "__main__":
    main()
