"""`ssh`: OpenSSH over a session, with a key that is made for the connection and accepted for a minute."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from generator.channel import signals
from generator.errors import AwsError
from generator.gateway.aws import Gateway
from generator.host import programs
from generator.host import ssh as openssh
from generator.host.this_program import own_command
from generator.model.connect import SessionCaller
from generator.model.contract import SSH_PORT, SSH_USER
from generator.model.deployment import Deployment
from generator.model.session import SessionRequest, Target
from generator.operations.sessions import sandbox_ssh, session_states
from generator.operations.sessions.documents import documents_of, ssh_request
from generator.operations.sessions.sandbox_ssh import SandboxSsh
from generator.operations.sessions.targets import Choose, find_target, view_stack

COMMENT = "deployer"
SHOW_MESSAGE = "--show-message"
"""The proxy's option for a command of ours, whose standard error is for its user (record 70)."""


@dataclass(frozen=True)
class SshRoute:
    """Where an SSH connection goes: the instance, the login, and the session that carries it.

    `here`: what answers in the sandbox; None in AWS.
    """

    target: Target
    user: str
    request: SessionRequest
    here: SandboxSsh | None = None


@dataclass(frozen=True)
class SshResult:
    """How ssh ended: its exit code, after the instance and the login it was run for."""

    target: str
    user: str
    exit_code: int


def ssh(gateway: Gateway, words: Sequence[str], reason: str, caller: SessionCaller, document: str = "") -> SshResult:
    """Run OpenSSH through a session, with `words` as for ssh; return how it ended.

    Raises what `plan_ssh` and `push` raise, and DeployerError (`ssh-missing`) without OpenSSH.
    """
    typed = openssh.read_words(words)
    route = plan_ssh(gateway, typed.destination, typed.user, typed.port, reason, caller.choose, document)
    code = run_ssh(gateway, route, typed.options, typed.command)
    return SshResult(route.target.instance_id, route.user, code)


def plan_ssh(
    gateway: Gateway, target: str, user: str, port: int, reason: str, choose: Choose, document: str = ""
) -> SshRoute:
    """Find the instance and the document; `document` overrides. Raises what `find_target` raises."""
    seen = view_stack(gateway, target, document)
    instance = find_target(gateway, target, seen, choose)
    documents = documents_of(seen, instance.instance_id, gateway.deployment.documents)
    request = ssh_request(documents, instance.instance_id, reason, port, document)
    here = sandbox_ssh.look(gateway, instance.instance_id) if port == SSH_PORT else None
    return SshRoute(instance, user or default_login(gateway, here), request, here)


def default_login(gateway: Gateway, here: SandboxSsh | None = None) -> str:
    """The login where none is named: in a sandbox that answers itself its own, else the one that the user has stored,
    else Amazon Linux's."""
    if here and here.server and not here.registered:
        return here.login
    return gateway.deployment.ssh_user or SSH_USER


def run_ssh(gateway: Gateway, route: SshRoute, options: Sequence[str], command: Sequence[str]) -> int:
    """Run ssh on this terminal; its exit code. Options given come after those that make the connection.

    Raises as `sandbox_ssh.require`.
    """
    sandbox_ssh.require(route.here, route.user)
    program = openssh.require("ssh")
    with pushed_key(gateway, route) as own:
        last = as_options(openssh.host_key_options(route.target.instance_id))
        return signals.run(programs.run([program, *own, *options, *last, route.target.instance_id, *command]))


@contextmanager
def pushed_key(gateway: Gateway, route: SshRoute, report: Path | None = None) -> Iterator[list[str]]:
    """A key that the instance accepts for a minute, and the options by which ssh and scp use it and the session.

    The proxy writes to `report` why no server answered, where that is so.
    """
    instance_id = route.target.instance_id
    with openssh.identity(COMMENT) as key:
        with session_states.explained(gateway, (instance_id,), assumed=route.request.otherwise is not None):
            push(gateway, instance_id, route.user, key.public_key)
        argv = [*proxy_argv(gateway.deployment, route.request), SHOW_MESSAGE]
        argv += ["--report", str(report)] if report else []
        proxy = openssh.proxy_command(argv)
        yield [*key.options, "-o", f"User={route.user}", "-o", f"ProxyCommand={proxy}"]


def push(gateway: Gateway, instance_id: str, user: str, public_key: str) -> None:
    """Have the instance accept a key for 60 seconds. Raises AwsError, which explains a refusal."""
    try:
        gateway.instance_connect.send_ssh_public_key(instance_id, user, public_key)
    except AwsError as error:
        if not error.denied:
            raise
        raise error.explained(
            f"You may not push an SSH key for {user} to {instance_id}.",
            hint="As the vendor's support, ask the customer whether SSH is allowed, and as whom (SupportSshUser)\n"
            "As one of the customer's own engineers, name the login of the engineers' stack: LOGIN@TARGET\n"
            f"Others see what is missing with: {gateway.commands.deployer('doctor', instance_id)}",
        ) from error


def proxy_argv(deployment: Deployment, request: SessionRequest) -> list[str]:
    """The command that carries ssh's bytes. It names the document, so that nothing has to be looked up again."""
    argv = own_command("ssh-proxy", request.target, "--document", request.document)
    argv += [word for name, value in request.parameters.items() for word in ("--parameter", f"{name}={value[0]}")]
    otherwise = request.otherwise
    while otherwise:
        argv, otherwise = [*argv, "--or-document", otherwise.document], otherwise.otherwise
    return [*argv, *(["--reason", request.reason] if request.reason else []), *common_options(deployment)]


def common_options(deployment: Deployment) -> list[str]:
    """The options that lead another command to the same stack, region and profile."""
    named = {"--profile": deployment.profile, "--region": deployment.region, "--stack-name": deployment.stack_name}
    return [word for option, value in named.items() if value for word in (option, value)]


def as_options(settings: dict[str, str]) -> list[str]:
    """Settings as options of ssh and scp."""
    return [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
