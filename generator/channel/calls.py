"""Calls that block, made from the event loop, and work that must be finished although the user is leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from generator.channel.session import SessionGrant, SessionService
from generator.errors import AwsError, DeployerError, NotFound

T = TypeVar("T")
PASSING = frozenset(
    {
        "InternalServerError",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "TargetNotConnected",  # an instance that boots
        "Throttling",
        "ThrottlingException",
    }
)


async def unhurried(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even when this task is cancelled meanwhile, then let the cancellation through."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        if not task.cancelled():
            task.exception()  # looked at, so that the loop does not report it as forgotten
        raise cancelled
    return task.result()


async def started(service: SessionService) -> SessionGrant:
    """Start a session; when cancelled in the middle of it, end the session that came of it."""
    task = asyncio.ensure_future(asyncio.to_thread(service.start))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await unhurried(_end_when_started(service, task))
        raise


async def _end_when_started(service: SessionService, task: asyncio.Future[SessionGrant]) -> None:
    try:
        grant = await task
        await asyncio.to_thread(service.terminate, grant.session_id)
    except (DeployerError, OSError):
        return  # it did not start, or its end was refused: the user is leaving either way


def is_refusal(error: Exception) -> bool:
    """Whether AWS said no, as against a disturbance that may pass."""
    if isinstance(error, AwsError):
        return bool(error.aws_code) and error.aws_code not in PASSING
    return isinstance(error, NotFound) or (isinstance(error, DeployerError) and error.code == "channel-refused")
