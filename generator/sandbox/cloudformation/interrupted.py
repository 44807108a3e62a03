"""Stack operations that were interrupted because the sandbox ended: they are reported as failed.

AWS has no such case. After a failed creation a stack can be deleted and after a failed update it can be rolled back
(the states *_FAILED); without this it would be in progress for ever.
"""

from __future__ import annotations

from ministack.services.cloudformation import _stacks

from generator.sandbox.asgi import Sandbox

REASON = "The sandbox stopped while this operation was running."
FAILED = {
    "CREATE": "CREATE_FAILED",
    "UPDATE": "UPDATE_FAILED",
    "DELETE": "DELETE_FAILED",
    "ROLLBACK": "ROLLBACK_FAILED",
}


def install(sandbox: Sandbox) -> None:
    """Check the stacks once the state is loaded."""

    async def fail_interrupted() -> None:
        for stack in _stacks.all_values():
            status = str(stack["StackStatus"])
            if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
                stack["StackStatus"] = _failed_status(status)
                stack["StackStatusReason"] = REASON

    sandbox.startup.append(fail_interrupted)


def _failed_status(status: str) -> str:
    if "CLEANUP" in status:
        return status.removesuffix("_CLEANUP_IN_PROGRESS")
    if status == "UPDATE_ROLLBACK_IN_PROGRESS":
        return "UPDATE_ROLLBACK_FAILED"
    return FAILED.get(status.partition("_")[0], "UPDATE_FAILED")
