"""Save the state of the sandbox under a name and restore it, so that many trials can start from the same point.

A snapshot lives in memory and is lost with the process. It holds no running things: functions stay warm, CloudTrail's
record continues, and live sessions end when a snapshot is restored.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import cloudformation, sts

from generator.sandbox.asgi import Sandbox
from generator.sandbox.http_messages import Request, Response

PATH = "/_sandbox/snapshots/"
PACKAGE = "ministack.services."
HISTORY = f"{PACKAGE}cloudtrail"
SESSIONS = (sts.__name__, "sessions")  # a plain table, of every account
Table = dict[Any, Any]


@dataclass(frozen=True)
class Snapshot:
    """Every table of MiniStack by module and name, and what the plug-ins' stores hold."""

    tables: dict[tuple[str, str], Table] = field(repr=False)
    stores: dict[str, str] = field(repr=False)


def install(sandbox: Sandbox) -> None:
    """Add the endpoint: PUT saves the state under a name, POST restores it."""
    snapshots: dict[str, Snapshot] = {}

    async def answer(request: Request) -> Response | None:
        if not request.path.startswith(PATH):
            return None
        name = request.path.removeprefix(PATH)
        if busy := _in_progress():
            return Response.error("Conflict", f"The stack {busy} is in progress.", 409)
        if request.method == "PUT":
            snapshots[name] = take(sandbox)
        elif name in snapshots:
            restore(sandbox, snapshots[name])
        else:
            return Response.error("NotFound", f"There is no snapshot {name}.", 404)
        return Response.json({})

    sandbox.layers.insert(0, answer)


def take(sandbox: Sandbox) -> Snapshot:
    """A snapshot of the current state."""
    tables = {key: copy.deepcopy(table.to_dict()) for key, table in _tables()} | {
        SESSIONS: copy.deepcopy(sts._sessions)
    }
    return Snapshot(tables, {name: json.dumps(store.dump()) for name, store in sandbox.stores.items()})


def restore(sandbox: Sandbox, snapshot: Snapshot) -> None:
    """Restore the state; a service that was first used since is emptied."""
    for key, table in _tables():
        table.clear()
        table.update(type(table).from_dict(copy.deepcopy(snapshot.tables.get(key, {}))))
    sts._sessions.clear()
    sts._sessions.update(copy.deepcopy(snapshot.tables[SESSIONS]))
    for name, store in sandbox.stores.items():
        store.load(json.loads(snapshot.stores[name]))


def _tables() -> Iterator[tuple[tuple[str, str], Any]]:
    """The tables of every service that was used: MiniStack keeps them in its modules, scoped by account."""
    for module_name, module in list(sys.modules.items()):
        if not module_name.startswith(PACKAGE) or module_name.startswith(HISTORY):
            continue
        for name, value in list(vars(module).items()):
            if isinstance(value, (AccountScopedDict, AccountRegionScopedDict)):
                yield (module_name, name), value


def _in_progress() -> str:
    """The name of a stack with a running operation; "" if there is none."""
    running = [s for s in cloudformation._stacks.all_values() if s["StackStatus"].endswith("IN_PROGRESS")]
    return next((str(s["StackName"]) for s in running if s["StackStatus"] != "REVIEW_IN_PROGRESS"), "")
