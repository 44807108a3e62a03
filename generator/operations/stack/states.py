"""What each state of a stack means for `up`, and the one safe next command. Pure."""

from __future__ import annotations

from generator.errors import DeployerError, StackBusy
from generator.model.stack import Stack


def require_updatable(stack: Stack) -> None:
    """Raise a DeployerError that names the state and the next step, unless an update may start now."""
    if stack.status.can_update or stack.status.only_planned:
        return
    if stack.status.in_progress:
        raise busy(stack)
    message, hint, code = _DEAD.get(stack.status, _OTHER)
    raise DeployerError(message.format(stack=stack), hint.format(stack=stack), code=code)


def busy(stack: Stack) -> StackBusy:
    """The error for a stack on which somebody else's operation is running."""
    return StackBusy(
        f"The stack {stack.name} is {stack.status}: another operation, not one of this command's, is running.",
        f"Follow it with: deployer events --follow --stack-name {stack.name}",
    )


_DEAD = {
    "ROLLBACK_COMPLETE": (
        (
            "The stack {stack.name} is ROLLBACK_COMPLETE: its creation failed and was undone, and such a stack cannot "
            "be updated."
        ),
        "See why with deployer events; then make it again with: deployer up --recreate --stack-name {stack.name}",
        "rollback-complete",
    ),
    "ROLLBACK_FAILED": (
        "The stack {stack.name} is ROLLBACK_FAILED: its creation failed and could not be undone whole.",
        "See what is left with deployer events; then remove it with: deployer down --stack-name {stack.name}",
        "rollback-failed",
    ),
    "CREATE_FAILED": (
        "The stack {stack.name} is CREATE_FAILED: its creation failed and was left as it was.",
        "See why with deployer events; then make it again with: deployer up --recreate --stack-name {stack.name}",
        "create-failed",
    ),
    "UPDATE_ROLLBACK_FAILED": (
        "The stack {stack.name} is UPDATE_ROLLBACK_FAILED: an update failed and could not be undone.",
        (
            "Mend what deployer events names; then take the rollback up again with: deployer up --continue-rollback "
            "--stack-name {stack.name}"
        ),
        "update-rollback-failed",
    ),
    "DELETE_FAILED": (
        "The stack {stack.name} is DELETE_FAILED: its deletion was begun and something would not go.",
        "See what with deployer events; then finish it with: deployer down --stack-name {stack.name}",
        "delete-failed",
    ),
}
_OTHER = (
    "The stack {stack.name} is {stack.status}, in which it cannot be updated.",
    "See its history with: deployer events --stack-name {stack.name}",
    "stack-state",
)
