"""Systems Manager in the sandbox: session documents, sessions, nodes, commands, and the channel behind a session."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox


def install(sandbox: Sandbox) -> None:
    """Add the operations, the channel, and what has to survive a restart."""
    from generator.sandbox.asgi import Store
    from generator.sandbox.policy_evaluator import add_tag_reader
    from generator.sandbox.ssm import api, control, documents, gateway, live, sessions

    sandbox.stores["ssm-documents"] = Store(documents.dump, documents.load)
    sandbox.stores["ssm-sessions"] = Store(sessions.dump, sessions.load)
    add_tag_reader(documents.tags_of)
    add_tag_reader(sessions.tags_of)
    sandbox.sockets[gateway.PREFIX] = gateway.serve
    sessions.on_end(live.end)
    api.install()
    control.install(sandbox)
