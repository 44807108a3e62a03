"""The package: the same bytes from every clone, with its man page and completions, and a program that runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from generator import __version__
from tests.terminal import on_terminal

ROOT = Path(__file__).parents[1]
NAME = f"deepsql_deployer-{__version__}"
SHARED = f"{NAME}.data/data/share"


def built(clone: Path, umask: int, time: int) -> dict[str, bytes]:
    """Wheel and sdist of a fresh clone, made under another umask, with files of another time."""
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(clone)], check=True, umask=umask)
    for path in clone.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (time, time))
    env = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", "made"]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True, umask=umask)
    return {path.name: path.read_bytes() for path in sorted((clone / "made").iterdir())}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / ".git").exists() or not shutil.which("git"):
        pytest.skip("no clone to build from")
    folder = tmp_path_factory.mktemp("package")
    first, second = built(folder / "a", 0o022, 1_700_000_000), built(folder / "another", 0o077, 1_800_000_000)
    assert sorted(first) == [f"{NAME}-py3-none-any.whl", f"{NAME}.tar.gz"]
    assert first == second, "SOURCE_DATE_EPOCH is not set: hatchling has a date of its own"
    return folder / "a" / "made"


def test_two_clones_make_the_same_bytes_with_everything_in_them(package: Path) -> None:
    with zipfile.ZipFile(package / f"{NAME}-py3-none-any.whl") as wheel:
        names = set(wheel.namelist())
    assert {
        f"{SHARED}/{path.relative_to(ROOT / 'share')}" for path in (ROOT / "share").rglob("*") if path.is_file()
    } <= names
    assert not [name for name in names if not name.startswith(("generator/", NAME))]
    with tarfile.open(package / f"{NAME}.tar.gz") as sdist:
        assert f"{NAME}/share/man/man1/deployer.1" in sdist.getnames()


def test_the_wheel_runs_where_nothing_else_of_the_source_is(package: Path, tmp_path: Path) -> None:
    """In an environment of its own; what it depends on is this environment's, which takes no network."""
    venv.create(tmp_path / "env")
    python = tmp_path / "env/bin/python"
    wheel = package / f"{NAME}-py3-none-any.whl"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True, cwd=tmp_path)
    paths = {"base": str(tmp_path / "env"), "platbase": str(tmp_path / "env")}
    added = Path(sysconfig.get_path("purelib", vars=paths)) / "dependencies.pth"
    added.write_text(sysconfig.get_path("purelib") + "\n")

    def ran(*argv: str) -> str:
        command = [str(tmp_path / "env/bin/deployer"), *argv]
        return subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True).stdout

    assert ran("--version") == f"deployer {__version__}\n"
    assert ran("generate", "-o", "-") == (ROOT / "templates/deepsql-stack.yaml").read_text()
    program = "import generator; print(generator.__file__)"
    where = subprocess.run(
        [str(python), "-c", program], check=True, cwd=tmp_path, capture_output=True, text=True
    ).stdout
    assert where.startswith(str(tmp_path))
    assert (tmp_path / "env/share/man/man1/deployer.1").is_file()


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not here")
def test_the_man_page_has_no_fault() -> None:
    page = ROOT / "share/man/man1/deployer.1"
    ran = subprocess.run(["groff", "-man", "-ww", "-Tutf8", str(page)], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "") and "DEPLOYER ACCESS REVOKE" in page.read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_is_taken_by_its_shell(shell: str) -> None:
    places = {
        "bash": "bash-completion/completions/deployer",
        "zsh": "zsh/site-functions/_deployer",
        "fish": "fish/vendor_completions.d/deployer.fish",
    }
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not here")
    assert subprocess.run([shell, "-n", str(ROOT / "share" / places[shell])]).returncode == 0


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("deployer acc", "access"), ("deployer access revo", "revoke"), ("deployer up --support-ro", "--support-role")],
)
def test_tab_completes_a_word_in_bash(typed: str, completed: str, tmp_path: Path) -> None:
    """A bash at a terminal, with the file as it ships: the last word is echoed as TAB has made it."""
    start = tmp_path / "start"
    completion = ROOT / "share/bash-completion/completions/deployer"
    start.write_text(f"PATH={Path(sys.executable).parent}:$PATH\n. {completion}\nPS1='> '\n")
    first, _, _ = typed.rpartition(" ")
    typing = f"echo; {typed}\t\x01\x0b"  # TAB, then the line is cut, so that nothing of it runs
    _, shown = on_terminal(["bash", "--rcfile", str(start), "-i"], f"{typing}exit", after="> ")
    assert f"{first} {completed}" in shown.replace("\a", "")


def test_the_first_tab_in_zsh_is_answered_too() -> None:
    """zsh runs the file as a function when it is first needed: it has to complete then, not only register itself."""
    lines = (ROOT / "share/zsh/site-functions/_deployer").read_text().splitlines()
    loaded = lines.index("if [[ $zsh_eval_context[-1] == loadautofunc ]]; then")
    assert lines[loaded + 1].startswith('  _deployer_completion "$@"')
    assert [line for line in lines if "compdef _deployer_completion" in line] == [
        "  compdef _deployer_completion deployer"
    ]
