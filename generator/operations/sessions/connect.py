"""Carrying out what `connect` planned, by the built-in client or by AWS's plugin."""

from __future__ import annotations

from generator.channel import signals
from generator.gateway.aws import Gateway
from generator.operations.sessions.connect_plan import ConnectPlan, ConnectResult, Watcher


def run_session(gateway: Gateway, plan: ConnectPlan, watcher: Watcher, *, quiet: bool = False) -> ConnectResult:
    """Open what was planned and return when it is over. `quiet` sends what is shown to standard error.

    The session lives exactly as long as this call, whatever ends it: each one was terminated, or is named in the
    result's `not_ended`. Raises DeployerError: `interrupted` after a signal, `session-ended` when the far side ended a
    tunnel, and what opening the channel raises.
    """
    if plan.plugin:
        from generator.operations.sessions import plugin_client

        return signals.run(plugin_client.run_session(gateway, plan, watcher, quiet=quiet))
    from generator.operations.sessions import native_client

    return signals.run(native_client.run_session(gateway, plan, watcher, quiet=quiet))
