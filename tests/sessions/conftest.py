"""Whole commands on sessions against the embedded AWS over HTTP: one sandbox and one stack for this directory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from generator.cli.main import main
from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.model.session import Session
from tests.embedded import PLACE, Outcome, environment, running_sandbox
from tests.sandbox_keys import control
from tests.sessions import sshd

STACK = "deepsql-sessions"


class Deployer:
    """The command line on one stack. Calling it runs a command in this process; `start` in one of its own."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.gateway = Gateway(Deployment(stack_name=STACK))

    def __call__(self, *argv: str) -> Outcome:
        self._capfd.readouterr()
        code = main(argv)
        shown = self._capfd.readouterr()
        return Outcome(code, shown.out, shown.err)

    def start(self, *argv: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "generator", *argv]
        environment = {**os.environ, **(env or {})}
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)

    @property
    def instance(self) -> str:
        return self.gateway.cloudformation.describe_stack(STACK).outputs["InstanceId"]

    def live(self) -> list[Session]:
        """The sessions that are open now."""
        return self.gateway.ssm.list_sessions()

    def behind(self, **ports: int) -> None:
        """Put loopback ports behind the instance's: behind(p22=40001)."""
        control("PUT", f"instances/{self.instance}", {"ports": {name[1:]: port for name, port in ports.items()}})


def as_support(deployer: Deployer, patch: pytest.MonkeyPatch) -> None:
    """Be the support user from here on."""
    secret = deployer.gateway.cloudformation.describe_stack(STACK).outputs["SupportSecretArn"]
    key = json.loads(deployer.gateway.secretsmanager.get_secret_value(secret))
    patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def wait_for(question: Callable[[], Any], seconds: float = 10) -> Any:
    """The first true answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise AssertionError("it never came")


def until_line(stream: Any, text: str) -> str:
    """Read lines until one contains `text`."""
    for line in stream:
        if text in line:
            return str(line)
    raise AssertionError(f"no line with {text}")


@pytest.fixture(scope="session")
def sandbox_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running sandbox with a stack, and the variables that lead to both."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), sshd.search_path()) as leads:
        leads = {**leads, "DEPLOYER_STACK_NAME": STACK}
        with environment(leads):
            assert main(["up", "--stack-name", STACK, *PLACE, "--yes"]) == 0
        yield leads


@pytest.fixture(autouse=True)
def home(sandbox_environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every AWS client of this test leads to the sandbox, and the user's own files are elsewhere."""
    with environment(sandbox_environment):
        monkeypatch.setenv("HOME", str(tmp_path))
        path = sshd.search_path().split(os.pathsep)
        monkeypatch.setenv("PATH", os.pathsep.join(p for p in path if "plugin" not in p))
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            monkeypatch.delenv(name, raising=False)
        yield tmp_path


@contextmanager
def another_instance(deployer: Deployer, **tags: str) -> Iterator[str]:
    """The ID of an instance that no stack made, with the profile of the stack's own, for the time of the block."""
    ec2, resources = deployer.gateway.client("ec2"), deployer.gateway.cloudformation.list_stack_resources(STACK)
    [profile] = [each.physical_id for each in resources if each.logical_id == "InstanceProfile"]
    tagged = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}] if tags else []
    made = ec2.run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": profile},
        TagSpecifications=tagged,
    )
    name = str(made["Instances"][0]["InstanceId"])
    try:
        yield name
    finally:
        ec2.terminate_instances(InstanceIds=[name])


@pytest.fixture
def deployer(capfd: pytest.CaptureFixture[str]) -> Iterator[Deployer]:
    made = Deployer(capfd)
    yield made
    assert wait_for(lambda: not made.live()), "a session was left open"
    control("DELETE", "instances/x")  # behind every instance is what the sandbox imitates, for whoever comes next


@pytest.fixture
def ended() -> Iterator[Callable[[subprocess.Popen[str], signal.Signals], int]]:
    """Send a signal to a command and give its exit code."""

    def end(process: subprocess.Popen[str], number: signal.Signals) -> int:
        process.send_signal(number)
        return process.wait(15)

    yield end


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with what a directory may have: levels, an empty one, odd names, modes, a link to a file."""
    root = tmp_path / "near" / "tree"
    (root / "it's" / "deep").mkdir(parents=True)
    (root / "empty").mkdir(mode=0o750)
    (root / "top").write_bytes(b"top")
    (root / "it's" / "-n").write_bytes(os.urandom(5_000))
    (root / "it's" / "deep" / "x y").write_bytes(b"")
    (root / "it's" / "two\nlines").write_bytes(b"odd")
    (root / "link").symlink_to("top")
    (root / "it's" / "-n").chmod(0o600)
    (root / "it's").chmod(0o711)
    (root / "it's" / "deep").chmod(0o1777)
    for number, path in enumerate(sorted((root, *root.rglob("*")), reverse=True)):
        os.utime(path, (1_600_000_000, 1_700_000_000 + number))
    return root


def shape(root: Path, mask: int = 0) -> dict[str, object]:
    """The directory and what is below, by its path: mode and time, and a file's bytes; `mask` is off directories."""
    found: dict[str, object] = {}
    for path in sorted((root, *root.rglob("*"))):
        status = path.stat()
        mode, content = (status.st_mode & ~mask, b"") if path.is_dir() else (status.st_mode, path.read_bytes())
        found[str(path.relative_to(root))] = (oct(mode), int(status.st_mtime), content)
    return found


def mask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found
