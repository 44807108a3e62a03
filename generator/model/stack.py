"""A CloudFormation stack as AWS describes it: status, parameters, outputs, resources, events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from generator.model.arn import Arn

# DescribeStacks answers this in place of a NoEcho value (four or five asterisks have both been seen).
MASK = "****"


class StackStatus(str):
    """A StackStatus or ResourceStatus string that can be asked about itself.

    Unknown values stay usable: AWS adds statuses, and a new one must not end a deployment.
    Source: CloudFormation API reference, Stack.StackStatus.
    """

    @property
    def in_progress(self) -> bool:
        """An operation is running (REVIEW_IN_PROGRESS is a stack that was only planned: nothing runs)."""
        return self.endswith("_IN_PROGRESS") and self != "REVIEW_IN_PROGRESS"

    @property
    def only_planned(self) -> bool:
        """The stack has a change set but was never created."""
        return self == "REVIEW_IN_PROGRESS"

    @property
    def failed(self) -> bool:
        """The last operation did not do what it was asked, whether or not it was rolled back."""
        return self.endswith("_FAILED") or "ROLLBACK" in self

    @property
    def succeeded(self) -> bool:
        """The last operation did what it was asked."""
        return self in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")

    @property
    def can_update(self) -> bool:
        """A new change set of type UPDATE may be executed on a stack in this state."""
        return self in (
            "CREATE_COMPLETE",
            "UPDATE_COMPLETE",
            "UPDATE_ROLLBACK_COMPLETE",
            "IMPORT_COMPLETE",
            "IMPORT_ROLLBACK_COMPLETE",
        )

    @property
    def deleted(self) -> bool:
        """The stack or resource no longer exists."""
        return self == "DELETE_COMPLETE"


@dataclass(frozen=True)
class Stack:
    """A stack as DescribeStacks returns it. NoEcho parameter values arrive masked and are never sent back."""

    name: str
    stack_id: str
    status: StackStatus
    status_reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    termination_protection: bool = False
    role_arn: str | None = None
    notification_arns: tuple[str, ...] = ()
    created: datetime | None = None
    updated: datetime | None = None

    @property
    def arn(self) -> Arn:
        """The stack's ARN, which is its id."""
        return Arn.parse(self.stack_id)

    @property
    def region(self) -> str:
        """The Region in the stack's ARN."""
        return self.arn.region

    @property
    def account(self) -> str:
        """The account in the stack's ARN."""
        return self.arn.account

    @property
    def partition(self) -> str:
        """The partition in the stack's ARN: aws, aws-us-gov or aws-cn."""
        return self.arn.partition

    def value(self, name: str) -> str:
        """An output of this name, else the parameter; "" without either.

        Our own stack has the database as parameters, one that made its own database as outputs.
        """
        return self.outputs.get(name, "") or self.parameters.get(name, "")

    def masks(self, key: str) -> bool:
        """Whether the value of this parameter is hidden (NoEcho)."""
        return self.parameters.get(key, "").startswith(MASK)


@dataclass(frozen=True)
class StackResource:
    """One resource of a stack, as ListStackResources summarises it."""

    logical_id: str
    physical_id: str
    resource_type: str
    status: StackStatus
    status_reason: str = ""


@dataclass(frozen=True)
class StackEvent:
    """One line of the stack's history. `token` is the ClientRequestToken of the operation it belongs to."""

    event_id: str
    stack_id: str
    logical_id: str
    physical_id: str
    resource_type: str
    status: StackStatus
    reason: str
    time: datetime
    token: str = ""

    @property
    def is_of_stack(self) -> bool:
        """Whether this event is the stack's own, which opens and closes an operation."""
        return self.resource_type == "AWS::CloudFormation::Stack" and self.physical_id == self.stack_id

    @property
    def ends_operation(self) -> bool:
        """The stack's own terminal event: nothing of this operation comes after it."""
        return self.is_of_stack and not self.status.in_progress and not self.status.only_planned
