"""The whole story on a sandbox of its own: real commands in real processes, and each denial is a policy's decision."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host.background_processes import run_reading
from generator.host.this_program import own_command
from generator.model.arn import Arn
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.operations.clock import SYSTEM, Clock
from generator.sandbox.state import HOME_VARIABLE, VENDOR_ACCOUNT, VENDOR_ROLE

WIDTH = 100
"""The columns that a shown line fits in; what is longer is cut."""
DENIED = 3  # the exit code of a refusal


class DemoCaller(Protocol):
    """What the story asks of whoever runs it."""

    def say(self, sentence: str = "") -> None:
        """Show one line."""

    def waiting(self) -> AbstractContextManager[object]:
        """Show that something goes on, until it is left."""


@dataclass(frozen=True)
class Step:
    """One command of the story and the exit code it must end with.

    `act`: the sentence of the act that it opens, "" where it goes on with one. `shows`: what the lines of its output
    that matter begin with or contain, as regular expressions; each finds at least one.
    """

    argv: tuple[str, ...]
    shows: tuple[str, ...]
    act: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class DemoResult:
    """What a demo that went well leaves: `home` and `endpoint` of its sandbox, "" when it was removed.

    `created`: how many resources the stack had. `checks`: the verdict of the revocation, "" where none was made.
    """

    steps: int
    denials: int
    seconds: float
    created: int
    checks: str = ""
    home: str = ""
    endpoint: str = ""


def run(caller: DemoCaller, keep: bool, full: bool = False, clock: Clock = SYSTEM) -> DemoResult:
    """Run the story on a sandbox of its own, which is removed at the end.

    With `keep` it ends while the vendor has access, and the sandbox goes on. `full` shows all output of each command,
    not only the lines that matter. Raises DeployerError when a step does not end with its exit code.
    """
    began, home = clock.seconds(), Path(tempfile.mkdtemp(prefix="deployer-demo-"))
    os.environ[HOME_VARIABLE] = str(home)
    stage = _Stage(caller, full)
    try:
        with caller.waiting():
            report = sandbox.start()
        caller.say(f"This demo runs on a sandbox of its own at {report.endpoint}: it imitates AWS and is not AWS.")
        sandbox.enter()
        for step in story(home, keep):
            stage.show(step)
    finally:
        if not keep:
            sandbox.stop()
            shutil.rmtree(home, ignore_errors=True)
    left = (str(home), report.endpoint) if keep else ("", "")
    return stage.result(round(clock.seconds() - began, 1), *left)


def story(home: Path, keep: bool = False) -> Iterator[Step]:
    """The steps in order. Each is built when it is due, as later ones name what earlier ones created."""
    vpc, subnet = _network()
    place = ("--vpc-id", vpc, "--subnet-id", subnet, "--admin-email", "admin@example.com")
    created = (r"^  \d+ to add", r"^The stack .* is ", r"^InstanceId ")
    yield Step(("up", *place, "--yes"), created, "The customer creates the stack.")
    secret = ("--secret-id", _outputs()["SupportSecretArn"])
    vendor = ("vendor", "check", "--profile", "vendor", *secret)
    refused = (r"^caller", r"^answer", r"^missing")
    yield Step(vendor, refused, "Nobody has been let in: AWS refuses the vendor.", DENIED)
    yield from _granted()
    answered = (r"^caller", r"^answer")
    yield Step(vendor, answered, "That role can read the secret now; another role of its account cannot.")
    yield Step(("vendor", "check", "--profile", "stranger", *secret), answered, exit_code=DENIED)
    if keep:
        return
    revoke = ("access", "revoke", "--all", "--report", str(home / "revoked"), "--yes")
    checks = r"  proven  .*(keys deleted|old key|policy of|new session|grants on|other roles|is open)"
    proof = (checks, r"^Access is revoked", r"^  SHA-256", r"^  recorded")
    yield Step(revoke, proof, "The customer ends it, and has AWS prove that it has ended.")
    yield Step(vendor, answered, exit_code=DENIED)
    retained = (r"^This is retained", r"^  (volume|log group|KMS key) [^ ]+:", r"^The stack .* is deleted")
    yield Step(("down", "--yes"), retained, "The customer deletes the stack. What outlives it is named.")


def _granted() -> Iterator[Step]:
    principal = str(Arn("aws", "iam", "", VENDOR_ACCOUNT, f"role/{VENDOR_ROLE}"))
    grant = ("access", "grant", "--for", "8h", "--reason", "TICKET-1", "--principal", principal, "--yes")
    shows = (r"^  until \d", r"^  Then IAM", r"^  (Vendor|Start|Open)", r"^  \d+ to add", r"^ok  ")
    yield Step(grant, shows, "The customer lets one role of the vendor's in: for eight hours, with a ticket.")


class _Stage:
    """What was shown so far."""

    def __init__(self, caller: DemoCaller, full: bool) -> None:
        self._caller, self._full = caller, full
        self._acts, self._codes, self._lines = 0, list[int](), list[str]()

    def show(self, step: Step) -> None:
        """Run a step and show what matters of it. Raises DeployerError for another exit code than its own."""
        self._open(step)
        code, lines = self._run(step)
        self._codes.append(code)
        self._lines += lines
        if code != step.exit_code:
            raise DeployerError(
                f"The demo stopped: this command exited with {code} instead of {step.exit_code}.",
                "To investigate, keep the sandbox and run the command again: deployer demo --keep",
                code="demo-failed",
            )
        if code == DENIED:
            self._caller.say("  DENIED  by AWS, as it should be")

    def result(self, seconds: float, home: str, endpoint: str) -> DemoResult:
        """What went well."""
        created, checks = (
            self._first_match(pattern) for pattern in (r"^  (\d+) to add", r"^Access is revoked: (.*?)[;.]")
        )
        denials = self._codes.count(DENIED)
        return DemoResult(len(self._codes), denials, seconds, int(created), checks, home, endpoint)

    def _open(self, step: Step) -> None:
        self._caller.say()
        if step.act:
            self._acts += 1
            self._caller.say(f"# {self._acts}. {step.act}")
        self._caller.say(self._fitting(f"$ deployer {' '.join(step.argv)}"))

    def _run(self, step: Step) -> tuple[int, list[str]]:
        command = own_command(*step.argv)
        if self._full:
            return run_reading(command, self._caller.say)
        with self._caller.waiting():
            code, lines = run_reading(command)
        for line in matter(lines, step.shows) if code == step.exit_code else lines:
            self._caller.say(self._fitting(line))
        return code, lines

    def _fitting(self, line: str) -> str:
        return line if self._full or len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"

    def _first_match(self, pattern: str) -> str:
        return next((match[1] for line in self._lines if (match := re.search(pattern, line))), "")


def matter(lines: list[str], shows: tuple[str, ...]) -> list[str]:
    """The lines that one of the expressions finds, in their order. Pure."""
    return [line for line in lines if any(re.search(pattern, line) for pattern in shows)]


def _network() -> tuple[str, str]:
    """The VPC and the private subnet of the sandbox."""
    subnet = Gateway(Deployment()).ec2.describe_subnets()[0]
    return subnet.vpc_id, subnet.subnet_id


def _outputs() -> dict[str, str]:
    gateway = Gateway(Deployment())
    return dict(gateway.cloudformation.describe_stack(gateway.deployment.stack_name).outputs)
