"""The whole story on a sandbox of its own: real commands in real processes, and each denial is a policy's decision."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from generator.directories import CONFIG_VARIABLE
from generator.errors import DeployerError
from generator.gateway.aws import Gateway
from generator.host.background_processes import run_reading
from generator.host.this_program import NAME, own_command, typed
from generator.model.arn import Arn
from generator.model.deployment import Deployment
from generator.operations import sandbox
from generator.operations.clock import SYSTEM, Clock
from generator.operations.config import paths
from generator.sandbox.state import HOME_VARIABLE, VENDOR_ACCOUNT, VENDOR_ROLE

WIDTH = 100
"""The columns that a shown line fits in, at most: longer output is cut, a longer command goes on below."""
DENIED = 3  # the exit code of a refusal


TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-stack.md"
DEFAULTS = ("DEPLOYER_STACK_NAME", paths.ENVIRONMENT_VARIABLE)
"""Variables that would lead a command of the story to another stack."""


class StepFailed(DeployerError):
    """A command of the story ended with another exit code than its own."""


class DemoCaller(Protocol):
    """What the story asks of whoever runs it."""

    @property
    def columns(self) -> int:
        """The width of the terminal; 0 where there is none."""

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
    `program`: how the user's shell starts this one. `tutorial`: the page's file, "" where it is not on this computer.
    `shadowed`: the variables of that shell, or "" for a file, whose stored defaults would be in force there.
    """

    steps: int
    denials: int
    seconds: float
    created: int
    checks: str = ""
    home: str = ""
    endpoint: str = ""
    program: str = NAME
    tutorial: str = ""
    shadowed: tuple[str, ...] = ()


def run(caller: DemoCaller, keep: bool, full: bool = False, clock: Clock = SYSTEM) -> DemoResult:
    """Run the story on a sandbox of its own, which is removed at the end.

    With `keep` it ends while the vendor has access, or at a step that failed, and the sandbox goes on. `full` shows all
    output of each command, not only the lines that matter. None of the user's stored defaults is in force. Raises
    DeployerError when a step does not end with its exit code.
    """
    began, home = clock.seconds(), Path(tempfile.mkdtemp(prefix="deployer-demo-"))
    shadowed = _set_up(home)
    stage, stays = _Stage(caller, full), False
    try:
        with caller.waiting():
            report = sandbox.start()
        caller.say(f"This demo runs on a sandbox of its own at {report.endpoint}: it imitates AWS and is not AWS.")
        sandbox.enter()
        stays = _tell(stage, home, keep)
    except StepFailed as failed:
        stays = keep
        raise failed.explained(hint=_how_to_investigate(home)) if keep else failed from None
    finally:
        if not stays:
            _remove(caller, home)
    left = (str(home), report.endpoint) if keep else ("", "")
    done = stage.result(round(clock.seconds() - began, 1), *left)
    return replace(done, program=typed(), tutorial=_tutorial(), shadowed=shadowed)


def _remove(caller: DemoCaller, home: Path) -> None:
    """Stop the sandbox and remove its folder. What ends this early, such as Ctrl-C, is raised once it is said what
    stays; until the removal has begun that is all of it."""
    try:
        sandbox.stop()
        shutil.rmtree(home, ignore_errors=True)
    except BaseException:
        caller.say(f"The demo's sandbox may still run, and its files are in {home}; to remove it: {_removal(home)}")
        raise


def _removal(home: Path) -> str:
    folder = shlex.quote(str(home))
    return f"{HOME_VARIABLE}={folder} {typed()} sandbox stop && rm -rf {folder}"


def _tutorial() -> str:
    """The tutorial's file as it is named from here; "" where this installation has no documentation."""
    if not TUTORIAL.is_file():
        return ""
    with suppress(OSError):  # the folder was removed under this process
        return str(TUTORIAL.relative_to(Path.cwd()) if TUTORIAL.is_relative_to(Path.cwd()) else TUTORIAL)
    return str(TUTORIAL)


def _tell(stage: _Stage, home: Path, keep: bool) -> bool:
    for step in story(home, keep):
        stage.show(step)
    return keep


def _set_up(home: Path) -> tuple[str, ...]:
    """Give this process and those it starts the sandbox's folder, and no stored default; see `DemoResult.shadowed`."""
    variables = tuple(name for name in DEFAULTS if os.environ.get(name))
    shadowed = (*variables, *([""] if paths.project_path() or paths.existing_user_path() else []))
    for name in DEFAULTS:
        os.environ.pop(name, None)
    os.environ |= {
        HOME_VARIABLE: str(home),
        paths.PROJECT_VARIABLE: os.devnull,
        CONFIG_VARIABLE: str(home / "no-config"),
    }
    return shadowed


