"""SSH to an instance: the OpenSSH server of this computer, one process a connection, as whoever runs the sandbox.

It listens nowhere: `sshd -i` speaks through a socket that only the sandbox has, and ends with it. It lets in that one
user, with a key that EC2 Instance Connect accepted. What is typed runs on this computer, in a folder of the instance's
own below the sandbox's, which is also HOME there; a banner says so.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shlex
import shutil
import socket
from asyncio import StreamReader, StreamWriter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.sandbox.ssm import targets
from generator.sandbox.state import home, write_file

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox
    from generator.sandbox.http_messages import Request, Response

PORT = "22"
PREFIX = "/_sandbox/ssh/"
_SYSTEM = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin")
_SFTP = ("/usr/lib/openssh", "/usr/lib/ssh", "/usr/libexec/openssh", "/usr/libexec", "/usr/local/libexec")
_PRIVILEGE_SEPARATION = Path("/run/sshd")  # must exist where root starts the server; else its service makes it
_SHADOW = Path("/etc/shadow")
_BANNER = "The sandbox's instances are not real hosts: this is {} on this computer, in {}\n"
_CONFIG = """\
HostKey "{own}/host_key"
AuthorizedKeysFile "{keys}/%u"
AllowUsers {login}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
X11Forwarding no
PrintMotd no
PrintLastLog no
Banner "{own}/banner"
Subsystem sftp {sftp}
ForceCommand /bin/sh {enter}
"""
_ENTER = """\
cd {files} || exit 1
export HOME={files}
[ -n "$SSH_ORIGINAL_COMMAND" ] || exec "$SHELL" -l
exec "$SHELL" -c "$SSH_ORIGINAL_COMMAND"
"""
_running: set[asyncio.Task[None]] = set()


@dataclass(frozen=True)
class Programs:
    """The server, and the one that it starts for file transfers."""

    sshd: str
    sftp_server: str


@dataclass(frozen=True)
class SshAnswer:
    """What answers to SSH on an instance: something registered, else this computer's server, for `login` alone.

    `shell`: whether something is registered in place of the imitated shell. `obstacle`: why the server would let nobody
    in, as the end of a sentence; "" where it would.
    """

    registered: bool
    server: bool
    login: str
    shell: bool
    obstacle: str = ""


def find_programs() -> Programs | None:
    """OpenSSH's server on this computer, which need not run; None when there is none."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_SYSTEM])
    sshd = shutil.which("sshd", path=path)
    beside = [str(Path(sshd).resolve().parent)] if sshd else []
    sftp = shutil.which("sftp-server", path=os.pathsep.join([*beside, *_SFTP]))
    return Programs(str(Path(sshd).absolute()), sftp) if sshd and sftp else None


def login() -> str:
    """The user that it lets in: the one who runs the sandbox. A number where this computer does not know them."""
    account = _account()
    return account.pw_name if account else str(os.geteuid())


def obstacle() -> str:
    """Why an OpenSSH server would refuse that user whatever the key, as the end of a sentence; "" where it would not.

    Source: sshd's `allowed_user`, and USER LOGIN in sshd(8): without PAM an account locked with `!` is refused.
    """
    account = _account()
    if account is None:
        return f"user {os.geteuid()}, who runs it, has no account here"
    shell = account.pw_shell or "/bin/sh"
    if Path(shell).name in ("nologin", "false") or not os.access(shell, os.X_OK):
        return f"{account.pw_name}, who runs it, has no shell to log in with ({shell})"
    if _locked(account.pw_name):
        return f"the account {account.pw_name}, which runs it, is locked"
    return ""


def _account() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(os.geteuid())
    except KeyError:
        return None


def _locked(name: str) -> bool:
    """Whether a password is locked, as far as this process may read that: a server that may not does not ask."""
    try:
        lines = _SHADOW.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith(f"{name}:!") for line in lines)


async def connect(instance_id: str) -> tuple[StreamReader, StreamWriter]:
    """A connection to the instance's SSH server. Raises ConnectionRefusedError where this computer has none."""
    programs = find_programs()
    if programs is None:
        raise ConnectionRefusedError(111, "the sandbox found no SSH server on this computer")
    if why := obstacle():
        raise ConnectionRefusedError(111, f"the SSH server of this computer lets nobody in: {why}")
    own = _prepared(instance_id, programs)
    ours, theirs = socket.socketpair()
    with theirs:
        words = ("-i", "-f", str(own / "sshd_config"), "-E", str(own / "log"))
        end = theirs.fileno()
        process = await asyncio.create_subprocess_exec(programs.sshd, *words, stdin=end, stdout=end)
    task = asyncio.create_task(_reap(process))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return await asyncio.open_connection(sock=ours)


async def _reap(process: asyncio.subprocess.Process) -> None:
    await process.wait()


def _prepared(instance_id: str, programs: Programs) -> Path:
    """The folder of an instance, with all that its server reads."""
    own = _hosts() / instance_id
    (own / "files").mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.geteuid() == 0:
        _PRIVILEGE_SEPARATION.mkdir(exist_ok=True, mode=0o755)
        _PRIVILEGE_SEPARATION.chmod(0o755)
    files, enter = shlex.quote(str(own / "files")), shlex.quote(str(own / "enter"))
    keys = str(home() / "keys" / instance_id).replace("%", "%%")
    settings = {"own": own, "keys": keys, "login": login(), "sftp": shlex.quote(programs.sftp_server), "enter": enter}
    write_file(own / "sshd_config", _CONFIG.format_map(settings))
    write_file(own / "enter", _ENTER.format(files=files))
    write_file(own / "banner", _BANNER.format(login(), own / "files"))
    if not (own / "host_key").exists():
        _make_host_key(own / "host_key")
    return own


def _make_host_key(file: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)


def _hosts() -> Path:
    return home() / "hosts"


def forget() -> None:
    """Remove the folders of all instances, with their host keys."""
    shutil.rmtree(_hosts(), ignore_errors=True)


def answer_of(instance_id: str) -> SshAnswer:
    """What answers to SSH on an instance."""
    registered, shell = (targets.local_port(instance_id, port) is not None for port in (PORT, targets.SHELL))
    why = obstacle()
    return SshAnswer(registered, find_programs() is not None and not why, login(), shell, why)


def install(sandbox: Sandbox) -> None:
    """Add the endpoint that says what answers to SSH, and let a reset remove the folders."""
    from generator.sandbox.asgi import Store
    from generator.sandbox.http_messages import Response

    async def answer(request: Request) -> Response | None:
        if request.method != "GET" or not request.path.startswith(PREFIX):
            return None
        return Response.json(asdict(answer_of(request.path.removeprefix(PREFIX))))

    def load(saved: object) -> None:
        if saved is None:
            forget()

    sandbox.layers.insert(0, answer)
    sandbox.stores["ssh"] = Store(dict, load)
