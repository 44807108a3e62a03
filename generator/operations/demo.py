"""The whole story on an embedded AWS of its own: real commands in real processes, each denial a decision."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host.own import own_command
from generator.host.process import run_attached
from generator.model.arn import Arn
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.sandbox.state import HOME_VARIABLE, STRANGER_ROLE, VENDOR_ACCOUNT, VENDOR_ROLE

Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """One command of the story, what it shows, and the exit code it must end with."""

    telling: str
    argv: tuple[str, ...]
    exit_code: int = 0


@dataclass(frozen=True)
class DemoResult:
    """How the story went."""

    steps: int
    seconds: float
    kept: str = ""
    endpoint: str = field(default="")


def run(say: Say, keep: bool) -> DemoResult:
    """Tell the story. Raises DeployerError when a step does not end as told; the sandbox is removed unless kept."""
    began, home = time.monotonic(), Path(tempfile.mkdtemp(prefix="deployer-demo-"))
    os.environ[HOME_VARIABLE] = str(home)
    try:
        report = sandbox.start()
        say(f"An AWS of its own for this demo, on {report.endpoint}: it imitates AWS and is not AWS.")
        sandbox.enter()
        told = sum(_tell(say, step) for step in story(home))
    finally:
        if not keep:
            sandbox.stop()
            shutil.rmtree(home, ignore_errors=True)
    return DemoResult(
        told, round(time.monotonic() - began, 1), str(home) if keep else "", report.endpoint if keep else ""
    )


def story(home: Path) -> Iterator[Step]:
    """The steps, each made when its turn comes: later ones name what earlier ones created."""
    template = str(home / "deepsql-stack.yaml")
    vpc, subnet = _network()
    yield Step("The vendor's release engineer emits the template.", ("generate", "-o", template))
    yield Step("It is checked: cfn-lint in every combination, and the product's own rules.", ("lint", template))
    place = ("--vpc-id", vpc, "--subnet-id", subnet, "--admin-email", "admin@example.com")
    yield Step("The customer creates the stack; the plan is shown first.", ("up", *place, "--yes"))
    yield Step("How it stands.", ("status",))
    secret = _outputs()["SupportSecretArn"]
    read = ("vendor", "check", "--secret-id", secret)
    yield Step("The vendor cannot read the support secret yet.", (*read, "--profile", "vendor"), 3)
    principal = str(Arn("aws", "iam", "", VENDOR_ACCOUNT, f"role/{VENDOR_ROLE}"))
    grant = ("access", "grant", "--principal", principal, "--for", "8h", "--reason", "TICKET-1", "--yes")
    yield Step("The customer lets the vendor's role in, for eight hours and a ticket.", grant)
    yield Step("Now the vendor's role reads it.", (*read, "--profile", "vendor"))
    yield Step(f"Its neighbour {STRANGER_ROLE} in the same account does not.", (*read, "--profile", "stranger"), 3)
    yield Step("Who may enter, read from AWS and not from memory.", ("access", "show"))
    yield Step("The customer removes the support user.", ("up", "--support-user=no", "--yes"))
    yield Step("The vendor's role has nothing left to read.", (*read, "--profile", "vendor"), 3)
    yield Step("The stack is taken down; what must outlive it is named.", ("down", "--yes"))


def _tell(say: Say, step: Step) -> int:
    say("")
    say(f"# {step.telling}")
    say(f"$ deployer {' '.join(step.argv)}")
    code = run_attached(own_command(*step.argv))
    if code != step.exit_code:
        raise DeployerError(
            f"The demo stopped: that command ended with {code}, and {step.exit_code} was expected.",
            "Run deployer demo --keep and type the command again to look closer.",
            code="demo-failed",
        )
    return 1


def _network() -> tuple[str, str]:
    """The embedded AWS's VPC and its private subnet."""
    subnet = Gateway(Deployment()).ec2.describe_subnets()[0]
    return subnet.vpc_id, subnet.subnet_id


def _outputs() -> dict[str, str]:
    gateway = Gateway(Deployment())
    return dict(gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs)
