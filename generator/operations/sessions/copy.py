"""cp: files to and from an instance, by scp where SSH is to be had, through shell sessions where it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator import directories
from generator.channel import signals
from generator.channel.session import ChannelOptions
from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host import run as programs
from generator.host import ssh as openssh
from generator.model.session import Via
from generator.operations.sessions import ssh, stripes
from generator.operations.sessions.documents import documents_of, shell_request
from generator.operations.sessions.native_client import authorities
from generator.operations.sessions.service import SessionCalls
from generator.operations.sessions.targets import Pick, find_target, view_stack

SSH_FAILED = 255  # ssh's own exit code when there was no connection
SESSIONS = 4


@dataclass(frozen=True)
class Place:
    """One side of a copy: a path here, or on an instance. `target` is None for this computer."""

    path: str
    target: str | None = None
    user: str = ""


@dataclass(frozen=True)
class CopyRequest:
    """What was asked for."""

    sources: tuple[Place, ...]
    destination: Place
    via: Via = Via.auto
    recursive: bool = False
    sessions: int = SESSIONS
    reason: str = ""
    document: str = ""

    @property
    def upward(self) -> bool:
        """Whether it goes to the instance."""
        return self.destination.target is not None

    @property
    def far(self) -> Place:
        """The side on the instance."""
        return self.destination if self.upward else self.sources[0]


@dataclass(frozen=True)
class CopyResult:
    """What was copied. `files` are name and SHA-256, as far as this side computed it."""

    target: str
    via: str
    files: tuple[tuple[str, str], ...] = ()
    exit_code: int = 0


def read_place(text: str) -> Place:
    """`PATH` here, `[USER@]TARGET:PATH` there; `:PATH` is the stack's instance. A colon after a slash is the path's."""
    host, colon, path = text.partition(":")
    if not colon or "/" in host:
        return Place(text)
    user, _, target = host.rpartition("@")
    return Place(path or ".", target, user)


def read_request(words: Sequence[str], **settings: object) -> CopyRequest:
    """From the words typed. Raises UsageError unless exactly one side is an instance."""
    places = [read_place(word) for word in words]
    if len(places) < 2:
        raise UsageError(
            "A copy needs a source and a destination.", "deployer cp FILE :/tmp/  or  deployer cp :/var/log/x ."
        )
    request = CopyRequest(tuple(places[:-1]), places[-1], **settings)  # type: ignore[arg-type]
    far = {source.target for source in request.sources}
    if request.upward == any(target is not None for target in far) or len(far) > 1:
        raise UsageError(
            "One side of a copy is this computer, the other one instance.",
            "Write the instance's side as TARGET:PATH, or :PATH for the stack's own.",
        )
    return request


def copy(gateway: Gateway, request: CopyRequest, pick: Pick, progress: stripes.Progress) -> CopyResult:
    """Copy. Raises DeployerError; by `auto` SSH is tried first, and sessions are used where it is refused or absent."""
    for source in request.sources if request.upward else ():
        if not Path(source.path).exists():
            raise NotFound(f"There is no file {source.path}.", "Check the path.", code="file-not-found")
    if request.via is not Via.session:
        result = _by_ssh(gateway, request, pick)
        if result is not None:
            return result
    if request.recursive:
        raise UsageError(
            "Directories are copied over SSH only.", "Pack them (tar), or let SSH in: --via ssh says why not."
        )
    return _by_sessions(gateway, request, pick, progress)


def _by_ssh(gateway: Gateway, request: CopyRequest, pick: Pick) -> CopyResult | None:
    """By scp; None where `auto` may go another way."""
    route = ssh.plan_ssh(gateway, request.far.target or "", request.far.user, 22, request.reason, pick)
    try:
        code = _scp(gateway, route, request)
    except (AwsError, DeployerError) as error:
        if request.via is Via.auto and (error.code == "ssh-missing" or _denied(error)):
            return None
        raise
    if code == SSH_FAILED and request.via is Via.auto:
        return None
    return CopyResult(route.target.instance_id, "ssh", exit_code=code)


def _denied(error: DeployerError) -> bool:
    return isinstance(error, AwsError) and "AccessDenied" in error.aws_code


def _scp(gateway: Gateway, route: ssh.SshRoute, request: CopyRequest) -> int:
    program, instance_id = openssh.require("scp"), route.target.instance_id
    words = [
        place.path if place.target is None else f"{instance_id}:{place.path}"
        for place in (*request.sources, request.destination)
    ]
    flags = ["-r"] if request.recursive else []
    with ssh.let_in(gateway, route) as own:
        settings = ssh.as_options(openssh.host_key_options(instance_id))
        return signals.run(programs.run([program, "-p", *flags, *own, *settings, "--", *words]))


def _by_sessions(gateway: Gateway, request: CopyRequest, pick: Pick, progress: stripes.Progress) -> CopyResult:
    seen = view_stack(gateway)
    target = find_target(gateway, request.far.target or "", seen, pick).instance_id
    wish = shell_request(documents_of(seen, target), target, request.reason, request.document)

    async def work() -> list[tuple[str, str]]:
        done = []
        for source in request.sources:
            done.append(await _one(lambda: SessionCalls(gateway, wish), request, source, target, progress))
        return done

    return CopyResult(target, "session", tuple(signals.run(work())))


async def _one(
    shells: Callable[[], SessionCalls], request: CopyRequest, source: Place, target: str, progress: stripes.Progress
) -> tuple[str, str]:
    options, state = ChannelOptions(tls=authorities()), _state()
    key = f"{target} {Path.cwd()} {source} {request.destination}"
    try:
        if request.upward:
            near = Path(source.path)
            digest = await stripes.send(
                shells, options, near, request.destination.path, state, request.sessions, progress, key
            )
            return str(near), digest
        near = Path(request.destination.path)
        near = near / Path(source.path).name if near.is_dir() else near
        digest = await stripes.fetch(shells, options, source.path, near, state, request.sessions, progress, key)
        return str(near), digest
    except BaseExceptionGroup as group:  # the sessions' own failures, several at once: the first says it
        raise group.exceptions[0] from group


def _state() -> Path:
    return directories.private_state("copies")
