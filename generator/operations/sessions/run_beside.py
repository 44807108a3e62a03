"""The user's own command, run while tunnels are open (`connect --exec`)."""

from __future__ import annotations

import os
from collections.abc import Sequence

from generator.host import programs

STDERR = 2


async def run_beside(command: str, ports: Sequence[int], *, quiet: bool) -> int:
    """Run a shell command; return its exit code.

    It finds the local ports in DEPLOYER_PORT, DEPLOYER_PORT_2, … `quiet` sends its output to standard error.
    """
    named = {"DEPLOYER_PORT" if n == 1 else f"DEPLOYER_PORT_{n}": str(value) for n, value in enumerate(ports, 1)}
    return await programs.run_shell(command, {**os.environ, **named}, stdout=STDERR if quiet else None)
