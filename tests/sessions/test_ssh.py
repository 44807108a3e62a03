"""ssh through a session to a real sshd, with a key that is let in for a minute."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.errors import DeployerError
from generator.host.shared_key import VALID, SharedKey, start_janitor
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


def test_the_stored_login_is_used_where_none_is_named(deployer: Deployer, server: Sshd, home: Path) -> None:
    assert deployer("config", "set", "ssh-user", USER).code == 0
    assert deployer("ssh", ".", "id -un").out.strip() == USER
    assert f"  User {USER}\n" in deployer("ssh-config").out
    (home / "sent").write_text("whole")
    done = deployer("cp", "--via", "ssh", str(home / "sent"), f":{home}/got")
    assert done.code == 0 and (home / "got").read_text() == "whole", done.err
    assert "  User other\n" in deployer("ssh-config", "--os-user", "other").out
    assert deployer("config", "unset", "ssh-user").code == 0
    assert "  User ec2-user\n" in deployer("ssh-config").out


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


@pytest.fixture
def box(deployer: Deployer, server: Sshd, home: Path) -> Box:
    """The printed block, in a file of ssh's configuration."""
    printed = deployer("ssh-config", "--os-user", USER, "--alias", "box")
    assert printed.code == 0, printed.err
    (home / "config").write_text(printed.out)
    return Box(home / "config", home / ".local" / "state" / "deployer" / "ssh" / deployer.instance)


@dataclass
class Box:
    """What ssh is told, and where the key is while it is needed."""

    config: Path
    keys: Path

    def start(self, *argv: str, program: str = "ssh") -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen([program, "-F", str(self.config), *argv], stdout=pipe, stderr=pipe, text=True)

    def __call__(self, *argv: str, program: str = "ssh") -> subprocess.CompletedProcess[str]:
        process = self.start(*argv, program=program)
        out, err = process.communicate(timeout=90)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.keys.glob("*"))

    def child(self, ssh: subprocess.Popen[str], command: str) -> int:
        """The process by which ssh runs one of our commands."""
        children = Path(f"/proc/{ssh.pid}/task/{ssh.pid}/children")

        def running() -> list[int]:
            found = [int(word) for word in children.read_text().split()]
            return [pid for pid in found if command in _words_of(pid)]

        return int(wait_for(running)[0])


