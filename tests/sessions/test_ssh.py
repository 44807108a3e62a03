"""ssh through a session to a real sshd, with a key that is let in for a minute."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.host.ssh import SshWords, read_words
from tests.sessions import sshd
from tests.sessions.conftest import Deployer, as_support, wait_for
from tests.sessions.sshd import USER, Sshd


@pytest.fixture
def server(deployer: Deployer, tmp_path: Path) -> Iterator[Sshd]:
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "sshd", keys, port) as running:
        yield running


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where keys live for a moment: a short path, as a socket's has 108 bytes at most."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield Path(name)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("", SshWords((), "", ())),
        ("web-1", SshWords((), "web-1", ())),
        ("-v ec2-user@web-1 uname -a", SshWords(("-v",), "web-1", ("uname", "-a"), "ec2-user")),
        ("-L 5432:db:5432 -N web-1", SshWords(("-L", "5432:db:5432", "-N"), "web-1", ())),
        ("-vL5432:db:5432 web-1 -t top", SshWords(("-vL5432:db:5432", "-t"), "web-1", ("top",))),
        ("-l root -p2222 web-1", SshWords((), "web-1", (), "root", 2222)),
        ("web-1 -- ls -l", SshWords((), "web-1", ("ls", "-l"))),
    ],
)
def test_words_are_read_as_ssh_reads_them(typed: str, read: SshWords) -> None:
    assert read_words(typed.split()) == read


def test_a_command_runs_on_the_host_and_its_exit_code_comes_back(deployer: Deployer, server: Sshd) -> None:
    done = deployer("ssh", f"{USER}@{deployer.instance}", "echo", "over", "there;", "exit", "9")
    assert done.code == 9 and done.out == "over there\n", done.err + server.log.read_text()


def test_nothing_named_is_the_stacks_instance_and_options_pass_through(deployer: Deployer, server: Sshd) -> None:
    done = deployer("ssh", "-o", "SetEnv=LC_X=1", "-l", USER, "-T", ".", "id -un")
    assert done.code == 0 and done.out.strip() == USER, done.err


def test_the_key_is_gone_afterwards_and_no_disk_ever_had_it(
    deployer: Deployer, server: Sshd, home: Path, runtime: Path
) -> None:
    done = deployer("ssh", f"{USER}@.", f"ls -d {runtime}/*/*; cat {runtime}/*/key")
    assert "key.pub" in done.out and "PRIVATE KEY" not in done.out
    assert not list(runtime.iterdir())
    files = [path for path in home.rglob("*") if path.is_file() and path.parent.name != "sshd"]
    assert files and not [path for path in files if b"PRIVATE KEY-----" in path.read_bytes()]


def test_without_an_agent_the_key_is_in_a_private_file_and_gone_afterwards(
    deployer: Deployer, server: Sshd, tmp_path: Path, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("ssh", "ls", "cat", "sh"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = deployer("ssh", f"{USER}@.", f"ls -l {runtime}/*/key")
    assert done.code == 0 and done.out.startswith("-rw-------"), done.err
    assert not list(runtime.iterdir())


def test_a_changed_host_key_is_refused(deployer: Deployer, server: Sshd, tmp_path: Path) -> None:
    assert deployer("ssh", f"{USER}@.", "true").code == 0
    known = tmp_path / ".local" / "state" / "deployer" / "ssh" / "known_hosts"
    assert known.read_text().count("ssh-ed25519") == 1
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "impostor", keys, port):
        done = deployer("ssh", f"{USER}@.", "true")
    assert done.code == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.err


def test_ssh_itself_connects_by_the_printed_config(deployer: Deployer, server: Sshd, home: Path) -> None:
    printed = deployer("ssh-config", "--os-user", USER, "--alias", "deepsql")
    assert printed.code == 0, printed.err
    (home / "config").write_text(printed.out)
    (home / "sent").write_bytes(os.urandom(300_000))
    scp = ["scp", "-q", "-F", str(home / "config"), str(home / "sent"), f"deepsql:{home}/got"]
    done = subprocess.run(scp, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert (home / "got").read_bytes() == (home / "sent").read_bytes()
    keys = home / ".local" / "state" / "deployer" / "ssh" / deployer.instance
    assert wait_for(lambda: not list(keys.iterdir()))


def test_a_host_without_sshd_is_said(deployer: Deployer) -> None:
    deployer.behind(p22=sshd.free_port())
    done = deployer("ssh", f"{USER}@.", "true")
    assert done.code == 255 and "did not come about" in done.err


def test_a_user_nobody_may_be_is_refused_in_words(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("ssh", "root@.")
    assert done.code == 1 and "may not push an SSH key for root" in done.err and "--support-ssh yes" in done.err


def test_another_port_than_22_is_a_usage_error(deployer: Deployer) -> None:
    assert deployer("ssh", "-p", "2222", ".").code == 2


def test_a_proxy_ends_its_session_when_ssh_goes(deployer: Deployer, server: Sshd) -> None:
    program = [sys.executable, "-m", "generator", "ssh-proxy", deployer.instance]
    proxy = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert proxy.stdin and proxy.stdout
    assert proxy.stdout.readline().startswith(b"SSH-2.0-")
    assert len(deployer.live()) == 1
    proxy.stdin.write(b"nonsense\r\n")
    proxy.stdin.close()
    proxy.stdout.read()
    assert proxy.wait(20) == 0
