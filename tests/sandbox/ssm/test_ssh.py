"""SSH through the sandbox: a real client and a real sshd, the key pushed, the bytes through the data channel."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.channel.listen import Listen
from generator.channel.port import Forward, forward
from generator.channel.session import ChannelOptions
from tests.sandbox_keys import control, recorded
from tests.sessions import sshd

from .conftest import launch
from .service import Service


def test_a_pushed_key_opens_sshd_behind_a_tunnel(
    client: Any, sandbox_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", sshd.search_path())
    node = launch(client, {})
    key = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    request = {"Target": node, "DocumentName": "AWS-StartPortForwardingSession", "Parameters": {"portNumber": ["22"]}}

    async def story(user: str) -> tuple[int, bytes]:
        wanted = [Forward(Service(client("ssm"), request), (Listen(),))]
        async with forward(wanted, ChannelOptions(proxy=None)) as (tunnel,):
            words = ["-F", "none", "-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"]
            words += ["-o", f"UserKnownHostsFile={tmp_path / 'known'}", "-o", "StrictHostKeyChecking=accept-new"]
            ssh = await asyncio.create_subprocess_exec(
                "ssh", *words, "-p", str(tunnel.ports[0]), f"{user}@127.0.0.1", "echo through; exit 7",
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, _ = await asyncio.wait_for(ssh.communicate(), 30)
            return ssh.returncode or 0, out

    keys = sandbox_home / "keys" / node
    with sshd.serve(tmp_path / "sshd", keys, sshd.free_port()) as server:
        control("PUT", f"instances/{node}", {"ports": {"22": server.port}}, recorded(sandbox_home))
        assert asyncio.run(story(sshd.USER)) == (255, b"")
        client("ec2-instance-connect").send_ssh_public_key(
            InstanceId=node, InstanceOSUser=sshd.USER, SSHPublicKey=key.with_suffix(".pub").read_text()
        )
        assert asyncio.run(story(sshd.USER)) == (7, b"through\n")
