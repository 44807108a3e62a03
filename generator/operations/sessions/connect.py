"""`connect`: a shell on an instance, or tunnels to it."""

from __future__ import annotations

from generator.channel import signals
from generator.gateway.aws import Gateway
from generator.model.connect import ConnectRequest, ConnectResult, TunnelCaller
from generator.operations.sessions import native_client, plugin_client, session_states
from generator.operations.sessions.connect_plan import plan_connect
from generator.operations.sessions.selftest import SelftestResult, selftest


def connect(
    gateway: Gateway, request: ConnectRequest, caller: TunnelCaller, *, quiet: bool = False
) -> ConnectResult | SelftestResult:
    """Open a shell or tunnels, by our own data channel or AWS's plugin, and return when they are over.

    `quiet` sends what a shell or a command prints to standard error. The session lives exactly as long as this call,
    whatever ends it: each one was terminated, or is named in the result's `not_ended`. Raises what `plan_connect` and
    opening the channel raise, and DeployerError: `interrupted` after a signal, `session-ended` when the far side ended
    a tunnel, `access-ended` when the caller's access to the instance has ended.
    """
    plan = plan_connect(gateway, request, caller.choose)
    caller.show(plan)
    with session_states.explained(gateway, (plan.target.instance_id,), assumed=plan.assumed):
        if request.selftest:
            return selftest(gateway, plan, caller.say)
        if plan.plugin:
            return signals.run(plugin_client.run_session(gateway, plan, caller, quiet=quiet))
        return signals.run(native_client.run_session(gateway, plan, caller, quiet=quiet))
