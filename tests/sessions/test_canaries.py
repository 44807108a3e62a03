"""A session's token and an SSH key are in no argument, line, log or file of connect, ssh and cp."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.gateway.ssm import SSM
from generator.host import ssh as openssh
from generator.model.session import SessionRequest, StartedSession
from tests.canaries import Watched, watched
from tests.sessions import sshd
from tests.sessions.conftest import Deployer
from tests.sessions.sshd import USER


@pytest.fixture
def seen(tmp_path: Path) -> Iterator[Watched]:
    with watched(tmp_path / "person") as watching:
        yield watching


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens of the sessions that this process starts."""
    found: list[str] = []
    start = SSM.start_session

    def kept(self: SSM, request: SessionRequest) -> StartedSession:
        started = start(self, request)
        assert started.token not in repr(started)
        found.append(started.token)
        return started

    monkeypatch.setattr(SSM, "start_session", kept)
    return found


def test_a_tunnels_token_stays_in_this_process(
    deployer: Deployer, seen: Watched, tokens: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    for command in ("env; cat /proc/$PPID/cmdline", "exit 3"):
        done = deployer("connect", "-L", "0:localhost:3035", "--reason", "T-1", "--exec", command, "--debug")
        seen.shown += [done.out, done.err]
    seen.shown.append(caplog.text)
    assert "DEPLOYER_PORT=" in seen.shown[0] and "HANDSHAKE_REQUEST" in caplog.text
    assert "exit 3" in "".join(seen.arguments)
    assert seen.where(*tokens) == []


@pytest.fixture
def host(deployer: Deployer, tmp_path: Path) -> Iterator[None]:
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "sshd", keys, port):
        yield


@pytest.mark.parametrize("agent", [True, False], ids=["agent", "file"])
def test_an_ssh_key_is_nowhere_afterwards(
    deployer: Deployer, host: None, seen: Watched, monkeypatch: pytest.MonkeyPatch, agent: bool
) -> None:
    pairs: list[openssh.Pair] = []
    make = openssh.make_pair

    def kept(comment: str) -> openssh.Pair:
        pairs.append(make(comment))
        return pairs[-1]

    monkeypatch.setattr(openssh, "make_pair", kept)
    if not agent:
        which = openssh.shutil.which
        monkeypatch.setattr(openssh.shutil, "which", lambda name, **_: None if name == "ssh-agent" else which(name))
    sent = seen.home / "sent"
    sent.write_text("x" * 1000)
    for argv in (
        ("ssh", "-v", f"{USER}@.", "true"),
        ("cp", "--via", "ssh", str(sent), f"{USER}@:{seen.home}/got"),
    ):
        done = deployer(*argv, "--debug") if argv[0] == "cp" else deployer(*argv)
        seen.shown += [done.out, done.err]
        assert done.code == 0, done.err
    assert "ssh-proxy" in seen.places()["children"] and len(pairs) == 2
    bodies = [line for pair in pairs for line in pair.private_key.decode().splitlines()[2:-1] if len(line) > 40]
    assert seen.where("OPENSSH PRIVATE KEY", *bodies) == []
    assert not list((seen.home / "tmp").iterdir())
    assert "private_key" not in repr(pairs)
