"""Nothing in the current folder is run: every command, in a folder in which whatever is run leaves a mark."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from generator.cli.app import app
from generator.host import this_program
from tests.host.poison import exposed, poison

DEPLOYER = str(Path(sys.executable).with_name("deployer"))
PLACE = "--vpc-id vpc-00000001 --subnet-id subnet-00000002 --admin-email admin@example.com"
VENDOR = "arn:aws:iam::444455556666:role/deepsql-support"
SECRET, PROCESS = r"SupportSecretArn\s+(\S+)", r"credential_process = (.*)"
PASSPHRASE = {"DEPLOYER_SIGNING_PASSPHRASE": "correct-horse-battery"}
ASK = "-c 'SELECT 1'"


@dataclass(frozen=True)
class Row:
    """One command line, the exit code and a text by which it is seen to have come as far as it should."""

    line: str
    shows: str = ""
    code: int = 0
    typed: str = ""
    keep: dict[str, str] = field(default_factory=dict)
    """What later lines need from the output, as a pattern by name."""


# One story. What a command runs has to be reached: ssh's ProxyCommand, psql, mysql, the functions of the stack.
STORY = (
    Row("sandbox start", "is running on"),
    Row("sandbox status", "running on"),
    Row("sandbox env", "AWS_ENDPOINT_URL"),
    Row("generate -o {home}/stack.yaml"),
    Row("lint {home}/stack.yaml", "no findings"),
    Row("publish keys -o {home}/release", "key ID"),
    Row("publish public-key --key {home}/release.key", "BEGIN PUBLIC KEY"),
    Row("publish trusted --key {home}/release.pub", "release.pub"),
    Row("verify {home}/stack.yaml --key {home}/release.pub", "no signature beside the file", 3),
    Row("--sandbox publish policy --bucket templates", "EverybodyReadsWhatIsPublished"),
    Row(
        "--sandbox publish template --bucket templates --key {home}/release.key --lock {checkout}/requirements.lock "
        "--changelog {checkout}/CHANGELOG.md --plan",
        "There is no bucket templates",
        4,
    ),
    Row("--sandbox init", "no terminal to ask at", 2),
    Row(f"--sandbox up {PLACE} --support-ssh yes --yes"),
    Row("--sandbox status", "CREATE_COMPLETE"),
    Row("--sandbox upgrade --yes", "is up to date"),
    Row("--sandbox outputs", keep={"instance": r"InstanceId\s+(\S+)", "secret": SECRET, "key": r"StackKeyArn\s+(\S+)"}),
    Row("--sandbox events"),
    Row("--sandbox diff"),
    Row("--sandbox doctor", "session"),
    Row("--sandbox permissions up status --directory {home}/policies", "create-policy"),
    Row("--sandbox access policy --format json", "Statement"),
    Row(f"--sandbox access grant --principal {VENDOR} --for 8h --reason TICKET-1 --yes"),
    Row("--sandbox access show", "TICKET-1"),
    Row("--sandbox access confirm"),
    Row("--sandbox access reveal --stdout", "AccessKeyId"),
    Row("--sandbox access pause --yes"),
    Row("--sandbox access resume --yes"),
    Row("--sandbox access rotate --yes"),
    Row("--sandbox vendor identity-policy --secret-id {secret} --key-arn {key}", "GetSecretValue"),
    Row("--sandbox vendor check --secret-id {secret} --profile vendor"),
    Row("--sandbox vendor credentials --secret-id {secret} --profile vendor", "AccessKeyId"),
    Row("--sandbox vendor profile --secret-id {secret} --profile vendor", keep={"process": PROCESS}),
    Row("--sandbox ssh-key {instance}"),
    Row("--sandbox ssh-proxy {instance}", "SSH-2.0-"),
    Row("--sandbox ssh . true", "not real hosts"),
    Row("--sandbox ssh-config --alias box", "Host box", keep={"config": r"((?s:.*))"}),
    Row("--sandbox cp --via ssh {home}/stack.yaml :stack.yaml", "not real hosts"),
    Row("--sandbox cp --via session {home}/stack.yaml :stack.yaml", "does not respond as copying requires", 1),
    Row("--sandbox run whoami", "root"),
    Row(f"--sandbox cluster kubectl --version 1.33.1 --sha256 {'ab' * 32} --plan", "dl.k8s.io"),
    Row("--sandbox connect --reason TICKET-1", "whoami", typed="whoami\rexit\r"),
    Row("--sandbox connect -L 0:localhost:3035 --exec true"),
    Row("--sandbox connect --client plugin", "no session-manager-plugin", 1),
    Row("--sandbox sessions list"),
    Row("--sandbox sessions end --all --yes"),
    Row("--sandbox session-preferences set --idle-timeout 15 --yes"),
    Row("--sandbox session-preferences show", "15"),
    Row("--sandbox session-preferences restore --yes"),
    Row("--sandbox engineers up --ports 8080 --yes", "deepsql-engineers-port"),
    Row("--sandbox engineers status", "8080"),
    Row("--sandbox engineers down --yes", "is deleted"),
    Row("--sandbox up --recovery-bastion=yes --yes"),
    Row("--sandbox recovery up --yes"),
    Row("--sandbox recovery status"),
    Row("--sandbox recovery explain", "EC2 Instance Connect Endpoint"),
    Row("--sandbox recovery down --yes"),
    Row("sandbox published --stack-name shelf", "The stack shelf is CREATE_COMPLETE."),
    Row("--sandbox sandbox database app", "app is running at"),
    Row("--sandbox sandbox database orders --engine mysql", "orders is running at"),
    Row("--sandbox db list", "orders"),
    Row("--sandbox db whoami app"),
    Row("--sandbox db ca-bundle --from http://localhost/x --sha256 0", "is not an https address", 2),
    Row("--sandbox db bootstrap app --for root=rwo --for jo=r --yes"),
    Row("--sandbox db bootstrap orders --for root=rwo --for jo=r --yes"),
    Row(f"--sandbox db connect app {ASK}", "1"),
    Row(f"--sandbox db connect orders {ASK}", "1"),
    Row(f"--sandbox connect-bastion app {ASK}", "1"),
    Row(f"--sandbox cb app {ASK}", "1"),
    Row("--sandbox db token app", "X-Amz-Signature"),
    Row("--sandbox db token app --copy", "There is no clipboard", 4),
    Row("--sandbox db policy app --permission r --user jo_r --any-host", "rds-db:connect"),
    Row("--sandbox db users app", "jo_r"),
    Row("--sandbox db activity app"),
    Row("--sandbox db kill 1 app --yes", code=4),
    Row("--sandbox db drop-user jo_r app --yes"),
    Row("--sandbox db shut-out app --yes"),
    Row("config set stack-name deepsql-selfhost"),
    Row("config get stack-name"),
    Row("config list"),
    Row("config explain region"),
    Row("config unset stack-name"),
    Row("--sandbox access revoke --all --report {home}/revoked --yes"),
    Row("--sandbox access verify {home}/revoked.json", "is unchanged"),
    Row("--sandbox down --yes"),
    Row("sandbox reset --yes"),
    Row("sandbox stop", "has stopped"),
)
DEMO = Row("demo", "checks proven")


def command_names(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of each command of the tree, hidden ones too."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from command_names(inner, (*path, name))
    else:
        yield path


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    yield made
    made.run([DEPLOYER, "sandbox", "stop"])


class Folder:
    """A poisoned folder, its mark, and a home beside it."""

    def __init__(self, tmp_path: Path) -> None:
        self.here, self.home, self.mark = (tmp_path / name for name in ("here", "home", "mark"))
        self.here.mkdir()
        self.home.mkdir()
        search_path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        poison(self.here, self.mark, search_path)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DEPLOYER_", "XDG_", "PYTHON"))}
        places = {"HOME": str(self.home), "DEPLOYER_SANDBOX_HOME": str(self.home / "sandbox")}
        self.environment = exposed({**kept, **places, "PATH": search_path, "DEPLOYER_SANDBOX_STEP": "0", **PASSPHRASE})

    def run(self, argv: list[str], typed: str = "", **besides: str) -> tuple[int, str]:
        """Run a program in the folder; gives its exit code and all that it wrote."""
        done = subprocess.run(
            argv,
            cwd=self.here,
            env={**self.environment, **besides},
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout

    def marks(self) -> str:
        """What was run out of the folder."""
        return self.mark.read_text() if self.mark.exists() else ""


def test_every_command_has_a_row() -> None:
    lines = [tuple(word for word in shlex.split(row.line) if word != "--sandbox") for row in (*STORY, DEMO)]
    names = set(command_names(get_command(app)))
    assert names and {name for name in names if not any(line[: len(name)] == name for line in lines)} == set()


def test_no_command_runs_anything_of_the_current_folder(folder: Folder) -> None:
    values = {"home": str(folder.home), "checkout": str(Path(__file__).parents[2])}
    failures: list[str] = []
    for row in STORY:
        code, output = folder.run([DEPLOYER, *shlex.split(row.line.format(**values))], row.typed)
        assert folder.marks() == "", f"{row.line}\n{output}"
        if code != row.code or row.shows not in output:
            failures.append(f"{row.line}: exit {code}\n{output}")
        values |= {name: found[1] for name, pattern in row.keep.items() if (found := re.search(pattern, output))}
        if row.line.startswith("--sandbox connect --reason"):
            run_what_was_printed(folder, values)
    assert not failures, "\n\n".join(failures)


def test_the_demo_fits_two_screens_and_runs_nothing_of_the_current_folder(folder: Folder) -> None:
    code, output = folder.run([DEPLOYER, DEMO.line])
    lines = output.splitlines()
    assert (code, folder.marks()) == (0, "") and DEMO.shows in output, output
    assert sum(-(-max(len(line), 1) // 100) for line in lines) <= 90  # as a terminal of 100 columns wraps them
    assert all(len(line) <= 100 or line.startswith("    --secret-id arn:") for line in lines)
    assert [line[:4] for line in lines if line.startswith("# ")] == [f"# {act}." for act in range(1, 7)]
    assert sum(line.startswith("  DENIED  ") for line in lines) == 3
    for shown in ("25 to add", "ok  policy of the secret", "old key is refused", "This is retained:", "is deleted."):
        assert shown in output


def run_what_was_printed(folder: Folder, values: dict[str, str]) -> None:
    """Lines that ssh and AWS clients run later, from whatever folder they are in."""
    exports = folder.run([DEPLOYER, "sandbox", "env"])[1]
    leads = dict(shlex.split(line.removeprefix("export "))[0].split("=", 1) for line in exports.splitlines())
    config = folder.home / "ssh_config"
    config.write_text(values["config"])
    ssh = shutil.which("ssh")
    assert ssh, "This test needs OpenSSH's client: apt-get install openssh-client"
    code, output = folder.run([ssh, "-F", str(config), "box", "true"], PYTHONPATH=":", **leads)
    assert code == 0 and "not real hosts" in output and folder.marks() == "", output
    code, output = folder.run(["/bin/sh", "-c", values["process"]], PYTHONPATH=":", **leads)
    assert code == 0 and "SecretAccessKey" in output and folder.marks() == "", output


@pytest.mark.parametrize(
    ("argv", "marked"),
    [
        ([sys.executable, "-c", "import uuid, boto3"], "module uuid\nmodule boto3\n"),
        ([sys.executable, "-c", "import generator"], "module generator\n"),
        (["/bin/sh", "-c", "aws sts get-caller-identity"], "program aws sts get-caller-identity\n"),
        ([str(Path(sys.executable).with_name("cfn-lint")), "stack.yaml"], "module rule\n"),
    ],
)
def test_the_folder_is_poisoned(folder: Folder, argv: list[str], marked: str) -> None:
    folder.run(argv)
    assert marked in folder.marks() and folder.marks().endswith(marked), folder.marks()


@pytest.mark.parametrize("module", ["generator", "generator.sandbox"])
def test_a_module_started_by_name_looks_for_no_other_module_in_the_folder(folder: Folder, module: str) -> None:
    for path in folder.here.glob("*.py"):  # Python itself looks for some there, before any line of ours
        if path.stem not in ("json", "ssl", "uuid", "asyncio", "typer", "botocore", "cfnlint", "yaml", "ministack"):
            path.unlink()
    words = ["--help"] if module == "generator.sandbox" else ["lint", "stack.yaml"]
    folder.run([sys.executable, "-m", module, *words])
    assert folder.marks() == ""


def test_our_own_program_is_isolated_where_it_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(this_program, "_isolation", this_program._isolation.__wrapped__)
    assert this_program.own_command("status") == [sys.executable, "-I", "-m", "generator", "status"]
    monkeypatch.setattr(this_program, "DISTRIBUTION", "not-installed")
    assert this_program.own_command(module="generator.sandbox") == [sys.executable, "-P", "-m", "generator.sandbox"]
    monkeypatch.undo()
    monkeypatch.setattr(this_program, "_isolation", this_program._isolation.__wrapped__)
    monkeypatch.setattr(this_program.site, "getusersitepackages", lambda: str(Path(pytest.__file__).parents[1]))
    assert "-P" in this_program.own_command()
