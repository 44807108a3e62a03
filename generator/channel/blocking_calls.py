"""Blocking calls made from the event loop, and work that must finish although the user wants to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from generator.channel.session import SessionGrant, SessionService
from generator.errors import AwsError, DeployerError, NotFound

T = TypeVar("T")
TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "TargetNotConnected",  # an instance that is still booting
        "Throttling",
        "ThrottlingException",
    }
)


async def uncancelled(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even when this task is cancelled meanwhile; raise the cancellation afterwards."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        if not task.cancelled():
            task.exception()  # retrieved, so that the loop does not report it as never retrieved
        raise cancelled
    return task.result()


async def start_session(service: SessionService) -> SessionGrant:
    """Start a session; when cancelled meanwhile, terminate the session that was started."""
    task = asyncio.ensure_future(asyncio.to_thread(service.start))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await uncancelled(_end_when_started(service, task))
        raise


async def _end_when_started(service: SessionService, task: asyncio.Future[SessionGrant]) -> None:
    try:
        grant = await task
        await asyncio.to_thread(service.terminate, grant.session_id)
    except (DeployerError, OSError):
        return  # it did not start, or ending it was refused: the user stops either way


def is_refusal(error: Exception) -> bool:
    """Whether AWS refused, rather than failed in a way that may pass."""
    if isinstance(error, AwsError):
        return bool(error.aws_code) and error.aws_code not in TRANSIENT_CODES
    return isinstance(error, NotFound) or (isinstance(error, DeployerError) and error.code == "channel-refused")