def _how_to_investigate(home: Path) -> str:
    program, folder = typed(), shlex.quote(str(home))
    lines = (
        "The sandbox goes on. To investigate, point this shell to it, and run the command again:",
        f'export {HOME_VARIABLE}={folder} && eval "$({program} sandbox env)"',
        f"Remove it: {_removal(home)}",
    )
    return "\n".join(lines)


def story(home: Path, keep: bool = False) -> Iterator[Step]:
    """The steps in order. Each is built when it is due, as later ones name what earlier ones created."""
    vpc, subnet = _network()
    place = ("--vpc-id", vpc, "--subnet-id", subnet, "--admin-email", "admin@example.com")
    created = (r"^  \d+ to add", r"^The stack .* is ", r"^InstanceId ")
    yield Step(("up", *place, "--yes"), created, "The customer creates the stack.")
    secret = ("--secret-id", _outputs()["SupportSecretArn"])
    vendor = ("vendor", "check", "--profile", "vendor", *secret)
    refused = (r"^caller", r"^answer", r"^missing")
    yield Step(vendor, refused, "Nobody has been let in: the policies refuse the vendor.", DENIED)
    yield from _granted()
    answered = (r"^caller", r"^answer")
    yield Step(vendor, answered, "That role can read the secret now; another role of its account cannot.")
    yield Step(("vendor", "check", "--profile", "stranger", *secret), answered, exit_code=DENIED)
    if keep:
        return
    revoke = ("access", "revoke", "--all", "--report", str(home / "revoked"), "--yes")
    checks = r"  proven  .*(keys deleted|old key|policy of|new session|grants on|other roles|is open)"
    proof = (checks, r"^Access is revoked", r"^  SHA-256", r"^  recorded")
    yield Step(revoke, proof, "The customer ends it, and each access path is asked about.")
    yield Step(vendor, answered, exit_code=DENIED)
    retained = (r"^This is retained", r"^  (volume|log group|KMS key) [^ ]+:", r"^The stack .* is deleted")
    yield Step(("down", "--yes"), retained, "The customer deletes the stack. What outlives it is named.")


def _granted() -> Iterator[Step]:
    principal = str(Arn("aws", "iam", "", VENDOR_ACCOUNT, f"role/{VENDOR_ROLE}"))
    grant = ("access", "grant", "--for", "8h", "--reason", "TICKET-1", "--principal", principal, "--yes")
    shows = (r"^  until \d", r"^  (Vendor|Start|Open)", r"^  \d+ to add", r"^ok  ")
    yield Step(grant, shows, "The customer lets one role of the vendor's in: for eight hours, with a ticket.")


class _Stage:
    """What was shown so far."""

    def __init__(self, caller: DemoCaller, full: bool) -> None:
        self._caller, self._full = caller, full
        self._width = min(caller.columns or WIDTH, WIDTH)
        self._acts, self._codes, self._lines = 0, list[int](), list[str]()

    def show(self, step: Step) -> None:
        """Run a step and show what matters of it. Raises DeployerError for another exit code than its own."""
        self._open(step)
        code, lines = self._run(step)
        self._codes.append(code)
        self._lines += lines
        if code != step.exit_code:
            raise StepFailed(
                f"The demo stopped: this command exited with {code} instead of {step.exit_code}.",
                "To investigate, have it keep the sandbox: deployer demo --keep",
                code="demo-failed",
            )
        if code == DENIED:
            self._caller.say("  DENIED  by the policies, as it should be")

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
        for line in command_lines(step.argv, self._width):
            self._caller.say(line)

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
        return line if self._full or len(line) <= self._width else f"{line[: self._width - 1]}…"

    def _first_match(self, pattern: str) -> str:
        return next((match[1] for line in self._lines if (match := re.search(pattern, line))), "")


def command_lines(argv: Sequence[str], width: int) -> list[str]:
    """A command as it can be copied: whole, on lines of at most `width` columns where its words allow it. Pure."""
    lines = ["$ deployer"]
    for part in [piece for each in _parts(argv) for piece in _pieces(each, width)]:
        if len(lines[-1]) + len(part) + len("  \\") <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(f"    {part}")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _pieces(part: str, width: int) -> list[str]:
    """An option and its value apart, where they fit on a line each and not on one."""
    room = width - len("     \\")
    option, _, value = part.partition(" ")
    return [option, value] if len(part) > room >= len(value) > 0 else [part]


def _parts(argv: Sequence[str]) -> list[str]:
    """The words as a shell reads them, each option with its value."""
    parts: list[str] = []
    for at, word in enumerate(argv):
        if at and argv[at - 1].startswith("-") and not word.startswith("-"):
            parts[-1] += f" {shlex.quote(word)}"
        else:
            parts.append(shlex.quote(word))
    return parts


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
