"""ssh and cp in a sandbox that nothing was registered in: they lead to this computer's SSH server, where it has one."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from unittest.mock import Mock

import pytest

from generator.errors import DeployerError
from generator.operations.sessions.sandbox_ssh import SandboxSsh, lacking, require
from generator.sandbox import lifecycle
from generator.sandbox.ssm import ssh_server
from tests.sandbox_keys import recorded
from tests.sessions.conftest import Deployer
from tests.sessions.sshd import USER

QUIET = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR")
HERE = SandboxSsh(registered=False, server=True, login=USER, shell=False)


@pytest.fixture
def files(deployer: Deployer) -> Path:
    """The folder of the instance on this computer."""
    return Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "hosts" / deployer.instance / "files"


def test_a_command_runs_in_the_instances_own_folder_and_says_where(deployer: Deployer, files: Path) -> None:
    done = deployer("ssh", ".", "pwd; echo $HOME; exit 7")
    assert done.code == 7 and done.out.splitlines() == [str(files)] * 2
    assert f"not real hosts: this is {USER} on this computer, in {files}" in done.err
    assert stat.S_IMODE(files.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((files.parent / "host_key").stat().st_mode) == 0o600


def test_a_file_is_copied_there_and_back(deployer: Deployer, files: Path, tmp_path: Path) -> None:
    source, back = tmp_path / "a name", tmp_path / "back"
    source.write_bytes(bytes(range(256)) * 100)
    assert deployer("cp", str(source), ":kept").code == 0
    assert (files / "kept").read_bytes() == source.read_bytes()
    done = deployer("cp", ":kept", str(back), "--output", "json")
    assert done.code == 0 and done.result["via"] == "ssh" and back.read_bytes() == source.read_bytes()


def test_no_credential_of_the_sandbox_is_in_what_runs_there(deployer: Deployer) -> None:
    seen = deployer("ssh", ".", "env").out
    assert "SSH_CONNECTION" in seen and "AWS_" not in seen and "DEPLOYER_" not in seen


def test_only_a_key_that_was_pushed_lets_in(deployer: Deployer, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    proxy = f"ProxyCommand={sys.executable} -m generator ssh-proxy {deployer.instance}"
    options = [word for each in (proxy, "BatchMode=yes", *QUIET) for word in ("-o", each)]
    command = ["ssh", "-F", "none", "-i", str(key), *options, f"{USER}@{deployer.instance}", "true"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert refused.returncode == 255 and "Permission denied (publickey)" in refused.stderr
    deployer.gateway.instance_connect.send_ssh_public_key(
        deployer.instance, USER, key.with_suffix(".pub").read_text().strip()
    )
    assert subprocess.run(command, capture_output=True, timeout=30).returncode == 0


def test_nothing_listens(deployer: Deployer) -> None:
    before = _listening()
    assert f"0100007F:{recorded().port:04X}" in before
    with deployer.start("ssh", ".", "cat") as process:
        assert process.stdin and process.stderr
        while "not real hosts" not in process.stderr.readline():
            pass
        assert _listening() == before
        process.stdin.close()
        assert process.wait(20) == 0


def _listening() -> set[str]:
    """The TCP ports that the sandbox, this process and their children listen on; other tests run beside this one."""
    own = {os.getpid(), recorded().pid}
    parents = {int(each.name): _parent(each) for each in Path("/proc").iterdir() if each.name.isdigit()}
    for _ in range(10):  # generations
        own |= {process for process, parent in parents.items() if parent in own}
    files = {name for process in own for name in _open_files(process)}
    lines = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return {words[1] for words in lines if words[3] == "0A" and f"socket:[{words[9]}]" in files}


def _parent(process: Path) -> int:
    with suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def _open_files(process: int) -> Iterator[str]:
    with suppress(OSError):
        for file in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                yield str(file.readlink())


def test_another_login_is_refused_at_once(deployer: Deployer, tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    for words in (["ssh", "ec2-user@.", "true"], ["cp", str(tmp_path / "f"), "ec2-user@.:f"]):
        done = deployer(*words)
        assert done.code == 2 and f"gives to {USER} alone, not to ec2-user" in done.err, done.err
        assert len(done.err.splitlines()) == 2


def test_without_a_server_it_is_said_at_once(
    deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f").touch()
    none = {"registered": False, "server": False, "login": USER, "shell": False}
    monkeypatch.setattr(lifecycle, "ssh_answer", lambda instance_id: none)
    for words in (["ssh"], ["cp", str(tmp_path / "f"), ":f"], ["cp", ":f", str(tmp_path / "g")]):
        done = deployer(*words)
        assert done.code == 4 and "this computer's SSH server, and there is none" in done.err, done.err
        assert "apt install openssh-server" in done.err and len(done.err.splitlines()) == 2


LOCKED = "the account jo, which runs it, is locked"


@pytest.mark.parametrize(
    ("shell", "shadow", "why"),
    [
        (None, "", f"user {os.geteuid()}, who runs it, has no account here"),
        ("/bin/sh", "jo:!:1::::::\n", LOCKED),
        ("/bin/sh", "root:*:1\njo:!$6$x:1::::::\n", LOCKED),
        ("/bin/sh", "jo:*:1::::::\njoe:!:1\n", ""),
        ("/bin/sh", None, ""),
        ("", "jo:$6$x:1\n", ""),
        ("/usr/sbin/nologin", "", "jo, who runs it, has no shell to log in with (/usr/sbin/nologin)"),
        ("/bin/false", "", "jo, who runs it, has no shell to log in with (/bin/false)"),
        ("/no/such/shell", "", "jo, who runs it, has no shell to log in with (/no/such/shell)"),
    ],
)
def test_an_account_that_cannot_log_in_is_said_at_once(
    shell: str | None, shadow: str | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Mock(side_effect=KeyError) if shell is None else Mock(return_value=Mock(pw_name="jo", pw_shell=shell))
    monkeypatch.setattr(ssh_server.pwd, "getpwuid", account)
    monkeypatch.setattr(ssh_server, "_SHADOW", tmp_path / "shadow")
    if shadow is not None:
        (tmp_path / "shadow").write_text(shadow)
    monkeypatch.setattr(ssh_server, "find_programs", lambda: ssh_server.Programs("sshd", "sftp-server"))
    answer = ssh_server.answer_of("i-0a")
    assert answer.obstacle == why and answer.server == (not why)
    error = lacking(SandboxSsh(**asdict(answer)))
    assert bool(error) == bool(why)
    if error:
        assert error.message == f"SSH in the sandbox is a login on this computer, and {why}." and error.hint
        with pytest.raises(ConnectionRefusedError, match="lets nobody in"):
            asyncio.run(ssh_server.connect("i-0a"))


def test_what_is_registered_goes_first(deployer: Deployer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        deployer.behind(p22=server.getsockname()[1])
        answer = lifecycle.ssh_answer(deployer.instance)
        assert answer == {"registered": True, "server": True, "login": USER, "shell": False, "obstacle": ""}


@pytest.mark.parametrize(
    ("here", "user", "refused"),
    [
        (None, "ec2-user", ""),  # AWS
        (HERE, USER, ""),
        (HERE, "ec2-user", "login"),
        (SandboxSsh(True, False, USER, False), "ec2-user", ""),
        (SandboxSsh(False, False, USER, True), USER, "ssh-missing"),
    ],
)
def test_who_is_refused(here: SandboxSsh | None, user: str, refused: str) -> None:
    assert bool(lacking(here)) == (refused == "ssh-missing")
    if not refused:
        require(here, user)
        return
    with pytest.raises(DeployerError) as error:
        require(here, user)
    assert error.value.code == refused


def test_the_server_is_found_with_what_it_starts_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(ssh_server, "_SYSTEM", ())
    monkeypatch.setattr(ssh_server, "_SFTP", ())
    for name, found in (("sshd", None), ("sftp-server", str(tmp_path / "sshd"))):
        (tmp_path / name).touch(0o755)
        programs = ssh_server.find_programs()
        assert (programs and programs.sshd) == found
