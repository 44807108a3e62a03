"""What a command costs before it does anything: the modules it loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "boto3",
    "botocore",
    "rich",
    "pydantic",
    "troposphere",
    "awacs",
    "cfnlint",
    "yaml",
    "websockets",
    "asyncio",
    "platformdirs",
    "tomlkit",
    "cryptography",
)


def loaded_by(*argv: str) -> set[str]:
    program = (
        "import sys\n"
        "from generator.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print('LOADED', *sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *argv], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["up", "--help"], ["sandbox", "--help"]])
def test_help_and_version_load_nothing_heavy(argv: list[str]) -> None:
    assert not loaded_by(*argv) & set(HEAVY)


def test_version_is_answered_before_typer_is_imported() -> None:
    assert "typer" not in loaded_by("--version")


def test_a_command_that_makes_no_call_loads_no_boto() -> None:
    assert not loaded_by("generate", "-o", "-") & {"boto3", "botocore", "rich", "pydantic", "cfnlint"}


@pytest.mark.parametrize("argv", [["up", "--help"], ["access", "--help"], ["connect", "--help"]])
def test_help_loads_no_values_that_only_results_have(argv: list[str]) -> None:
    assert not loaded_by(*argv) & {f"generator.model.{name}" for name in ("arn", "changeset", "database", "plan")}


def test_reading_a_stack_loads_nothing_that_plans_or_follows() -> None:
    program = "import sys, generator.operations.stack.read; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"generator.operations.stack.watch", "generator.model.up"}


def test_where_nothing_is_stored_nothing_is_loaded_that_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = {"generator.operations.config.resolve", "generator.model.config"}
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("DEPLOYER_PROJECT_FILE", os.devnull)
    monkeypatch.delenv("DEPLOYER_ENV", raising=False)
    assert not loaded_by("generate", "-o", "-") & reads
    (tmp_path / "deployer").mkdir()
    (tmp_path / "deployer" / "config.toml").touch()
    assert loaded_by("generate", "-o", "-") >= reads
