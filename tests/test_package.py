"""The package: the same bytes from every clone, with its man page and completions, and a program that runs."""

from __future__ import annotations

import os
import re
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
from generator.model.sbom import sbom
from generator.signing.keys import new_private_key
from tests.publishing.conftest import write_signed
from tests.signing.conftest import pair
from tests.terminal import on_terminal

ROOT = Path(__file__).parents[1]
NAME = f"deepsql_deployer-{__version__}"
COMMIT = "generator/commit.txt"
SHARED = f"{NAME}.data/data/share"


def built(clone: Path, umask: int, time: int) -> dict[str, bytes]:
    """Wheel and sdist of a fresh clone with the vendor's key, made under another umask, with files of another time."""
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", str(clone)], check=True, umask=umask)
    for path in clone.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (time, time))
    (clone / "generator/signing/trusted").mkdir(exist_ok=True)
    (clone / "generator/signing/trusted/vendor.pub").write_text(pair("vendor").public_key.pem)
    for left in ("vendor.key", "generator/signing/trusted/vendor.key", "docs/policy.pem"):
        (clone / left).write_text(new_private_key("canary-correct-horse"))
    env = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    at = "2026-01-01T00:00:00Z"
    who = {f"GIT_{role}_{part}": "r" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    who |= {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    for argv in (("add", "generator"), ("commit", "--quiet", "--no-gpg-sign", "-m", "Trust the vendor's key")):
        subprocess.run(["git", *argv], cwd=clone, env={**env, **who}, check=True)
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


def head(clone: Path) -> str:
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=clone, check=True, capture_output=True, text=True
    ).stdout.strip()


def commit_in(wheel: Path) -> str | None:
    with zipfile.ZipFile(wheel) as opened:
        return opened.read(COMMIT).decode().strip() if COMMIT in opened.namelist() else None


def wheel_of(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "again"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / f"again/{NAME}-py3-none-any.whl"


def test_the_wheel_names_its_commit_and_so_does_one_made_of_the_source_archive(package: Path, tmp_path: Path) -> None:
    commit = head(package.parent)
    assert commit_in(package / f"{NAME}-py3-none-any.whl") == commit and len(commit) == 40
    with tarfile.open(package / f"{NAME}.tar.gz") as sdist:
        sdist.extractall(tmp_path, filter="data")
    assert commit_in(wheel_of(tmp_path / NAME)) == commit


def test_a_wheel_of_a_changed_checkout_names_no_commit(package: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(package.parent), str(clone)], check=True)
    (clone / "notes.txt").write_text("no part of the package")
    assert commit_in(wheel_of(clone)) == head(clone)
    for changed in ("generator/more.py", "requirements.lock"):
        before = (clone / changed).read_text() if (clone / changed).exists() else ""
        (clone / changed).write_text(before + "# more\n")
        assert commit_in(wheel_of(clone)) is None, changed
        subprocess.run(["git", "checkout", "--quiet", "."], cwd=clone, check=True)
        (clone / "generator/more.py").unlink(missing_ok=True)


def test_no_private_key_that_lies_in_the_checkout_is_built_into_anything_or_waits_to_be_committed(
    package: Path,
) -> None:
    private = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{40}")
    clone = package.parent
    assert all(private.search((clone / name).read_bytes()) for name in ("vendor.key", "docs/policy.pem"))
    with zipfile.ZipFile(package / f"{NAME}-py3-none-any.whl") as wheel:
        assert not [name for name in wheel.namelist() if private.search(wheel.read(name))]
    with tarfile.open(package / f"{NAME}.tar.gz") as sdist:
        files = [member for member in sdist.getmembers() if member.isfile()]
        assert files and not [f.name for f in files if private.search(sdist.extractfile(f).read())]  # type: ignore[union-attr]
    new = subprocess.run(["git", "status", "--porcelain"], cwd=clone, check=True, capture_output=True, text=True).stdout
    assert ".key" not in new and ".pem" not in new


def test_the_wheel_has_the_bill_of_materials_of_its_lock(package: Path) -> None:
    """Where tools look for it: in `sboms` of its metadata (PEP 770)."""
    with zipfile.ZipFile(package / f"{NAME}-py3-none-any.whl") as wheel:
        shipped = wheel.read(f"{NAME}.dist-info/sboms/sbom.cdx.json").decode()
    assert shipped == sbom((ROOT / "requirements.lock").read_text(), "deepsql-deployer", __version__)


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
        env = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        return subprocess.run(command, check=True, cwd=tmp_path, env=env, capture_output=True, text=True).stdout

    assert ran("--version") == f"deployer {__version__}\n"
    write_signed(tmp_path / "t.yaml", b"Resources: {}")
    assert pair("vendor").public_key.key_id in ran("verify", "t.yaml"), "the vendor's key is in the wheel, and trusted"
    assert ran("generate", "-o", "-") == (ROOT / "templates/deepsql-stack.yaml").read_text()
    program = "import generator; print(generator.__file__)"
    where = subprocess.run(
        [str(python), "-c", program], check=True, cwd=tmp_path, capture_output=True, text=True
    ).stdout
    assert where.startswith(str(tmp_path))
    assert (tmp_path / "env/share/man/man1/deployer.1").is_file()


COMPLETIONS = {
    "bash": "bash-completion/completions/deployer",
    "zsh": "zsh/site-functions/_deployer",
    "fish": "fish/vendor_completions.d/deployer.fish",
}
PROGRAMS = Path(sys.executable).parent


def shell_program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:{PROGRAMS}")
    assert found, f"These tests type TAB in {name}: run .ci/real-shells, or install it (Debian: {name})"
    return found


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_a_completion_is_taken_by_its_shell(shell: str) -> None:
    ran = subprocess.run([shell_program(shell), "-n", str(ROOT / "share" / COMPLETIONS[shell])], capture_output=True)
    assert (ran.returncode, ran.stderr) == (0, b"")


def interactive(shell: str, folder: Path) -> list[str]:
    """The shell at a terminal with our completion and nothing of this computer's own; its prompt is `> `."""
    ours = ROOT / "share" / COMPLETIONS[shell]
    starts = {
        "bash": (".bashrc", f"PATH={PROGRAMS}:$PATH\n. {ours}\nPS1='> '\n"),
        "zsh": (
            ".zshrc",
            f"PATH={PROGRAMS}:$PATH\nfpath=({ours.parent} $fpath)\nautoload -Uz compinit\ncompinit -D -u\nPS1='> '\n",
        ),
        "fish": (
            "start.fish",
            f"set -gx PATH {PROGRAMS} $PATH\nsource {ours}\nfunction fish_prompt; echo -n '> '; end\n",
        ),
    }
    name, text = starts[shell]
    (folder / name).write_text(text)
    options = {"bash": ["-i"], "zsh": ["-d", "-i"], "fish": ["--no-config", "-i", "-C", f"source {folder / name}"]}
    return ["env", f"HOME={folder}", f"ZDOTDIR={folder}", "TERM=xterm", shell_program(shell), *options[shell]]


@pytest.mark.parametrize("shell", COMPLETIONS)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("deployer acc", "deployer access"),
        ("deployer access revo", "deployer access revoke"),
        ("deployer up --support-ro", "deployer up --support-role"),
        ("deployer nothing-like-thi", "deployer nothing-like-thi"),
    ],
)
def test_tab_completes_a_word(shell: str, typed: str, completed: str, tmp_path: Path) -> None:
    """A shell at a terminal, with the file as it ships: `echo` is put before the line as TAB has made it."""
    line = f"{typed}\t\x01echo shown: \n"
    _, shown = on_terminal(interactive(shell, tmp_path), f"{line}exit", after="> ")
    said = [each.strip() for each in shown.splitlines() if each.startswith("shown: ")]
    assert said == [f"shown: {completed}"], shown


def test_the_first_tab_in_zsh_is_answered_too() -> None:
    """zsh runs the file as a function when it is first needed: it has to complete then, not only register itself."""
    lines = (ROOT / "share/zsh/site-functions/_deployer").read_text().splitlines()
    loaded = lines.index("if [[ $zsh_eval_context[-1] == loadautofunc ]]; then")
    assert lines[loaded + 1].startswith('  _deployer_completion "$@"')
    assert [line for line in lines if "compdef _deployer_completion" in line] == [
        "  compdef _deployer_completion deployer"
    ]
