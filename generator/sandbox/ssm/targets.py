"""Where the ports of an imitated instance lead: only to loopback ports that were registered.

`PUT /_sandbox/instances/<instance ID or *>` takes `{"ports": {"5432": 41234, "db.example:5432": 41235}, "agentVersion":
"3.0.100.0", "requireSignature": true}`. A key of `ports` is a port of the instance, or host:port as seen from it, or
"shell" for what answers in place of the imitated shell; the value is a port of 127.0.0.1.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox
    from generator.sandbox.http_messages import Request, Response

PREFIX = "/_sandbox/instances/"
EVERY = "*"
SHELL = "shell"  # a port under this name takes the place of the imitated shell: a terminal as bytes


@dataclass
class Target:
    """What is behind an instance. `ports` maps "port" or "host:port" to a port of 127.0.0.1."""

    ports: dict[str, int] = field(default_factory=dict)
    agent_version: str = ""
    require_signature: bool = False


_targets: dict[str, Target] = {}


def register(instance_id: str, registration: dict[str, Any]) -> Target:
    """Register what is behind an instance ("*" for every one). Raises ValueError for an invalid port."""
    ports = {str(name): int(port) for name, port in (registration.get("ports") or {}).items()}
    if any(not 0 < port < 65_536 for port in ports.values()):
        raise ValueError("a port is a number from 1 to 65535")
    target = _targets.setdefault(instance_id, Target())
    target.ports |= ports
    target.agent_version = str(registration.get("agentVersion", target.agent_version))
    target.require_signature = bool(registration.get("requireSignature", target.require_signature))
    return target


def forget() -> None:
    """Forget every registration."""
    _targets.clear()


def local_port(instance_id: str, port: str, host: str = "") -> int | None:
    """The loopback port behind a port of an instance, or behind host:port as seen from it; None when none is."""
    name = f"{host}:{port}" if host and host not in ("localhost", "127.0.0.1") else port
    return next((target.ports[name] for target in _of(instance_id) if name in target.ports), None)


def agent_version(instance_id: str, default: str) -> str:
    """The agent's version of an instance: what was registered, else `default`."""
    return next((target.agent_version for target in _of(instance_id) if target.agent_version), default)


def signature_required(instance_id: str) -> bool:
    """Whether an unsigned data channel of this instance is refused."""
    return any(target.require_signature for target in _of(instance_id))


def _of(instance_id: str) -> list[Target]:
    return [_targets[name] for name in (instance_id, EVERY) if name in _targets]


def install(sandbox: Sandbox) -> None:
    """Add the endpoint: PUT registers, DELETE forgets every registration."""
    from generator.sandbox.http_messages import Response

    async def answer(request: Request) -> Response | None:
        if not request.path.startswith(PREFIX) or "origin" in request.headers:
            return None
        if request.method == "DELETE":
            forget()
            return Response.json({})
        if request.method != "PUT":
            return None
        try:
            target = register(request.path.removeprefix(PREFIX), json.loads(request.body))
        except (ValueError, TypeError, AttributeError) as error:
            return Response.error("ValidationError", f"Nothing was registered: {error}.")
        return Response.json(asdict(target))

    sandbox.layers.insert(0, answer)
