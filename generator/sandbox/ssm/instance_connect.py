"""EC2 Instance Connect: SendSSHPublicKey, which MiniStack lacks.

AWS offers the key to the instance's SSH server for 60 seconds. Here the valid keys are in `<sandbox
home>/keys/<instance ID>/<user>`, one a line, where a test's sshd reads them (AuthorizedKeysFile).
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from dataclasses import dataclass

from generator.errors import DeployerError
from generator.sandbox.ec2 import instances
from generator.sandbox.ssm import nodes
from generator.sandbox.ssm.api_call import Call, Operation
from generator.sandbox.state import home, write_file

KEY_SECONDS = 60.0
_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) [A-Za-z0-9+/=]+( .*)?\s*")

_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")


@dataclass(frozen=True)
class PushedKey:
    """A public key pushed to an instance for one user, until `expires` (Unix seconds)."""

    instance_id: str
    user: str
    key: str
    expires: float


_keys: list[PushedKey] = []


def send_ssh_public_key(call: Call) -> dict[str, object]:
    """SendSSHPublicKey; refused like the service: InvalidArgsException, EC2InstanceNotFoundException and the like."""
    data = call.data
    instance_id, user = data["InstanceId"], data["InstanceOSUser"]
    call.allow("ec2-instance-connect:SendSSHPublicKey", nodes.arn_of(instance_id), {"ec2:osuser": user})
    if not _USER.fullmatch(user):
        raise DeployerError("InstanceOSUser is not a user name.", code="InvalidArgsException")
    if not _KEY.fullmatch(data["SSHPublicKey"]) or not 80 <= len(data["SSHPublicKey"]) <= 4096:
        raise DeployerError("The SSH public key is not valid.", code="InvalidArgsException")
    state = instances.state_of(instance_id)
    if not state:
        raise DeployerError(f"Instance {instance_id} not found.", code="EC2InstanceNotFoundException")
    if state != "running":
        raise DeployerError(f"Instance {instance_id} is {state}.", code="EC2InstanceStateInvalidException")
    _keys.append(PushedKey(instance_id, user, data["SSHPublicKey"].strip(), time.time() + KEY_SECONDS))
    publish(instance_id, user)
    asyncio.get_running_loop().call_later(KEY_SECONDS + 0.1, publish, instance_id, user)
    return {"RequestId": str(uuid.uuid4()), "Success": True}


def publish(instance_id: str, user: str) -> None:
    """Write the user's valid keys; an empty file when none is left."""
    _keys[:] = [key for key in _keys if key.expires > time.time()]
    file = home() / "keys" / instance_id / user
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    valid = (key.key for key in _keys if (key.instance_id, key.user) == (instance_id, user))
    write_file(file, "".join(f"{key}\n" for key in valid))  # at its expiry another key may just be used


OPERATIONS: dict[str, Operation] = {"SendSSHPublicKey": send_ssh_public_key}
