"""run: a script on many instances at once, by Systems Manager's SendCommand. For the customer: support may not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.gateway.ssm import RUN_SHELL_SCRIPT
from generator.model.caller import Caller
from generator.model.engineers import Kind, document_name
from generator.model.run_command import CommandRequest, HostProgress, HostResult, RunReport
from generator.operations import polling
from generator.operations.aws import refused
from generator.operations.clock import SYSTEM, Clock
from generator.operations.sessions import session_states
from generator.operations.sessions.targets import find_target, view_stack

LIMIT = 172_800.0  # seconds: no command of Systems Manager runs longer
FIRST_INVOCATIONS = 10.0  # seconds in which the first invocations appear: they come a moment after the command


def run(gateway: Gateway, request: CommandRequest, caller: Caller, clock: Clock = SYSTEM) -> RunReport:
    """Run a command on the instances asked for, by default the stack's own, and show each host's result as it comes.

    Interrupted, it is cancelled on the hosts, and the caller told. Raises what `start` and `follow` raise.
    """
    if not request.tags and not request.instance_ids:
        own = find_target(gateway, "", view_stack(gateway), lambda targets: None)
        request = replace(request, instance_ids=(own.instance_id,))
    caller.show(request)
    began, hosts = clock.seconds(), list[HostResult]()
    with cancelled(gateway, caller) as sent:
        sent.command_id = start(gateway, request)
        for host in follow(gateway, sent.command_id, clock):
            hosts.append(host)
            caller.show(HostProgress(host, request.one_host))
    by_id = tuple(sorted(hosts, key=lambda host: host.instance_id))
    return RunReport(sent.command_id, by_id, clock.seconds() - began, request.one_host)


@dataclass
class Sent:
    """A command that is on its way: its ID, once AWS has said it."""

    command_id: str = ""


@contextmanager
def cancelled(gateway: Gateway, caller: Caller) -> Iterator[Sent]:
    """Interrupted within, cancel the command that was sent, and tell the caller what goes on."""
    sent = Sent()
    try:
        yield sent
    except KeyboardInterrupt:
        caller.say(_left(gateway, sent.command_id))
        raise


def start(gateway: Gateway, request: CommandRequest) -> str:
    """Send the command; its id. Raises AwsError."""
    try:
        with refused("Support may only start sessions: deployer connect. Others need ssm:SendCommand."):
            return _sent(gateway, request)
    except AwsError as error:
        if error.aws_code == "InvalidParameters" and "commands" in error.message:
            raise error.explained(f"The document does not allow the command {request.script}.", hint=ALLOWED) from error
        if error.aws_code != "InvalidInstanceId":
            raise
        clearer = error.explained(
            f"Systems Manager cannot reach {', '.join(request.instance_ids)}: not running, or the agent is offline.",
            hint=f"See what is missing with: deployer doctor {request.instance_ids[0]}",
        )
        raise session_states.explanation(gateway, clearer, request.instance_ids) from error


ALLOWED = "See what it allows with: deployer engineers status"


def _sent(gateway: Gateway, request: CommandRequest) -> str:
    """Send by AWS's own document, or, where that may not be used, by that of `deployer engineers up`."""
    try:
        return gateway.ssm.send_command(request)
    except AwsError as error:
        if request.document or not (error.denied and f"document/{RUN_SHELL_SCRIPT}" in error.message):
            raise
        own = replace(request, document=document_name(Kind.RUN))
        try:
            sent = gateway.ssm.send_command(own)
        except AwsError as second:
            if second.denied or second.aws_code == "InvalidDocument":
                raise error from second
            raise
        gateway.notify(f"You may not use {RUN_SHELL_SCRIPT}: {own.document} is used.")
        return sent


@dataclass(frozen=True)
class _Look:
    """One look at a command: results that are new, how many hosts it has reached, whether it has finished."""

    fresh: tuple[HostResult, ...]
    reached: int
    finished: bool


def follow(gateway: Gateway, command_id: str, clock: Clock = SYSTEM) -> Iterator[HostResult]:
    """Yield each host's result as it comes, until every host has one.

    Raises NotFound if no host matches the tags, DeployerError if the command keeps running and cannot be followed.
    """
    began, seen = clock.seconds(), set[str]()
    try:
        for seen_now in polling.looks(gateway, lambda: _look(gateway, command_id, seen), LIMIT, clock, (1.0,) * 9):
            if not seen_now.reached and clock.seconds() - began > FIRST_INVOCATIONS:
                break
            for host in seen_now.fresh:
                seen.add(host.instance_id)
                yield host
            if seen_now.finished:
                return
    except DeployerError as error:
        raise _not_followed(gateway, command_id, error) from error
    if seen:
        raise _not_followed(gateway, command_id)
    raise NotFound(
        "No instance that is online has these tags, so nothing ran.",
        "Check --tag, --region and --profile; to list those online: "
        + gateway.commands.aws("ssm", "describe-instance-information"),
        code="no-host",
    )


def _look(gateway: Gateway, command_id: str, seen: Collection[str]) -> _Look:
    hosts = gateway.ssm.command_hosts(command_id)
    done = [name for name, status in sorted(hosts.items()) if name not in seen and HostResult(name, status).finished]
    fresh = tuple(gateway.ssm.command_result(command_id, name) for name in done)
    all_done = bool(hosts) and len(seen) + len(fresh) == len(hosts)
    return _Look(fresh, len(hosts), all_done and gateway.ssm.command_over(command_id))


def _not_followed(gateway: Gateway, command_id: str, error: DeployerError | None = None) -> DeployerError:
    why = error.message if error else f"It has not ended within {LIMIT / 3600:.0f} hours."
    return DeployerError(
        f"The command {command_id} is still running on its hosts, but could not be followed: {why}",
        polling.then(error, f"see what it did with: {_look_at(gateway, command_id)}"),
        code="not-followed",
    )


def _look_at(gateway: Gateway, command_id: str) -> str:
    return gateway.commands.aws("ssm", "list-command-invocations", "--details", "--command-id", command_id)


def _left(gateway: Gateway, command_id: str) -> str:
    """Stop the command where it has not ended, as the user is leaving; what goes on, and how to see what it did."""
    if not command_id:
        sent = gateway.commands.aws("ssm", "list-commands", "--max-items", "5")
        return f"The command may have been sent, although no answer has named its ID yet; the last ones: {sent}"
    look = f"see what it did with: {_look_at(gateway, command_id)}"
    try:
        gateway.ssm.cancel_command(command_id)
    except DeployerError as error:
        return f"The command {command_id} goes on: it could not be cancelled: {error.message.rstrip('.')}; {look}"
    return f"The command {command_id} is cancelled on each host where it had not ended; {look}"