def _words_of(pid: int) -> list[str]:
    """The command line of a process; nothing of one that has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


@pytest.mark.parametrize("words", [("{sent}", "box:{got}"), ("-O", "{sent}", "box:{got}"), ("box:{sent}", "{got}")])
def test_a_copy_by_the_printed_config_has_nothing_to_say(box: Box, home: Path, words: tuple[str, ...]) -> None:
    """With no -q: neither scp, by either of its protocols, nor the proxy below it."""
    (home / "sent").write_bytes(os.urandom(300_000))
    places = {"sent": home / "sent", "got": home / "got"}
    done = box(*(word.format_map(places) for word in words), program="scp")
    added = [line for line in done.stderr.splitlines() if not line.startswith("Warning: Permanently added")]
    assert (done.returncode, done.stdout, added) == (0, "", [])
    assert (home / "got").read_bytes() == (home / "sent").read_bytes()
    assert wait_for(lambda: not box.left)


def test_a_home_may_have_any_name(
    deployer: Deployer, server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "a %h home's"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    (home / "config").write_text(deployer("ssh-config", "--os-user", USER, "--alias", "box").out)
    known = home / ".local" / "state" / "deployer" / "ssh" / "known_hosts"
    assert Box(home / "config", known.parent)("box", "echo there").stdout == "there\n" and known.exists()
    assert deployer("ssh", f"{USER}@.", "echo here").out == "here\n"


def test_ssh_and_its_proxy_have_nothing_to_say_when_all_is_well(box: Box, server: Sshd) -> None:
    box("box", "true")
    done = box("box", "echo over; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "over\n", "")
    assert wait_for(lambda: not box.left)


MESSAGE = "This session is served by the deployer sandbox."


@pytest.mark.parametrize("verb", ["ssh", "cp"])
def test_a_command_of_ours_shows_the_agents_message_once_and_none_of_it_in_the_output(
    verb: str, deployer: Deployer, server: Sshd, home: Path
) -> None:
    (home / "sent").write_text("whole")
    words = ("ssh", f"{USER}@.", "echo over") if verb == "ssh" else ("cp", str(home / "sent"), f"{USER}@.:{home}/got")
    done = deployer(*words)
    assert done.code == 0 and done.err.count(MESSAGE) == 1, done.err
    assert done.out == ("over\n" if verb == "ssh" else "")


def test_below_another_program_it_is_shown_at_a_terminal_alone(box: Box, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with (tmp_path / "err").open("w+") as log:
        for place in (theirs, log.fileno()):
            done = subprocess.run(["ssh", "-F", box.config, "box", "echo over"], stdout=-1, stderr=place, timeout=60)
            assert (done.returncode, done.stdout) == (0, b"over\n")
        log.seek(0)
        assert MESSAGE not in log.read()
    assert os.read(ours, 4096).decode().count(MESSAGE) == 1


@pytest.mark.parametrize("number", [4, 16])
def test_any_number_of_connections_at_once_succeed_and_leave_nothing(box: Box, number: int) -> None:
    started = [box.start("box", f"echo {n}") for n in range(number)]
    done = [(process.communicate(timeout=150), process.returncode) for process in started]
    assert [(out, code) for (out, _), code in done] == [(f"{n}\n", 0) for n in range(number)], done
    assert wait_for(lambda: not box.left)


def test_the_key_of_connections_at_once_is_private_and_goes_with_the_last(box: Box) -> None:
    first = box.start("box", "echo ready; sleep 60")
    assert first.stdout and first.stdout.readline() == "ready\n"
    key = box.keys / f"key.{USER}"
    assert key.stat().st_mode & 0o777 == 0o600 and box.keys.stat().st_mode & 0o777 == 0o700
    public = key.read_bytes()
    assert box("box", "true").returncode == 0 and key.read_bytes() == public, "one leaves, the other may yet log in"
    first.terminate()
    assert wait_for(lambda: not box.left)


@pytest.mark.parametrize(("stage", "victim"), [("ssh-key", "ssh"), ("ssh-proxy", "ssh"), ("ssh-proxy", "proxy")])
def test_a_connection_killed_in_the_middle_harms_no_other(box: Box, stage: str, victim: str) -> None:
    killed, other = box.start("box", "sleep 60"), box.start("box", "sleep 1; echo alive")
    child = box.child(killed, stage)
    os.kill(killed.pid if victim == "ssh" else child, signal.SIGKILL)
    killed.communicate(timeout=60)
    assert other.communicate(timeout=60)[0] == "alive\n"
    assert wait_for(lambda: not box.left)
    assert box("box", "echo after").stdout == "after\n"


def test_what_a_dead_process_left_is_replaced_and_removed(box: Box) -> None:
    box.keys.mkdir(exist_ok=True)
    dead = subprocess.Popen(["true"])
    dead.wait()
    for name in (f"key.{USER}", f"public.{USER}", f"claim.{USER}@{socket.gethostname()}@{dead.pid}", "lock"):
        (box.keys / name).write_text("stale")
    assert box("box", "echo fresh").stdout == "fresh\n"
    assert wait_for(lambda: not box.left)


def test_a_master_connection_serves_others_and_the_key_goes_with_it(box: Box, runtime: Path) -> None:
    share = ("-o", f"ControlPath={runtime}/master")
    master = box.start(*share, "-M", "box", "echo ready; sleep 60")
    assert master.stdout and master.stdout.readline() == "ready\n"
    assert [box(*share, "box", f"echo {n}").stdout for n in range(3)] == ["0\n", "1\n", "2\n"]
    box(*share, "-O", "exit", "box")
    master.wait(20)
    assert wait_for(lambda: not box.left)


def test_a_changed_host_key_is_refused_by_the_printed_config_too(
    deployer: Deployer, box: Box, server: Sshd, tmp_path: Path
) -> None:
    assert box("box", "true").returncode == 0
    keys = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / deployer.instance
    port = sshd.free_port()
    deployer.behind(p22=port)
    with sshd.serve(tmp_path / "impostor", keys, port):
        done = box("box", "true")
    assert done.returncode == 255 and "REMOTE HOST IDENTIFICATION HAS CHANGED" in done.stderr
    assert wait_for(lambda: not box.left)


def test_a_key_that_is_not_let_in_is_not_left_behind(box: Box, deployer: Deployer) -> None:
    done = deployer("ssh-key", deployer.instance, "--os-user", "no/login")
    assert done.code == 2 and "no/login is not a login" in done.err
    assert deployer("ssh-key", "i-0123456789abcdef0", "--os-user", USER).code != 0
    assert not box.left and not any((box.keys.parent / "i-0123456789abcdef0").iterdir())


def test_a_key_is_pushed_once_for_those_who_come_at_once_and_again_for_those_who_come_later(tmp_path: Path) -> None:
    key, pushed = SharedKey(tmp_path, "ec2-user"), list[str]()
    ssh = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    for process in ssh[:2]:
        key.claim(process.pid, pushed.append, "x")
    assert len(pushed) == 1 and pushed[0].startswith("ssh-ed25519 ")
    os.utime(key.path, (0, 0))
    key.claim(ssh[2].pid, pushed.append, "x")
    assert pushed == [pushed[0]] * 2, "the key itself stays while anybody may log in with it"
    key.release(ssh[0].pid)
    for process in ssh[1:]:
        assert key.path.exists()
        process.kill()
        process.wait()
    seat = key.become_janitor()
    assert seat is not None
    key.watch(seat)
    assert not list(tmp_path.iterdir())
    ssh[0].kill()
    key.claim(os.getpid(), pushed.append, "x")
    assert pushed[2] != pushed[0]


def test_a_claim_ends_after_the_minute_for_which_aws_takes_the_key(tmp_path: Path) -> None:
    key = SharedKey(tmp_path, "ec2-user")
    key.claim(os.getpid(), lambda public: None, "x")
    (claim,) = tmp_path.glob("claim.*")
    key.release(None)
    assert key.path.exists()
    os.utime(claim, (0, claim.stat().st_mtime - 2 * VALID))
    key.release(None)
    assert not list(tmp_path.iterdir())


def test_one_janitor_looks_after_the_key_until_it_is_gone(tmp_path: Path) -> None:
    key = SharedKey(tmp_path, "ec2-user")
    key.claim(os.getpid(), lambda public: None, "x")
    start_janitor(key)
    assert key.become_janitor() is None
    key.release(os.getpid())
    assert wait_for(lambda: not list(tmp_path.iterdir()))


@pytest.mark.parametrize("argv", [("-G", "box"), ("-O", "check", "-o", "ControlPath=/nowhere", "box")])
def test_an_ssh_without_a_proxy_leaves_nothing_either(box: Box, argv: tuple[str, ...]) -> None:
    box(*argv)
    assert wait_for(lambda: not box.left)


def test_logins_do_not_share_a_key_though_one_begins_as_the_other(tmp_path: Path) -> None:
    for user in ("ec2", "ec2.a"):
        SharedKey(tmp_path, user).claim(os.getpid(), lambda public: None, "x")
    SharedKey(tmp_path, "ec2").release(os.getpid())
    assert sorted(path.name.partition("@")[0] for path in tmp_path.iterdir()) == [
        "claim.ec2.a",
        "key.ec2.a",
        "lock",
        "public.ec2.a",
    ]


def test_a_refused_push_leaves_no_key(tmp_path: Path) -> None:
    def refuse(public: str) -> None:
        raise DeployerError("no")

    with pytest.raises(DeployerError):
        SharedKey(tmp_path, "ec2-user").claim(os.getpid(), refuse, "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("last_words", [b"", b"Exceeded MaxStartups\r\n"])
def test_a_server_too_busy_to_greet_is_called_again_with_what_ssh_has_sent(
    deployer: Deployer, last_words: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        deployer.behind(p22=server.getsockname()[1])
        program = [sys.executable, "-m", "generator", "ssh-proxy", deployer.instance]
        proxy = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert proxy.stdin and proxy.stdout
        proxy.stdin.write(b"SSH-2.0-client\r\n")
        proxy.stdin.flush()
        for _ in range(2):
            busy, _ = server.accept()
            busy.sendall(last_words)
            busy.close()
        ready, _ = server.accept()
        with ready:
            ready.sendall(b"SSH-2.0-server\r\n")
            assert ready.recv(100) == b"SSH-2.0-client\r\n"
        out, _ = proxy.communicate(timeout=20)
        assert out == last_words * 2 + b"SSH-2.0-server\r\n" and proxy.returncode == 0


def test_a_server_that_never_greets_is_reported_as_none(deployer: Deployer, tmp_path: Path) -> None:
    report, impatient = (
        tmp_path / "report",
        "from generator.operations.sessions import ssh_proxy as p; p.PERSISTENCE = 0",
    )
    run = f"{impatient}; from generator.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    with socket.create_server(("127.0.0.1", 0)) as server:
        deployer.behind(p22=server.getsockname()[1])
        argv = [sys.executable, "-c", run, "ssh-proxy", deployer.instance, "--report", str(report)]
        proxy = subprocess.Popen(argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        server.accept()[0].close()
        _, err = proxy.communicate(timeout=20)
    assert proxy.returncode == 1 and "before an SSH server answered" in err and report.read_text() in err


def test_a_host_without_sshd_is_said(deployer: Deployer) -> None:
    deployer.behind(p22=sshd.free_port())
    done = deployer("ssh", f"{USER}@.", "true")
    assert done.code == 255 and "could not be established" in done.err


def test_a_user_nobody_may_be_is_refused_in_words(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        done = deployer("ssh", "root@.")
    assert done.code == 1 and "may not push an SSH key for root" in done.err and "ask the customer" in done.err


def test_another_port_than_22_is_reached_by_awss_document(deployer: Deployer) -> None:
    done = deployer("ssh", "-p", "2222", ".")
    assert done.code == 255 and "The SSH connection could not be established" in done.err, "nothing listens there"


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
