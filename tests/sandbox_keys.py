"""The keys of a sandbox that runs, and its own endpoints, for tests that speak to it as other clients do."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from generator.sandbox import lifecycle, state
from generator.sandbox.root_keys import root_key
from generator.sandbox.state import CUSTOMER_ACCOUNT, SandboxState


def recorded(home: str | Path = "") -> SandboxState:
    """The sandbox of that directory, or of $DEPLOYER_SANDBOX_HOME."""
    running = state.read(Path(home or os.environ["DEPLOYER_SANDBOX_HOME"]))
    assert running, "no sandbox is running"
    return running


def root(running: SandboxState | None = None, account: str = CUSTOMER_ACCOUNT) -> dict[str, str]:
    """What boto takes to be root of the account."""
    key = root_key((running or recorded()).secret, account)
    return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": key.secret_access_key}


def control(method: str, path: str, body: dict[str, Any] | None = None, running: SandboxState | None = None) -> Any:
    """Call an endpoint under /_sandbox/ as whoever started the sandbox; gives its answer."""
    sent = None if body is None else json.dumps(body).encode()
    return json.loads(lifecycle.control(running or recorded(), method, f"/_sandbox/{path}", sent, 60))
