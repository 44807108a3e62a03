"""The files of the sandbox on this computer, and the environment that points a client to it and to nothing else."""

from __future__ import annotations

import json
import os
import shlex
import stat
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from generator import directories
from generator.errors import DeployerError
from generator.model.search_path import drop_relative_entries
from generator.sandbox.root_keys import control_token, root_key

CUSTOMER_ACCOUNT = "111122223333"
VENDOR_ACCOUNT = "444455556666"
VENDOR_ROLE = "deepsql-support"
STRANGER_ROLE = "another-team"
REGION = "us-east-1"
DATABASE_AUTHORITIES = "database-ca.pem"
HOME_VARIABLE = "DEPLOYER_SANDBOX_HOME"
CONFIG = f"""\
[default]
region = {REGION}
s3 =
  addressing_style = path

[profile vendor]
region = {REGION}
role_arn = arn:aws:iam::{VENDOR_ACCOUNT}:role/{VENDOR_ROLE}
role_session_name = operator
source_profile = vendor-account

[profile stranger]
region = {REGION}
role_arn = arn:aws:iam::{VENDOR_ACCOUNT}:role/{STRANGER_ROLE}
role_session_name = operator
source_profile = vendor-account
"""
FILES = ("server.json", "aws-config", "aws-credentials", "curl", DATABASE_AUTHORITIES)


@dataclass(frozen=True)
class SandboxState:
    """A running sandbox: its process, its port on 127.0.0.1, and the secret that its root keys are derived from."""

    pid: int
    port: int
    home: str
    secret: str = field(repr=False)

    @property
    def endpoint(self) -> str:
        """The value of AWS_ENDPOINT_URL."""
        return f"http://127.0.0.1:{self.port}"


def home() -> Path:
    """The directory of the sandbox's files: $DEPLOYER_SANDBOX_HOME, else one in the user's state directory."""
    if chosen := os.environ.get(HOME_VARIABLE):
        return Path(chosen).absolute()
    return directories.state() / "sandbox"


def make_home() -> Path:
    """The directory of `home`, created with mode 0700. Raises DeployerError if other users can write to it."""
    directory = home()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    status = directory.stat()
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DeployerError(
            f"Other users can write to {directory}, where the sandbox stores its keys.",
            f"chmod 700 {shlex.quote(str(directory))} (if it is yours), or choose another: {HOME_VARIABLE}=FOLDER",
            code="sandbox-folder-open",
        )
    return directory


def write(state: SandboxState) -> None:
    """Record the running sandbox (mode 0600, replaced atomically), and write the files that `environment` names."""
    directory = Path(state.home)
    write_file(directory / "aws-config", CONFIG)
    write_file(directory / "aws-credentials", _credentials(state.secret))
    write_file(directory / "curl", f'header = "Authorization: Bearer {control_token(state.secret)}"\n')
    write_file(directory / "server.json", json.dumps(asdict(state)))


def read(directory: Path) -> SandboxState | None:
    """The sandbox that this user's process recorded last, which may have ended since; None when there is none."""
    try:
        with (directory / "server.json").open(encoding="utf-8") as file:
            ours = os.fstat(file.fileno()).st_uid == os.geteuid()
            return SandboxState(**json.load(file)) if ours else None
    except (OSError, ValueError, TypeError):
        return None


def forget(directory: Path) -> None:
    """Remove the files of a sandbox that ended, its keys included."""
    for name in FILES:
        (directory / name).unlink(missing_ok=True)


def environment(
    state: SandboxState, account: str = CUSTOMER_ACCOUNT, env: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The variables that make the aws CLI, boto3 and this tool use the sandbox as root of `account` (12 digits).

    They are set, never unset, so that `export` lines are enough. AWS_PROFILE names the default profile of a config file
    of the sandbox's own (an empty AWS_PROFILE is an error to botocore), and a per-service endpoint of the caller's
    (AWS_ENDPOINT_URL_S3 …), which would win over AWS_ENDPOINT_URL, is pointed here too.
    """
    directory, key = Path(state.home), root_key(state.secret, account)
    no_proxy = [host for host in (env.get("NO_PROXY") or env.get("no_proxy") or "").split(",") if host]
    loopback = ",".join(dict.fromkeys([*no_proxy, "127.0.0.1", "localhost"]))
    services = {name: state.endpoint for name in env if name.startswith("AWS_ENDPOINT_URL_")}
    return {
        "AWS_ENDPOINT_URL": state.endpoint,
        **services,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_PROFILE": "default",
        "DEPLOYER_CA_BUNDLE": str(directory / DATABASE_AUTHORITIES),
        "AWS_CONFIG_FILE": str(directory / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(directory / "aws-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "NO_PROXY": loopback,
        "no_proxy": loopback,
    }


def set_here(env: Mapping[str, str] = os.environ) -> list[str]:
    """The variables of `environment` that a shell has from it, running or stopped; [] in a shell that has none of them.

    NO_PROXY is not among them: what was in it before is still in it, and is no longer known apart.
    """
    if env.get("AWS_CONFIG_FILE") != str(home() / "aws-config"):
        return []
    nowhere = SandboxState(0, 0, str(home()), "")
    return [name for name in environment(nowhere, env=env) if name in env and name.lower() != "no_proxy"]


def without_aws(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without AWS settings and proxies, so that no credential of the user reaches the sandbox.

    Functions inherit the sandbox's environment, where a profile or endpoint of the user's would mislead them, as
    would a search path with the current folder.
    """
    remaining = {k: v for k, v in env.items() if not k.startswith("AWS_") and not k.lower().endswith("_proxy")}
    drop_relative_entries(remaining)
    return remaining


def _credentials(secret: str) -> str:
    """The credentials file: root of each account under the name that the config file has for it.

    The variables win over `default` in a shell; a profile that is named on the command line wins over the variables.
    """
    keys = {"default": root_key(secret, CUSTOMER_ACCOUNT), "vendor-account": root_key(secret, VENDOR_ACCOUNT)}
    return "\n".join(
        f"[{name}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
        for name, key in keys.items()
    )


def write_file(path: Path, text: str) -> None:
    """Write a file whole (mode 0600): a program that reads it meanwhile has the one before."""
    draft = path.with_suffix(".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
