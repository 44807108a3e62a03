"""The plan of `connect`: client, ports, instance and documents, checked before a session exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from generator.channel.listen import Listen, bind
from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.host.plugin import require_plugin
from generator.model.connect import ConnectPlan, ConnectRequest, PlannedSession
from generator.model.forward import ForwardSpec
from generator.model.plugin import Plugin
from generator.model.session import Client, Target, check_reason
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions.documents import Documents, documents_of, port_request, shell_request
from generator.operations.sessions.targets import Choose, find_target, view_stack


def plan_connect(gateway: Gateway, request: ConnectRequest, choose: Choose) -> ConnectPlan:
    """Find client, ports, target and documents, in this order: what this computer refuses costs no call.

    Raises UsageError, NotFound, and DeployerError with code `port-in-use`.
    """
    check_reason(request.reason)
    if request.selftest and (request.forwards or request.client is not Client.native):
        raise UsageError(
            "--selftest tests a shell session of deployer's own data channel.", "Leave -L and --client out."
        )
    if request.command and not request.forwards:
        raise UsageError("--exec runs a command while a tunnel is open.", "Add a tunnel: -L PORT", code="exec-alone")
    plugin = choose_plugin(request.client, request.forwards)
    forwards = require_free(request.forwards)
    if plugin:
        request = replace(request, forwards=forwards)
    seen = view_stack(gateway, request.target, request.document)
    target = find_target(gateway, request.target, seen, choose)
    documents = documents_of(seen, target.instance_id, gateway.deployment.documents)
    return ConnectPlan(
        target,
        _planned_sessions(documents, target, request, one_each=plugin is not None),
        plugin,
        request.command,
        request.signed,
        _end_time(request.length),
        documents.assumed and not request.document,
    )


def choose_plugin(client: Client, forwards: Sequence[ForwardSpec]) -> Plugin | None:
    """The plugin when it was asked for; None for our own channel, whatever is installed. Raises UsageError for an
    address that the plugin cannot listen on, and what `require_plugin` raises."""
    if client is Client.native:
        return None
    if any(forward.bind not in ("", "localhost") for forward in forwards):
        raise UsageError("The plugin listens on localhost only.", "Leave --client out.", code="plugin-bind")
    return require_plugin()


def require_free(forwards: Sequence[ForwardSpec]) -> tuple[ForwardSpec, ...]:
    """The forwards, each with a port that was free a moment ago. Raises DeployerError (`port-in-use`)."""
    taken = [bind(listen_of(forward)) for forward in forwards]
    ports = [sockets[0].getsockname()[1] for sockets in taken]
    for each in (made for sockets in taken for made in sockets):
        each.close()
    return tuple(replace(forward, local_port=number) for forward, number in zip(forwards, ports, strict=True))


def listen_of(forward: ForwardSpec) -> Listen:
    """Where a forward listens."""
    return Listen(forward.local_port, forward.addresses)


def _planned_sessions(
    documents: Documents, target: Target, request: ConnectRequest, *, one_each: bool
) -> tuple[PlannedSession, ...]:
    """One session a far end, or one a forward where the client can do no more."""
    where = target.instance_id
    if not request.forwards:
        shell = shell_request(documents, where, request.reason, request.document)
        return (PlannedSession(replace(shell, parameters={k: (v,) for k, v in request.parameters.items()})),)
    groups: dict[object, list[ForwardSpec]] = {}
    for number, forward in enumerate(request.forwards):
        groups.setdefault(number if one_each else (forward.host, forward.remote_port), []).append(forward)
    return tuple(
        PlannedSession(
            port_request(
                documents, where, group[0], request.reason, request.document, group[0].local_port if one_each else 0
            ),
            tuple(group),
        )
        for group in groups.values()
    )


def _end_time(length: timedelta | None, clock: Clock = SYSTEM) -> datetime | None:
    """When it must end. A grant's end is not known here, as support may not read it: see `access_watch`."""
    return clock.now() + length if length else None
