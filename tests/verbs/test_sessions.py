"""connect, cp, run, sessions end and ssh-config: what they ask of their caller, and what they call in AWS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.errors import Declined, DeployerError, UsageError
from generator.gateway.aws import Gateway
from generator.model.connect import ConnectPlan, ConnectRequest, ConnectResult, TunnelView
from generator.model.contract import Output
from generator.model.copy import CopyRequest, Place
from generator.model.forward import ForwardSpec, parse_forward
from generator.model.run_command import CommandRequest, HostProgress
from generator.model.session import Client, EndPlan, EndRequest, Target, Via
from generator.operations.sessions.connect import connect
from generator.operations.sessions.copy import copy
from generator.operations.sessions.documents import documents_of, port_request
from generator.operations.sessions.listing import end, list_sessions
from generator.operations.sessions.run import run
from generator.operations.sessions.ssh_config import ssh_config
from generator.operations.sessions.targets import view_stack
from tests.verbs.conftest import NotingCaller

UI = parse_forward("0:localhost:3035")


@dataclass
class NotingSessionCaller(NotingCaller):
    """Notes what a session's verb shows while it runs as well."""

    def choose(self, targets: Sequence[Target]) -> Target | None:
        self.journal.append("choose")
        return None

    def opened(self, tunnels: Sequence[TunnelView]) -> None:
        self.journal.append("opened")

    def accepted(self, port: int, session_id: str) -> None:
        self.journal.append("accepted")

    def tick(self, tunnels: Sequence[TunnelView]) -> None:
        """Whether a second passes is no matter of the order."""

    def progress(self, done: int, total: int) -> None:
        if done == total:
            self.journal.append("arrived")

    def count(self, done: str, files: int, total: int) -> None:
        """Of how many files there are is no matter of the order."""


@pytest.fixture
def caller(caller: NotingCaller) -> NotingSessionCaller:
    """Shares the journal of the caller that notes AWS's calls."""
    return NotingSessionCaller(journal=caller.journal)


@pytest.fixture
def instance(gateway: Gateway, create: Callable[..., None], caller: NotingSessionCaller) -> str:
    """The instance of a stack of the test's own."""
    create()
    caller.journal.clear()
    return gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs[Output.INSTANCE_ID]


def test_a_tunnel_is_planned_shown_opened_and_ended(
    gateway: Gateway, instance: str, caller: NotingSessionCaller
) -> None:
    result = connect(gateway, ConnectRequest(forwards=(UI,), command='test "$DEPLOYER_PORT" && exit 5'), caller)
    calls = [entry for entry in caller.journal if entry != "say"]  # the agent's message
    assert calls == ["show ConnectPlan", "StartSession", "opened", "TerminateSession"]
    assert isinstance(result, ConnectResult) and (result.target, result.exit_code) == (instance, 5)
    [plan] = caller.shown
    assert isinstance(plan, ConnectPlan) and plan.target.instance_id == instance and not plan.is_shell
    assert list_sessions(gateway, target=instance) == ()


def test_a_port_that_the_document_does_not_allow_is_refused_and_nothing_stays_open(
    gateway: Gateway, instance: str, caller: NotingSessionCaller
) -> None:
    document = f"deepsql-port-{instance}"
    with pytest.raises(DeployerError, match="does not allow port 22"):
        connect(gateway, ConnectRequest(forwards=(ForwardSpec(0, 22),), command="true", document=document), caller)
    assert "opened" not in caller.journal and list_sessions(gateway, target=instance) == ()


@pytest.mark.parametrize(
    "request_",
    [
        ConnectRequest(selftest=True, forwards=(UI,)),
        ConnectRequest(selftest=True, client=Client.plugin),
        ConnectRequest(command="true"),
        ConnectRequest(reason="two\nlines"),
    ],
)
def test_what_cannot_be_is_refused_before_aws_is_called(
    gateway: Gateway, caller: NotingSessionCaller, request_: ConnectRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gateway, "_session", None)  # whoever makes a client of AWS's fails
    with pytest.raises(UsageError):
        connect(gateway, request_, caller)
    assert caller.journal == []


def test_a_copy_that_cannot_be_opens_no_session(
    gateway: Gateway, instance: str, caller: NotingSessionCaller, tmp_path: Path
) -> None:
    far = Place("/tmp/far", "")
    for source, settings, message in (
        (tmp_path / "absent", {}, "no file"),
        (tmp_path, {"via": Via.session}, "is a directory"),
        (tmp_path, {}, "is a directory"),
    ):
        with pytest.raises(DeployerError, match=message):
            copy(gateway, CopyRequest((Place(str(source)),), far, **settings), caller)  # type: ignore[arg-type]
    assert caller.journal == []


def test_a_command_is_shown_sent_and_followed_host_by_host(
    gateway: Gateway, instance: str, caller: NotingSessionCaller
) -> None:
    report = run(gateway, CommandRequest("whoami; exit 4"), caller)
    assert caller.journal == ["show CommandRequest", "SendCommand", "show HostProgress"]
    assert report.one_host and not report.succeeded
    [host] = report.hosts
    assert (host.instance_id, host.exit_code, host.out.strip()) == (instance, 4, "root")
    assert caller.shown[-1] == HostProgress(host, only=True)


def test_sessions_are_shown_and_asked_about_before_any_is_ended(
    gateway: Gateway, instance: str, caller: NotingSessionCaller
) -> None:
    wanted = port_request(documents_of(view_stack(gateway), instance), instance, UI, "TICKET-7")
    first, second = (gateway.ssm.start_session(wanted).session_id for _ in range(2))
    caller.journal.clear()
    caller.declines = True
    with pytest.raises(Declined):
        end(gateway, EndRequest(target=instance), caller)
    assert caller.journal == ["show EndPlan", "confirm EndPlan"]
    [plan] = caller.shown
    assert isinstance(plan, EndPlan) and {session.session_id for session in plan.sessions} == {first, second}
    assert len(list_sessions(gateway, target=instance)) == 2

    caller.declines = False
    caller.journal.clear()
    assert end(gateway, EndRequest((first,)), caller).ended == (first,)
    assert caller.journal == ["TerminateSession"], "who names a session is not asked"
    report = end(gateway, EndRequest(target=instance), caller)
    assert report.proved and report.ended == (second,)
    caller.journal.clear()
    assert end(gateway, EndRequest(target=instance), caller).ended == () and caller.journal == []


def test_lines_for_sshs_configuration_change_nothing(
    gateway: Gateway, instance: str, caller: NotingSessionCaller
) -> None:
    block = ssh_config(gateway, "", "ec2-user", "", caller)
    assert block.target == instance and f"Host {gateway.deployment.stack_name}" in block.lines
    assert caller.journal == []
