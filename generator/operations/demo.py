"""The whole story on a sandbox of its own: real commands in real processes, and each denial is a policy's decision."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host.background_processes import run_attached
from generator.host.this_program import own_command
from generator.model.arn import Arn
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.operations.clock import SYSTEM, Clock
from generator.sandbox.state import HOME_VARIABLE, STRANGER_ROLE, VENDOR_ACCOUNT, VENDOR_ROLE

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One command of the story, what it shows, and the exit code it must end with."""

    caption: str
    argv: tuple[str, ...]
    exit_code: int = 0


@dataclass(frozen=True)
class DemoResult:
    """What a demo that went well leaves: `home` and `endpoint` of its sandbox, "" when it was removed."""

    steps: int
    seconds: float
    home: str = ""
    endpoint: str = ""


def run(say: Say, keep: bool, clock: Clock = SYSTEM) -> DemoResult:
    """Run every step of the story on a sandbox of its own, which is removed at the end unless `keep`.

    Raises DeployerError when a step does not end with its exit code.
    """
    began, home = clock.seconds(), Path(tempfile.mkdtemp(prefix="deployer-demo-"))
    os.environ[HOME_VARIABLE] = str(home)
    try:
        report = sandbox.start()
        say(f"This demo runs on a sandbox of its own at {report.endpoint}: it imitates AWS and is not AWS.")
        sandbox.enter()
        steps = sum(_show(say, step) for step in story(home))
    finally:
        if not keep:
            sandbox.stop()
            shutil.rmtree(home, ignore_errors=True)
    return DemoResult(
        steps, round(clock.seconds() - began, 1), str(home) if keep else "", report.endpoint if keep else ""
    )


def story(home: Path) -> Iterator[Step]:
    """The steps in order. Each is built when it is due, as later ones name what earlier ones created."""
    template = str(home / "deepsql-stack.yaml")
    vpc, subnet = _network()
    yield Step("The vendor's release engineer generates the template.", ("generate", "-o", template))
    yield Step(
        "The template is checked: cfn-lint for every combination of parameters, and the product's own rules.",
        ("lint", template),
    )
    place = ("--vpc-id", vpc, "--subnet-id", subnet, "--admin-email", "admin@example.com")
    yield Step("The customer creates the stack. The plan is shown first.", ("up", *place, "--yes"))
    yield Step("The state of the stack.", ("status",))
    secret = _outputs()["SupportSecretArn"]
    read = ("vendor", "check", "--secret-id", secret)
    yield Step("The vendor cannot read the support secret yet.", (*read, "--profile", "vendor"), 3)
    principal = str(Arn("aws", "iam", "", VENDOR_ACCOUNT, f"role/{VENDOR_ROLE}"))
    grant = ("access", "grant", "--principal", principal, "--for", "8h", "--reason", "TICKET-1", "--yes")
    yield Step("The customer grants the vendor's role access for eight hours, with a ticket as the reason.", grant)
    yield Step("The vendor's role can read the secret now.", (*read, "--profile", "vendor"))
    yield Step(f"Another role of the same account, {STRANGER_ROLE}, cannot.", (*read, "--profile", "stranger"), 3)
    yield Step("Who has access, as AWS reports it.", ("access", "show"))
    yield Step("The customer removes the support user.", ("up", "--support-user=no", "--yes"))
    yield Step("The vendor's role can no longer read anything.", (*read, "--profile", "vendor"), 3)
    yield Step("The customer deletes the stack. What outlives it is named.", ("down", "--yes"))


def _show(say: Say, step: Step) -> int:
    say("")
    say(f"# {step.caption}")
    say(f"$ deployer {' '.join(step.argv)}")
    code = run_attached(own_command(*step.argv))
    if code != step.exit_code:
        raise DeployerError(
            f"The demo stopped: this command exited with {code} instead of {step.exit_code}.",
            "To investigate, keep the sandbox and run the command again: deployer demo --keep",
            code="demo-failed",
        )
    return 1


def _network() -> tuple[str, str]:
    """The VPC and the private subnet of the sandbox."""
    subnet = Gateway(Deployment()).ec2.describe_subnets()[0]
    return subnet.vpc_id, subnet.subnet_id


def _outputs() -> dict[str, str]:
    gateway = Gateway(Deployment())
    return dict(gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs)
