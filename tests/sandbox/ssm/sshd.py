"""A real sshd on loopback that believes the keys pushed by EC2 Instance Connect, as an instance's would."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Sshd:
    """Where it listens, who may log in, and its host key's public line."""

    port: int
    user: str
    host_key: str


@contextmanager
def sshd(directory: Path, sandbox_home: Path, instance_id: str) -> Iterator[Sshd]:
    """Run sshd for one instance of the sandbox; `directory` takes its keys and its configuration."""
    key = directory / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own condition when it runs as root
    port = _free_port()
    config = directory / "sshd_config"
    config.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {key}\nPidFile none\nStrictModes no\nUsePAM no\n"
        f"AuthorizedKeysFile {sandbox_home}/keys/{instance_id}/%u\nPermitRootLogin prohibit-password\n"
        "PasswordAuthentication no\nSubsystem sftp internal-sftp\n"
    )
    server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield Sshd(port, getpass.getuser(), key.with_suffix(".pub").read_text())
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("sshd does not listen")
