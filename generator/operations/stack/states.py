"""What each state of a stack means for `up`, and the one safe next command. Pure."""

from __future__ import annotations

from generator.errors import DeployerError, StackBusy
from generator.model.command_line import CommandLine
from generator.model.stack import Stack


def require_updatable(stack: Stack, commands: CommandLine, *, disable_rollback: bool = False) -> None:
    """Raise a DeployerError that names the state and the next step, unless an update may start now.

    After an update that failed and was not rolled back, AWS takes another only with `disable_rollback` too.
    """
    if stack.status.can_update or stack.status.only_planned:
        return
    if disable_rollback and stack.status == "UPDATE_FAILED":
        return
    if stack.status.in_progress:
        raise busy(stack, commands)
    message, hint, code = _DEAD.get(stack.status, _OTHER)
    raise DeployerError(message.format(stack=stack), _hint(hint, commands), code=code)


def require_created(stack: Stack, commands: CommandLine) -> None:
    """Raise a DeployerError for a stack that was planned and never created: there is nothing in it to upgrade."""
    if stack.status.only_planned:
        create, remove = commands.deployer("up"), commands.deployer("down")
        raise DeployerError(
            f"The stack {stack.name} is {stack.status}: it was planned, not created; there is nothing to upgrade.",
            f"Create it with: {create}\nOr remove what the planning left with: {remove}",
            code="not-created",
        )


def busy(stack: Stack, commands: CommandLine) -> StackBusy:
    """The error for a stack on which somebody else's operation is running."""
    return StackBusy(
        f"The stack {stack.name} is {stack.status}: another operation is running, and this command did not start it.",
        f"Follow it with: {commands.deployer('events', '--follow')}",
    )


def _hint(text: str, commands: CommandLine) -> str:
    return text.format(
        events=commands.deployer("events"),
        recreate=commands.deployer("up", "--recreate"),
        continue_rollback=commands.deployer("up", "--continue-rollback"),
        retry=commands.deployer("up", "--disable-rollback"),
        down=commands.deployer("down"),
    )


_DEAD = {
    "ROLLBACK_COMPLETE": (
        (
            "The stack {stack.name} is ROLLBACK_COMPLETE: its creation failed and was rolled back, and such a stack "
            "cannot be updated."
        ),
        "See why with: {events}\nThen create it again with: {recreate}",
        "rollback-complete",
    ),
    "ROLLBACK_FAILED": (
        "The stack {stack.name} is ROLLBACK_FAILED: its creation failed, and the rollback failed too.",
        "See what is left with: {events}\nThen create it again with: {recreate}\nOr remove it with: {down}",
        "rollback-failed",
    ),
    "CREATE_FAILED": (
        "The stack {stack.name} is CREATE_FAILED: its creation failed, and it was not rolled back.",
        "See why with: {events}\nThen create it again with: {recreate}",
        "create-failed",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "The stack {stack.name} is UPDATE_ROLLBACK_FAILED: an update failed, and its rollback failed too.",
        (
            "Fix what this shows: {events}\nThen resume the rollback with: {continue_rollback}\n"
            "A resource that cannot be repaired is left as it is with --skip LOGICAL_ID."
        ),
        "update-rollback-failed",
    ),
    "UPDATE_FAILED": (
        "The stack {stack.name} is UPDATE_FAILED: an update failed and was not rolled back (--disable-rollback).",
        (
            "See why with: {events}\nThen roll it back with: {continue_rollback}\n"
            "Or give it other values: {retry} with these"
        ),
        "update-failed",
    ),
    "IMPORT_ROLLBACK_FAILED": (
        "The stack {stack.name} is IMPORT_ROLLBACK_FAILED: an import failed, and its rollback failed too.",
        (
            "See what is left with: {events}\nAWS takes no update in this state: ask AWS Support, "
            "or delete the stack: {down}"
        ),
        "import-rollback-failed",
    ),
    "DELETE_FAILED": (
        "The stack {stack.name} is DELETE_FAILED: its deletion failed on some resource.",
        "See which with: {events}\nThen delete it again with: {down}",
        "delete-failed",
    ),
}
_OTHER = (
    "The stack {stack.name} is {stack.status}, in which it cannot be updated.",
    "See its history with: {events}",
    "stack-state",
)
