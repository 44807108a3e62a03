"""`cp`: files to and from an instance, by scp if SSH is available, through shell sessions if it is not."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from generator import directories
from generator.channel import signals
from generator.errors import AwsError, DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.host import programs
from generator.host import ssh as openssh
from generator.model.copy import CopyCaller, CopyRequest, CopyResult, Place
from generator.model.session import Target, Via
from generator.operations.sessions import (
    bucket_copy,
    bucket_tree,
    copy_tree,
    parallel_copy,
    sandbox_ssh,
    session_states,
    ssh,
)
from generator.operations.sessions.channel_options import channel_options
from generator.operations.sessions.documents import Documents, documents_of, shell_request, ssh_request
from generator.operations.sessions.host_shell import CHECK_PROGRAMS
from generator.operations.sessions.service import SessionCalls
from generator.operations.sessions.targets import Choose, find_target, view_stack

SSH_FAILED = 255  # ssh's own exit code when there was no connection
HALF_A_FILE = "what scp was writing may be half a file, and the same command again copies it whole"
NO_SUCH_INSTANCE = "EC2InstanceNotFoundException"  # a hybrid node, which EC2 Instance Connect does not know


@dataclass(frozen=True)
class NoSsh:
    """No SSH server has answered, so no host key was looked at and no byte was copied. `exit_code` is scp's, where it
    ran and has told the user."""

    error: DeployerError
    exit_code: int = 0


@dataclass(frozen=True)
class _Plan:
    """The instance, and the session documents to reach it by."""

    target: Target
    documents: Documents


def copy(gateway: Gateway, request: CopyRequest, caller: CopyCaller) -> CopyResult:
    """Copy. Raises DeployerError.

    By `auto` SSH is tried first. Shell sessions take its place, and `caller` is given the reason, in these cases
    alone: OpenSSH is not installed here; this caller may not push a key, or open a session for SSH; the target takes no
    key; nothing listens on its port for SSH. Never once a server has answered (a changed host key, a key it does not
    take, a connection lost halfway), nor where the login was named, which a shell session cannot honour.
    """
    if request.via is Via.bucket:
        return _by_bucket(gateway, request, caller)
    if request.relayed:
        return _relayed(gateway, request, caller)
    _check_sources(request)
    if request.via is Via.session and request.far.user:
        raise UsageError(
            f"A shell session copies as its own user, not as {request.far.user}.",
            f"Leave {request.far.user}@ out, or copy over SSH: --via ssh",
        )
    plan = _plan(gateway, request, caller.choose)
    with session_states.explained(gateway, (plan.target.instance_id,), assumed=plan.documents.assumed):
        try:
            return _copied(gateway, request, plan, caller)
        except DeployerError as error:
            if error.code == "host-shell" and gateway.only_sandbox:
                raise error.explained(hint=sandbox_ssh.BY_SSH) from error
            raise


def _copied(gateway: Gateway, request: CopyRequest, plan: _Plan, caller: CopyCaller) -> CopyResult:
    if request.via is Via.session:
        return _through_sessions(gateway, request, plan, caller)
    outcome = _over_ssh(gateway, plan, request)
    if isinstance(outcome, CopyResult):
        return outcome
    if request.via is Via.ssh or request.far.user:
        if outcome.exit_code:
            return CopyResult(plan.target.instance_id, "ssh", exit_code=outcome.exit_code)
        raise outcome.error
    caller.say(f"SSH was not used: {outcome.error.message}")
    caller.say("Copying through shell sessions: what is copied may be written to the session log.")
    try:
        result = _through_sessions(gateway, request, plan, caller)
    except DeployerError as error:
        if error.code != "host-shell":
            raise
        raise error.explained(hint=CHECK_PROGRAMS) from error  # no further way: SSH was tried
    return replace(result, fallback=outcome.error.message)


def _by_bucket(gateway: Gateway, request: CopyRequest, caller: CopyCaller) -> CopyResult:
    """Through the bucket that was named, by the instances' own roles."""
    _check_sources(request)
    places = (*request.sources, request.destination)
    if named := next((place for place in places if place.user), None):
        raise UsageError(
            f"A shell session copies as its own user, not as {named.user}.", f"Leave {named.user}@ out.", code="login"
        )
    targets = {place.target: "" for place in places if place.target is not None}

    def side(place: Place) -> bucket_copy.Side:
        if place.target is None:
            return bucket_copy.Side(place)
        plan = _plan(gateway, replace(request, sources=(place,), destination=Place(".")), caller.choose)
        targets[place.target] = plan.target.instance_id
        shell = shell_request(plan.documents, plan.target.instance_id, request.reason, request.document)
        return bucket_copy.Side(place, SessionCalls(gateway, shell))

    encryption = gateway.s3.default_encryption(request.bucket)
    bucket = bucket_copy.Bucket(gateway, request.bucket, encryption, channel_options(gateway), caller)
    inside = len(request.sources) > 1 or request.destination.path.endswith("/")

    async def work() -> list[tuple[str, str]]:
        to = side(request.destination)
        return [file for each in request.sources for file in await carried(side(each), to)]

    async def carried(source: bucket_copy.Side, to: bucket_copy.Side) -> list[tuple[str, str]]:
        if request.recursive and await bucket_tree.is_directory(bucket, source):
            return await bucket_tree.carry(bucket, source, to, inside=inside)
        return [await bucket_copy.carry(bucket, source, to, inside=inside)]

    files = tuple(signals.run(work()))
    return CopyResult(" -> ".join(targets.values()), "bucket", files)


