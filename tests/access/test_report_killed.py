"""A revocation killed while it writes its evidence: what is there belongs together, and a rerun completes it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.model.evidence import sha256_of
from tests.embedded import VENDOR_ROLE, Deployer, run
from tests.signing.conftest import PASSPHRASE

NAMES = ("r.json", "r.json.sigstore.json", "r.html")
KILLED = -9
PROGRAM = """
import os, signal, sys
from pathlib import Path
from generator.cli.main import main
from generator.operations.access import report

number, when = int(sys.argv[1]), sys.argv[2]
writes, write = [], report.write_private
replace = Path.replace

def killed(at):
    if when == at and len(writes) == number:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(path, text):
    writes.append(path)
    write(path, text)
    killed("after")

def moved(draft, target):
    killed("midway")
    return replace(draft, target)

report.write_private, Path.replace = counted, moved
sys.exit(main(sys.argv[3:]))
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DEPLOYER_SIGNING_PASSPHRASE", PASSPHRASE)
    assert run("publish", "keys", "-o", "ours").code == 0
    return tmp_path


@pytest.fixture
def revoke(deployer: Deployer) -> Callable[..., int]:
    """Revoke everybody; in a process of its own that is killed at one of its writes, if one is named. The exit code."""
    words = ("access", "revoke", "--all", "--report", "r", "--signing-key", "ours.key", "--yes")

    def ran(number: int = 0, when: str = "") -> int:
        deployer("access", "resume", "--yes")  # what runs before may have left it paused
        assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
        if not number:
            return deployer(*words).code
        argv = [sys.executable, "-c", PROGRAM, str(number), when, *words, "--stack-name", deployer.stack_name]
        return subprocess.run(argv, capture_output=True, check=False).returncode

    return ran


def digest_of(name: str) -> str:
    return sha256_of(Path(name).read_bytes())


def belongs_together(deployer: Deployer) -> None:
    """The JSON file's line is in the log; a signature and a page that are there are of that file."""
    assert deployer("access", "verify", "r.json").code == 0
    if Path(NAMES[1]).exists():
        assert run("verify", "r.json", "--key", "ours.pub").code == 0
    if Path(NAMES[2]).exists():
        assert digest_of("r.json") in Path(NAMES[2]).read_text()


@pytest.mark.parametrize("when", ["midway", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed_at_any_write_nothing_is_of_another_report_and_a_rerun_completes(
    number: int, when: str, revoke: Callable[..., int], deployer: Deployer, here: Path
) -> None:
    assert revoke() == 0, "an earlier report of the same name"
    earlier = digest_of("r.json")
    belongs_together(deployer)
    assert revoke(number, when) == KILLED
    written = number if when == "after" else number - 1
    assert (digest_of("r.json") != earlier) == (written > 0)
    assert [Path(name).exists() for name in NAMES[1:]] == [written > 1, written > 2]
    belongs_together(deployer)
    assert all(path.stat().st_mode & 0o77 == 0 for path in here.glob(".r.*")), "a draft is nobody else's to read"
    assert revoke() == 0
    assert all(Path(name).exists() for name in NAMES) and json.loads(Path("r.json").read_text())["verdict"] == "proven"
    belongs_together(deployer)
