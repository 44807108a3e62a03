"""Systems Manager in the sandbox, which MiniStack lacks but for parameters: documents, sessions, nodes, commands.

Models: `documents` (with `managed_documents`, `session_documents`), `sessions`, `nodes`, `targets`. Operations: the
modules `*_api` and `instance_connect`. `routes` serves them. The channel of a session: `gateway`, `live`, `agent`, and
what an agent does with it in `terminal`, `shell`, `ports`, `product`, `ssh_server`, `session_log`, `encryption`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox


def install(sandbox: Sandbox) -> None:
    """Add the operations, the channel, and what has to survive a restart."""
    from generator.sandbox.asgi import Store
    from generator.sandbox.policy_evaluator import add_tag_reader
    from generator.sandbox.ssm import documents, gateway, live_session, routes, sessions, ssh_server, targets

    sandbox.stores["ssm-documents"] = Store(documents.dump, documents.load)
    sandbox.stores["ssm-sessions"] = Store(sessions.dump, sessions.load)
    add_tag_reader(documents.tags_of)
    add_tag_reader(sessions.tags_of)
    sandbox.sockets[gateway.PREFIX] = gateway.serve
    sessions.on_end(live_session.end)
    routes.install()
    targets.install(sandbox)
    ssh_server.install(sandbox)
