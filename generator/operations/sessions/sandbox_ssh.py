"""SSH in the sandbox, whose instances are no hosts: it uses the SSH server of this computer, where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from generator.errors import DeployerError, NotFound, UsageError
from generator.gateway.aws import Gateway
from generator.sandbox import lifecycle

INSTALL = "Install OpenSSH's server, which need not run (Debian, Ubuntu: apt install openssh-server), and run it again."
ANOTHER_USER = "Run the sandbox as a user who can log in here. A shell in its place: deployer connect"
BY_SSH = "The sandbox imitates its shell: copy over SSH, without --via session."


@dataclass(frozen=True)
class SandboxSsh:
    """What answers to SSH on an instance of the sandbox: something `registered`, else this computer's `server`, which
    lets in `login` alone. `shell`: whether a real shell is registered too. `obstacle`: why that server would let nobody
    in."""

    registered: bool
    server: bool
    login: str
    shell: bool
    obstacle: str = ""


def look(gateway: Gateway, instance_id: str) -> SandboxSsh | None:
    """What answers to SSH in the sandbox; None in AWS, and where the sandbox does not say."""
    if not gateway.only_sandbox:
        return None
    answer = lifecycle.ssh_answer(instance_id)
    known = SandboxSsh.__annotations__.keys()
    asked = answer.keys() | {"obstacle"}  # of an older sandbox, which does not say it
    return SandboxSsh(**answer) if asked == known else None  # type: ignore[arg-type]


def lacking(here: SandboxSsh | None) -> DeployerError | None:
    """That this computer has no SSH server for the sandbox, or one that lets nobody in, where that is so."""
    if here is None or here.registered or here.server:
        return None
    if here.obstacle:
        sentence = f"SSH in the sandbox is a login on this computer, and {here.obstacle}."
        return NotFound(sentence, ANOTHER_USER, code="ssh-account")
    return NotFound("The sandbox uses this computer's SSH server, and there is none.", INSTALL, code="ssh-missing")


def require_login(here: SandboxSsh | None, user: str) -> None:
    """Return if the sandbox lets `user` in. Raises UsageError for anybody but the one who runs it."""
    if here and here.server and not here.registered and user != here.login:
        raise UsageError(
            f"SSH in the sandbox is a login on this computer, which it gives to {here.login} alone, not to {user}.",
            f"Leave {user}@ out.",
            code="login",
        )


def require(here: SandboxSsh | None, user: str) -> None:
    """Return if `user` can be let in. Raises as `require_login`, and NotFound without a server."""
    if error := lacking(here):
        raise error
    require_login(here, user)
