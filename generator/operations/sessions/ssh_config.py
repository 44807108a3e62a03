"""ssh-config: a block after which ssh itself reaches an instance, and the key that each connection finds ready."""

from __future__ import annotations

from dataclasses import dataclass

from generator.gateway.aws import Gateway
from generator.host import shared_key
from generator.host import ssh as openssh
from generator.host.this_program import own_command
from generator.model.connect import SessionCaller
from generator.model.deployment import Deployment
from generator.operations.sessions.ssh import COMMENT, SshRoute, common_options, plan_ssh, proxy_argv, push


@dataclass(frozen=True)
class SshConfig:
    """Lines for ~/.ssh/config, and the instance they lead to."""

    target: str
    lines: list[str]


def ssh_config(
    gateway: Gateway, target: str, user: str, alias: str, caller: SessionCaller, document: str = ""
) -> SshConfig:
    """The block after which ssh reaches the instance by `alias`, by default `target` or else the stack's name.

    Raises what `plan_ssh` raises.
    """
    route = plan_ssh(gateway, target, user, 22, "", caller.choose, document)
    lines = config_block(gateway.deployment, route, alias or target or gateway.deployment.stack_name)
    return SshConfig(route.target.instance_id, lines)


def claim_key(gateway: Gateway, instance_id: str, user: str) -> None:
    """Have a key ready and accepted for a connection of the ssh process that started this one; nothing if it is gone.

    Raises UsageError for what is no login, and what `push` raises.
    """
    key = shared_key.shared_key(instance_id, user)
    if owner := shared_key.ssh_above():
        key.claim(owner, lambda public_key: push(gateway, instance_id, user, public_key), COMMENT)
        shared_key.start_janitor(key)


def config_block(deployment: Deployment, route: SshRoute, alias: str) -> list[str]:
    """Lines for ~/.ssh/config after which ssh, scp, sftp, rsync and editors reach the instance by `alias`.

    The shell that ssh starts becomes the command (`exec`), so that ssh is the process above it and its claim on the key
    is ssh's.
    """
    instance_id = route.target.instance_id
    proxy = proxy_argv(deployment, route.request)
    ready = own_command("ssh-key", instance_id, *common_options(deployment))
    settings = {
        "HostName": instance_id,
        "User": route.user,
        "ProxyCommand": f"{openssh.proxy_command(proxy)} --key-user '%r'",
        "IdentityFile": shared_key.identity_file(instance_id),
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        **openssh.host_key_options(instance_id),
    }
    return [
        f"# {alias}: {_one_line(route.target.label)} over Session Manager, with a key made for each connection",
        f"Host {alias}",
        *(f"  {name} {value}" for name, value in settings.items()),
        f"Match originalhost {alias} exec \"exec {openssh.proxy_command(ready)} --os-user '%r'\"",
    ]


def _one_line(text: str) -> str:
    """A tag's value may have line ends, and a line of ssh's configuration may name a program."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
