"""What make brings onto a computer: packages by hash, and programs for the tests unpacked into the environment only."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bench import peers

ROOT = Path(__file__).parent.parent
APT = """#!/bin/sh
echo "$0 $*" >>{log}
case "$*" in
*indextargets*) echo "http://mirror/ stable main /key" ;;
*--download-only*) touch "$(printf '%s\\n' "$@" | sed -n 's/^Dir::Cache=//p')/archives/one.deb" ;;
esac
"""


def test_every_package_that_make_installs_comes_by_hash() -> None:
    installs = re.compile(r"\$\(PIP\)|pip \$\(INSTALL\)|pip install")
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if installs.search(line)]
    lines.remove("PIP = $(BIN)/pip $(INSTALL)")
    assert len(lines) > 4
    for line in lines:
        assert "--require-hashes" in line or ("--no-deps" in line and "--no-build-isolation" in line), line


def test_the_tools_that_the_bench_installs_to_compare_with_come_by_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pip is held to the hashes, and npm to a lock in which each archive has one; what is bundled is in an archive."""
    calls = list[list[str]]()
    monkeypatch.setattr(peers.directories, "cache", lambda: tmp_path)
    monkeypatch.setattr(peers.subprocess, "run", lambda argv, **_: calls.append(list(argv)))
    home = peers.install().home
    [pip] = [call for call in calls if call[0].endswith("pip")]
    assert pip[-3:] == ["--require-hashes", "-r", str(peers.PYTHON_LOCK)]
    [npm] = [call for call in calls if "npm-cli.js" in call[1]]
    assert npm[2] == "ci" and (home / "node" / "package-lock.json").exists()
    locked = peers.PYTHON_LOCK.read_text()
    asked = [line for line in locked.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(asked) > 20 and all("==" in line for line in asked) and locked.count("--hash=sha256:") >= len(asked)
    assert all(f"{peer} " in locked for peer in peers.PYTHON_PEERS)


def test_every_archive_of_npm_has_its_digest_in_a_lock() -> None:
    """What is bundled is in an archive, which has one."""
    locks = [path for path in ROOT.glob("tests/**/package-lock.json") if "node_modules" not in path.parts]
    assert len(locks) == 4
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        assert all(each.get("integrity") or each.get("inBundle") for name, each in packages.items() if name), lock


def test_what_the_scripts_install_comes_by_hash_but_for_what_a_user_would_fetch() -> None:
    """`uvx`, `pipx run` and `pip install .` are tried as a user has them: what they fetch is held by version alone."""
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.read_text().startswith("#!")]
    installs = re.compile(r"pip[\w\"$/{}]* install |npm install ")
    unlocked = [
        path.name
        for path in scripts
        for line in path.read_text().splitlines()
        if installs.search(line) and not line.lstrip().startswith("#") and "--require-hashes" not in line
    ]
    assert unlocked == ["newcomer"], "which installs as the README says"


@pytest.mark.parametrize("script", ["real-sshd", "real-mysql", "real-shells"])
def test_what_the_tests_want_is_unpacked_and_never_installed(script: str, tmp_path: Path) -> None:
    """apt-get only downloads, into directories of its own, and dpkg only unpacks."""
    shutil.copytree(ROOT / ".ci", tmp_path / "checkout" / ".ci")
    programs, log = tmp_path / "bin", tmp_path / "log"
    programs.mkdir()
    for name in ("apt-get", "dpkg"):
        (programs / name).write_text(APT.format(log=log))
        (programs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    subprocess.run([tmp_path / "checkout" / ".ci" / script, "always"], env=env, check=False, capture_output=True)
    calls = [line.split() for line in log.read_text().splitlines()]
    installs = [call for call in calls if "install" in call]
    assert installs and all(
        "--download-only" in call and f"Dir::State={tmp_path}" in " ".join(call) for call in installs
    )
    unpacked = [call[1] for call in calls if call[0].endswith("dpkg")]
    assert unpacked and set(unpacked) == {"-x"}
    assert not list(tmp_path.glob("tmp.*")), "the downloads are removed"
