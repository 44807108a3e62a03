"""Ends a session when the caller's access ends: AWS does not, so access is checked while the session lasts.

"After a session is established, it is not affected by IAM role session duration" (Session Manager user guide), nor by
a policy's end. GetConnectionStatus is refused from the same moment as StartSession; once it is, access is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway

T = TypeVar("T")
INTERVAL = 60.0  # seconds between two looks


async def while_access_lasts(gateway: Gateway, instance_id: str, work: Awaitable[T]) -> T:
    """Return what the work returns; cancel it and raise `access-ended` when GetConnectionStatus is refused.

    A caller who never had that permission is not checked, and no other failure of the call counts.
    """
    doing = asyncio.ensure_future(work)
    watching = asyncio.create_task(_until_refused(gateway, instance_id))
    try:
        await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
    finally:
        for task in (doing, watching):
            task.cancel()
        await asyncio.gather(doing, watching, return_exceptions=True)
    raise DeployerError(
        f"Your access to {instance_id} has ended, so the session was closed.",
        "Ask the customer for another grant: deployer access grant --principal ARN --for 8h",
        code="access-ended",
    )


async def _until_refused(gateway: Gateway, instance_id: str) -> None:
    """Return when a call that succeeded before is refused; never for a caller who was always refused."""
    answered = False
    while True:
        refused = await asyncio.to_thread(_refused, gateway, instance_id)
        if refused and answered:
            return
        if refused:
            await asyncio.Event().wait()
        answered = True
        await asyncio.sleep(INTERVAL)


def _refused(gateway: Gateway, instance_id: str) -> bool:
    try:
        gateway.ssm.connection_status(instance_id)
    except AwsError as error:
        return error.denied
    except DeployerError:
        return False  # the network: the channel itself knows better
    return False
