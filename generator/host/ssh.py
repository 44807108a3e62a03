"""OpenSSH on this computer: keys that live for one connection, the host keys that were seen, options."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from generator import directories
from generator.errors import DeployerError

KEY_SECONDS = 120  # how long an agent keeps the key: AWS takes it for 60 seconds
AGENT_START = 5.0  # seconds
VALUED = frozenset("BbcDEeFIiJLlmOoPpQRSWw")  # ssh's options that take a value (ssh(1), synopsis)


@dataclass(frozen=True)
class SshWords:
    """What was typed after `ssh`: options, a destination, a command. `user` and `port` are those it names."""

    options: tuple[str, ...]
    destination: str
    command: tuple[str, ...]
    user: str = ""
    port: int = 22


@dataclass(frozen=True)
class Identity:
    """A key for one connection: its public half, and the options that make OpenSSH use it and no other."""

    public_key: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Pair:
    """An ed25519 key in OpenSSH's own forms."""

    public_key: str
    private_key: bytes = field(repr=False)


def read_words(words: Sequence[str]) -> SshWords:
    """Read ssh's own command line. Options may stand before and after the destination, as ssh allows."""
    options, rest = _options(list(words))
    destination = rest.pop(0) if rest else ""
    more, command = _options(rest)
    options += more
    user, _, host = destination.rpartition("@")
    return SshWords(
        tuple(_without(options, "lp")),
        host,
        tuple(command),
        _value(options, "l") or user,
        int(_value(options, "p") or 22),
    )


def _options(words: list[str]) -> tuple[list[str], list[str]]:
    taken = 0
    while taken < len(words) and words[taken].startswith("-") and words[taken] != "--":
        letters = words[taken][1:]
        valued = next((n for n, letter in enumerate(letters) if letter in VALUED), None)
        taken += 2 if valued == len(letters) - 1 else 1
    return words[:taken], words[taken + 1 :] if words[taken : taken + 1] == ["--"] else words[taken:]


def _value(options: Sequence[str], letter: str) -> str:
    for option, following in itertools.pairwise([*options, ""]):
        if option.startswith(f"-{letter}"):
            return option[2:] or following
    return ""


def _without(options: Sequence[str], letters: str) -> Iterator[str]:
    skip = False
    for option in options:
        if skip:
            skip = False
        elif option[:1] == "-" and option[1:2] in letters and option[1:2]:
            skip = len(option) == 2
        else:
            yield option


def require(program: str) -> str:
    """The path of an OpenSSH program. Raises DeployerError with how to install it."""
    path = shutil.which(program)
    if path is None:
        raise DeployerError(
            f"There is no {program} on this computer.",
            "Install OpenSSH's client (Debian: apt-get install openssh-client).",
            code="ssh-missing",
        )
    return path


def make_pair(comment: str) -> Pair:
    """A new ed25519 key, in memory only."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return Pair(f"{public} {comment}", key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))


@contextmanager
def identity(comment: str) -> Iterator[Identity]:
    """A key for the block: in an ssh-agent of its own, or on disk (0600, in a private directory) if there is
    none. It is removed after the block."""
    pair = make_pair(comment)
    with _private_directory() as directory:
        public = directory / "key.pub"
        public.write_text(pair.public_key + "\n", encoding="utf-8")
        public.chmod(0o600)
        with _agent(directory, pair) as socket:
            if socket:
                yield Identity(pair.public_key, _use(config_path(socket), public))
            else:
                yield Identity(pair.public_key, _use("none", write_private(directory / "key", pair)))


def write_private(path: Path, pair: Pair) -> Path:
    """Write the private half to a new file, with mode 0600 from the start."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(pair.private_key)
    return path


def _use(agent: str, key: Path) -> tuple[str, ...]:
    return ("-o", f"IdentityAgent={agent}", "-o", "IdentitiesOnly=yes", "-o", f"IdentityFile={config_path(key)}")


@contextmanager
def _private_directory() -> Iterator[Path]:
    """A directory of mode 0700, in memory if the system has such a place for this user."""
    with tempfile.TemporaryDirectory(prefix="deployer-ssh-", dir=os.environ.get("XDG_RUNTIME_DIR") or None) as name:
        yield Path(name)


@contextmanager
def _agent(directory: Path, pair: Pair) -> Iterator[Path | None]:
    """The socket of an ssh-agent with the key, ended with the block; None if there is no agent."""
    if not (shutil.which("ssh-agent") and shutil.which("ssh-add")):
        yield None
        return
    socket = directory / "agent"
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a typed interrupt is not for it
    )
    try:
        yield socket if _add_key(agent, socket, pair) else None
    finally:
        agent.terminate()
        agent.wait(AGENT_START)


def _add_key(agent: subprocess.Popen[bytes], socket: Path, pair: Pair) -> bool:
    env = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
    for _ in range(int(AGENT_START / 0.05)):
        if agent.poll() is not None:
            return False
        if socket.exists():
            add = ["ssh-add", "-q", "-t", str(KEY_SECONDS), "-"]
            return (
                subprocess.run(add, input=pair.private_key, env=env, capture_output=True, check=False).returncode == 0
            )
        with suppress(subprocess.TimeoutExpired):
            agent.wait(0.05)
    return False


def state_directory() -> Path:
    """Where host keys are stored, and for a short time keys for `ssh-config`: private to this user."""
    return directories.private_state("ssh")


def host_key_options(instance_id: str) -> dict[str, str]:
    """Options that store host keys by instance ID: a new instance is accepted, a changed key is refused."""
    return {
        "HostKeyAlias": instance_id,
        "UserKnownHostsFile": config_path(state_directory() / "known_hosts"),
        "GlobalKnownHostsFile": "none",
        "StrictHostKeyChecking": "accept-new",
        "UpdateHostKeys": "no",
    }


def config_path(path: Path) -> str:
    """A path as ssh's configuration takes it: spaces are part of it, and percent signs begin no token."""
    return f'"{path}"'.replace("%", "%%")


def proxy_command(argv: Sequence[str]) -> str:
    """A command line as ssh's ProxyCommand takes it: for the shell, with ssh's own percent signs doubled."""
    return shlex.join(argv).replace("%", "%%")
