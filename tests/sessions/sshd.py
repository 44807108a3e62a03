"""A real sshd for the tests, behind the sandbox's instance: it lets in the keys that EC2 Instance Connect published."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = getpass.getuser()


@dataclass
class Sshd:
    """Where it listens, and what it said."""

    port: int
    log: Path
    host_key: Path


def search_path() -> str:
    """The PATH, and behind it where .ci/real-sshd puts the programs of OpenSSH that it lacks."""
    return os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])


def program() -> str:
    found = shutil.which("sshd", path=f"/usr/sbin:/usr/local/sbin:/sbin:{search_path()}")
    assert found, "These tests need OpenSSH's server: run .ci/real-sshd, or install it (Debian: openssh-server)"
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def serve(directory: Path, keys: Path, port: int, more: str = "") -> Iterator[Sshd]:
    """Run sshd on a port; `keys` is the directory with one file a user, `more` the last lines of its configuration."""
    directory.mkdir(exist_ok=True)
    host_key = directory / "host_key"
    if not host_key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(host_key)], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True, mode=0o755)
    config, log = directory / "sshd_config", directory / "log"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {host_key}\nAuthorizedKeysFile {keys}/%u\nPidFile none\n"
        "UsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\nLogLevel VERBOSE\n" + more
    )
    server = subprocess.Popen([program(), "-D", "-f", str(config), "-E", str(log)])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Sshd(port, log, host_key)
    finally:
        server.terminate()
        server.wait(10)
