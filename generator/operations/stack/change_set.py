"""A change set from its making to its end: waited for, and thrown away when it is not wanted or something fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from generator.errors import AwsError, DeployerError
from generator.gateway.aws import Gateway
from generator.model import parameter_options
from generator.model.change_set import ChangeSet, ChangeSetRequest
from generator.model.up import UpPlan
from generator.operations import polling
from generator.operations.clock import SYSTEM, Clock

CHANGE_SET_SECONDS = 900.0
"""How long CloudFormation may take to work a change set out; it takes seconds."""
DROP_SECONDS = 20.0
"""How long a change set that is still being worked out, which AWS does not delete, is waited for to delete it."""


def wait_for_change_set(gateway: Gateway, change_set_id: str, clock: Clock = SYSTEM) -> ChangeSet:
    """Wait until CloudFormation has worked the change set out. Raises DeployerError when it could not do so in time."""

    def look() -> ChangeSet:
        return gateway.cloudformation.describe_change_set(change_set_id)

    for change_set in polling.looks(gateway, look, CHANGE_SET_SECONDS, clock):
        if not change_set.pending:
            return _worked_out(change_set)
    raise DeployerError(
        f"CloudFormation did not finish the change set within {CHANGE_SET_SECONDS / 60:.0f} minutes, "
        "so nothing was changed.",
        "Run it again; if it stays like this, see https://health.aws.amazon.com",
        code="change-set-timeout",
    )


def _worked_out(change_set: ChangeSet) -> ChangeSet:
    """The change set, unless it failed otherwise than by being empty. Raises DeployerError."""
    if change_set.status == "FAILED" and not change_set.empty:
        reason = change_set.status_reason.rstrip(".")
        wrong = re.search(r"for parameter name (\w+)", reason)
        another = parameter_options.another_value(wrong.group(1)) if wrong else ""
        raise DeployerError(
            f"CloudFormation could not create the change set, so nothing was changed: {reason}.",
            another or "Check the values given, and the template with: deployer lint",
            code="change-set-failed",
        )
    return change_set


def create(gateway: Gateway, wanted: ChangeSetRequest, made_for_it: str) -> str:
    """Make a change set; return its ARN. Where no answer comes, whatever was made of it is deleted by its name."""
    try:
        return gateway.cloudformation.create_change_set(wanted)
    except (DeployerError, KeyboardInterrupt) as error:
        if isinstance(error, KeyboardInterrupt) or error.transient:
            _drop_unanswered(gateway, wanted, made_for_it)
        raise


def _drop_unanswered(gateway: Gateway, wanted: ChangeSetRequest, made_for_it: str) -> None:
    """Delete a change set that may exist, and the stack (name or "") that would exist only for it."""
    with suppress(DeployerError):
        polling.patiently(gateway, lambda: gateway.cloudformation.delete_change_set(wanted.name, wanted.stack_name))
        if made_for_it and gateway.cloudformation.describe_stack(made_for_it).status.only_planned:
            gateway.cloudformation.delete_stack(made_for_it, wanted.name)


def discard(gateway: Gateway, plan: UpPlan) -> None:
    """Throw a plan away: its change set, and the empty stack that planning a creation leaves in REVIEW_IN_PROGRESS."""
    with discarded_on_error(gateway, plan):  # once more, when this is interrupted
        if plan.change_set is not None:
            _drop(gateway, plan.change_set.change_set_id, _made_for(plan), plan.token)


def _made_for(plan: UpPlan) -> str:
    """The stack that is there only for this plan; "" where it stood before."""
    return plan.stack_id if plan.made_stack else ""


@contextmanager
def discarded_on_error(gateway: Gateway, plan: UpPlan) -> Iterator[None]:
    """Throw the plan away when what is done within fails or is interrupted: nothing of it stays behind."""
    change_set_id = plan.change_set.change_set_id if plan.change_set else ""
    with dropped_on_error(gateway, change_set_id, _made_for(plan), plan.token):
        yield


@contextmanager
def dropped_on_error(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> Iterator[None]:
    """The same for a change set by its id ("" for none), and the stack (id, name or "") that exists only for it."""
    try:
        yield
    except (DeployerError, KeyboardInterrupt) as error:
        if not change_set_id or _drop_quietly(gateway, change_set_id, made_for_it, token):
            raise
        if not isinstance(error, DeployerError):
            raise
        raise error.explained(also=_what_is_left(gateway, change_set_id, made_for_it)) from error


def _drop_quietly(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> bool:
    """The same as `_drop`; False instead of an error."""
    with suppress(DeployerError):
        _drop(gateway, change_set_id, made_for_it, token)
        return True
    return False


def _what_is_left(gateway: Gateway, change_set_id: str, made_for_it: str) -> str:
    """How to remove what could not be removed here."""
    whole, alone = ("delete-stack", "--stack-name"), ("delete-change-set", "--change-set-name")
    words = (*whole, made_for_it) if made_for_it else (*alone, change_set_id)
    return f"Its change set could not be deleted; delete it with: {gateway.commands.aws('cloudformation', *words)}"


def _drop(gateway: Gateway, change_set_id: str, made_for_it: str, token: str) -> None:
    """Delete a change set, and the stack (id or name, "" for none) that is there only for it."""
    _delete(gateway, change_set_id)
    if made_for_it:
        gateway.cloudformation.delete_stack(made_for_it, token)


def _delete(gateway: Gateway, change_set_id: str, clock: Clock = SYSTEM) -> None:
    """Delete a change set. AWS refuses while it is working it out (API reference: DeleteChangeSet): wait for that."""
    refused: list[AwsError] = []

    def deleted() -> bool:
        try:
            gateway.cloudformation.delete_change_set(change_set_id)
        except AwsError as error:
            if error.aws_code != "InvalidChangeSetStatus":
                raise
            refused.append(error)
            return False
        return True

    if not any(polling.looks(gateway, deleted, DROP_SECONDS, clock)):
        raise refused[-1]