def _relayed(gateway: Gateway, request: CopyRequest, caller: CopyCaller) -> CopyResult:
    """From one instance to another through this computer, in a directory of this user alone that is removed after it.

    Each half is a copy of its own, verified as such; the bytes that arrived here are the ones that go on.
    """
    with tempfile.TemporaryDirectory(prefix="deployer-cp-") as directory:
        caller.say("Copying to this computer first, and from here to the other instance; nothing stays here.")
        fetched = copy(gateway, replace(request, destination=Place(f"{directory}/"), passing=True), caller)
        if fetched.exit_code:
            return fetched
        arrived = sorted(Path(directory).iterdir())
        if len(arrived) != len(request.sources):
            raise UsageError("Two of the sources have one name.", "Copy them one by one.", code="same-name")
        sources = tuple(Place(str(path)) for path in arrived)
        sent = copy(gateway, replace(request, sources=sources), caller)
    names = tuple((str(Path(name).relative_to(directory)), digest) for name, digest in sent.files)
    return replace(sent, files=names, target=f"{fetched.target} -> {sent.target}")


def _plan(gateway: Gateway, request: CopyRequest, choose: Choose) -> _Plan:
    seen = view_stack(gateway, request.far.target or "")
    with _colon_explained(request.far):
        target = find_target(gateway, request.far.target or "", seen, choose)
    return _Plan(target, documents_of(seen, target.instance_id, gateway.deployment.documents))


@contextmanager
def _colon_explained(place: Place) -> Iterator[None]:
    """Where there is no such instance, but a file here whose name has the colon: how it is written."""
    try:
        yield
    except NotFound as error:
        here = f"{place.target}:{place.path}"
        if place.user or not Path(here).exists():
            raise
        raise error.explained(also=f"For the file {here} of this computer write: ./{here}") from error


def _check_sources(request: CopyRequest) -> None:
    for source in (Path(place.path) for place in request.sources if place.target is None):
        if not source.exists():
            raise NotFound(f"There is no file {source}.", "Check the path.", code="file-not-found")
        if not source.is_file() and not (source.is_dir() and request.recursive):
            if source.is_dir():
                raise UsageError(f"{source} is a directory.", "Copy it with -r.")
            raise UsageError(f"{source} is not a regular file.", "Copy files, or a directory with -r.")


def _over_ssh(gateway: Gateway, plan: _Plan, request: CopyRequest) -> CopyResult | NoSsh:
    """By scp, as far as that is possible."""
    ssh_session = ssh_request(plan.documents, plan.target.instance_id, request.reason)
    here = sandbox_ssh.look(gateway, plan.target.instance_id)
    route = ssh.SshRoute(plan.target, request.far.user or ssh.default_login(gateway, here), ssh_session)
    sandbox_ssh.require_login(here, route.user)
    if lacking := sandbox_ssh.lacking(here):
        if here and not here.shell:
            raise lacking  # no shell either that a file could go through
        return NoSsh(lacking)
    try:
        scp, ssh_program = (openssh.require(name) for name in ("scp", "ssh"))
    except DeployerError as error:
        return NoSsh(error)
    with tempfile.TemporaryDirectory(prefix="deployer-cp-") as directory:
        report = Path(directory) / "report"
        try:
            code = _scp(
                gateway, route, request, [scp, "-S", ssh_program], report
            )  # else scp runs the ssh of its own package
        except AwsError as error:
            if error.denied or error.aws_code == NO_SUCH_INSTANCE:
                return NoSsh(error)
            raise
        if code == SSH_FAILED and report.exists():
            return NoSsh(DeployerError(report.read_text(encoding="utf-8")), code)
    return CopyResult(route.target.instance_id, "ssh", exit_code=code)


