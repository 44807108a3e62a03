"""cp through sessions: how much faster four are than one, to shells behind the sandbox's instance (P21)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from tests.bench.goals import Row, row
from tests.bench.measure import Command, run
from tests.bench.programs import DEPLOYER
from tests.bench.stacks import STACK
from tests.sandbox_keys import control, recorded
from tests.sessions.host import shells

MEBIBYTES = 16


def rows(env: Mapping[str, str], home: Path) -> list[Row]:
    """The time of four sessions against one; each session may send 950 messages of 1 KiB a second."""
    remote, source = home / "remote", home / "source"
    remote.mkdir()
    source.write_bytes(os.urandom(MEBIBYTES << 20))
    with shells(remote) as host:
        _answer_shells(env, host.port)
        env = {**env, "XDG_STATE_HOME": str(home / "state")}
        one = _seconds(env, source, 1)
        four = median(_seconds(env, source, 4) for _ in range(3))
    speed = MEBIBYTES * 1024 / four
    return [row("P21", four / one, f"{one / four:.1f} times as fast; {speed:.0f} KiB/s")]


def _seconds(env: Mapping[str, str], source: Path, sessions: int) -> float:
    options = ("--via", "session", "--sessions", str(sessions), "--stack-name", STACK)
    return run(Command([DEPLOYER, "cp", *options, str(source), ":copied"], env)).wall


def _answer_shells(env: Mapping[str, str], port: int) -> None:
    """Have the sandbox's instance answer shell sessions with the shells on this port."""
    outputs = run(Command([DEPLOYER, "outputs", "--stack-name", STACK, "--output", "json"], env)).output
    instance = json.loads(outputs)["result"]["InstanceId"]
    control("PUT", f"instances/{instance}", {"ports": {"shell": port}}, recorded(env["DEPLOYER_SANDBOX_HOME"]))
