"""run: a script on many instances at once, by Systems Manager's SendCommand. For the customer: support may not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.errors import AwsError, DeployerError, NotFound
from generator.gateway.aws import Gateway
from generator.model.command import CommandRequest, HostResult
from generator.operations.aws import refused

POLL = 1.0  # seconds between two looks
SETTLE = 10.0  # seconds in which the first invocations appear: they come a moment after the command


@dataclass(frozen=True)
class RunReport:
    """What every host did."""

    command_id: str
    hosts: tuple[HostResult, ...]
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether every host did what it was told."""
        return all(host.succeeded for host in self.hosts)


def start(gateway: Gateway, request: CommandRequest) -> str:
    """Send the command; its id. Raises AwsError."""
    try:
        with refused("Support may start sessions and run nothing else: deployer connect. Others need ssm:SendCommand."):
            return gateway.ssm.send_command(request)
    except AwsError as error:
        if error.aws_code != "InvalidInstanceId":
            raise
        raise AwsError(
            f"Systems Manager cannot reach {', '.join(request.instance_ids)}: not running, or no agent that is online.",
            f"See what is missing with: deployer doctor {request.instance_ids[0]}",
            operation=error.operation,
            aws_code=error.aws_code,
            request_id=error.request_id,
        ) from error


def follow(gateway: Gateway, command_id: str) -> Iterator[HostResult]:
    """Yield each host's result as it comes, until all are there. Raises NotFound when no host fits the tags."""
    began, told = time.monotonic(), set[str]()
    while True:
        seen = gateway.ssm.command_hosts(command_id)
        if not seen and time.monotonic() - began > SETTLE:
            raise NotFound(
                "No instance that is online has these tags, so nothing ran.",
                "Check --tag, --region and --profile; these are online: aws ssm describe-instance-information",
                code="no-host",
            )
        for instance_id, status in sorted(seen.items()):
            if instance_id not in told and HostResult(instance_id, status).over:
                told.add(instance_id)
                yield gateway.ssm.command_result(command_id, instance_id)
        if seen and len(told) == len(seen) and gateway.ssm.command_over(command_id):
            return
        time.sleep(POLL)


def cancel(gateway: Gateway, command_id: str) -> None:
    """Stop it where it has not ended. A refusal is not raised: the user is leaving."""
    try:
        gateway.ssm.cancel_command(command_id)
    except DeployerError:
        return


def report(command_id: str, hosts: Sequence[HostResult], seconds: float) -> RunReport:
    """Sum up."""
    return RunReport(command_id, tuple(sorted(hosts, key=lambda host: host.instance_id)), seconds)
