"""The file of the keys that EC2 Instance Connect accepted, which an SSH server reads while it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.sandbox.ssm import instance_connect
from generator.sandbox.ssm.instance_connect import PushedKey, publish

INSTANCE, LATER = "i-00000001", 4_000_000_000.0


def test_a_server_that_reads_while_a_key_expires_has_the_keys_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYER_SANDBOX_HOME", str(tmp_path))
    both = [PushedKey(INSTANCE, "root", "old", LATER), PushedKey(INSTANCE, "root", "new", LATER)]
    monkeypatch.setattr(instance_connect, "_keys", both)
    publish(INSTANCE, "root")
    file = tmp_path / "keys" / INSTANCE / "root"
    with file.open() as reading:
        del both[0]
        publish(INSTANCE, "root")
        assert reading.read() == "old\nnew\n"
    assert (file.read_text(), oct(file.stat().st_mode & 0o777)) == ("new\n", "0o600")