def _scp(gateway: Gateway, route: ssh.SshRoute, request: CopyRequest, scp: Sequence[str], report: Path) -> int:
    instance_id = route.target.instance_id
    words = [
        place.path if place.target is None else f"{instance_id}:{place.path}"
        for place in (*request.sources, request.destination)
    ]
    flags = ["-r"] if request.recursive else []
    with ssh.pushed_key(gateway, route, report) as own:
        settings = ssh.as_options(openssh.host_key_options(instance_id))
        argv = [*scp, "-p", *flags, *own, *settings, "--", *words]
        return signals.run(programs.run(argv, interrupted=HALF_A_FILE))


def _through_sessions(gateway: Gateway, request: CopyRequest, plan: _Plan, caller: CopyCaller) -> CopyResult:
    target = plan.target.instance_id
    shell = shell_request(plan.documents, target, request.reason, request.document)
    options = channel_options(gateway)

    def calls() -> SessionCalls:
        return SessionCalls(gateway, shell)

    async def work() -> list[tuple[str, str]]:
        async with parallel_copy.Shells(calls, options, caller.say) as shells:
            return [
                done for each in request.sources for done in await _one(shells, run_of(shells, each), request, each)
            ]

    def run_of(shells: parallel_copy.Shells, source: Place) -> parallel_copy.CopyRun:
        return parallel_copy.CopyRun(
            calls,
            options,
            directories.private_state("copies"),
            request.sessions,
            caller.progress,
            f"{request.far.target} {Path.cwd()} {source} {request.destination}",
            caller.say,
            caller.count,
            inside=len(request.sources) > 1 or request.destination.path.endswith("/"),
            shells=shells,
        )

    return CopyResult(target, "session", tuple(signals.run(work())))


async def _one(
    shells: parallel_copy.Shells, run: parallel_copy.CopyRun, request: CopyRequest, source: Place
) -> list[tuple[str, str]]:
    """Copy one source, a file or a directory; the name and SHA-256 of each file."""
    near, far = Path(source.path), request.destination.path
    if request.upward:
        if near.is_dir():
            return await _send_tree(shells, run, near, far)
        return [(source.path, await parallel_copy.send(run, near, far))]
    if request.recursive and await _is_directory(shells, source.path):
        return await _fetch_tree(shells, run, source.path, Path(far), passing=request.passing)
    if PurePosixPath(source.path).name in ("", ".."):
        raise DeployerError(f"{source.path} on the instance is a directory.", "Copy it with -r.", code="file")
    written, digest = await parallel_copy.fetch(run, source.path, Path(far))
    return [(str(written), digest)]


async def _is_directory(shells: parallel_copy.Shells, path: str) -> bool:
    async with shells.one() as shell:
        return await copy_tree.is_far_directory(shell, path)


async def _send_tree(
    shells: parallel_copy.Shells, run: parallel_copy.CopyRun, near: Path, far: str
) -> list[tuple[str, str]]:
    tree = copy_tree.near_tree(near)
    async with shells.one() as shell:
        made = await copy_tree.make_far(shell, far, copy_tree.name_of(near.resolve().name), tree, inside=run.inside)
    done = []
    for relative in tree.files:
        path = copy_tree.joined(made.target, relative)
        done.append((str(near / relative), await parallel_copy.send(_within(run, relative), near / relative, path)))
        run.count("Copied", len(done), len(tree.files))
    async with shells.one() as shell:
        await copy_tree.finish_far(shell, made, tree)
    return done


async def _fetch_tree(
    shells: parallel_copy.Shells, run: parallel_copy.CopyRun, far: str, near: Path, *, passing: bool
) -> list[tuple[str, str]]:
    async with shells.one() as shell:
        tree = await copy_tree.far_tree(shell, far)
    made = copy_tree.make_near(near, copy_tree.name_of(PurePosixPath(far).name), tree, inside=run.inside)
    done = []
    for relative in tree.files:
        path = copy_tree.joined(far.rstrip("/"), relative)
        written, digest = await parallel_copy.fetch(_within(run, relative), path, Path(made.target) / relative)
        done.append((str(written), digest))
        run.count("Copied", len(done), len(tree.files))
    copy_tree.finish_near(made, tree, 0 if passing else copy_tree.umask())
    return done


def _within(run: parallel_copy.CopyRun, relative: str) -> parallel_copy.CopyRun:
    """The run of one file of a directory: what is remembered is remembered of that file."""
    return replace(run, key=f"{run.key} {relative}", inside=False)
