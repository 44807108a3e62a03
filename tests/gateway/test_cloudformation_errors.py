"""CloudFormation's refusals, text by text: what each one means to the person who reads it."""

from typing import Any

import pytest

from generator.errors import AwsError, DeployerError
from generator.gateway.cloudformation import CloudFormation
from generator.gateway.cloudformation_errors import ROWS
from generator.gateway.error_row import ErrorRow, Source

ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/box/5270ab20-d557-11ed-afb2-0a14943d5521"
CHANGE_SET = "arn:aws:cloudformation:us-east-1:111122223333:changeSet/c/1f2e"
CANNOT = "state and can not be updated."
NON_TERMINAL = (
    "This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please use "
    "the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the "
    "rollback-stack API"
)
LONG_BODY = (
    "1 validation error detected: Value '{}' at 'templateBody' failed to satisfy constraint: Member must have length "
    "less than or equal to 51200"
)
NAME = (
    "1 validation error detected: Value 'a b' at 'stackName' failed to satisfy constraint: Member must satisfy regular "
    "expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"
)
INVALID = "ValidationError"
TEXTS = [
    (INVALID, "Stack with id box does not exist", "stack-not-found"),
    (INVALID, "Stack [box] does not exist", "stack-not-found"),
    (INVALID, f"Stack [{ARN}] does not exist", "stack-not-found"),
    (INVALID, "Stack 'box' does not exist", "stack-not-found"),
    (INVALID, "Stack [box] cannot be deleted while TerminationProtection is enabled", "termination-protected"),
    (INVALID, "Stack [box] already exists and cannot be created again with the changeSet [c].", "stack-exists"),
    ("AlreadyExistsException", "Stack [box] already exists", "stack-exists"),
    (INVALID, f"Stack:{ARN} is in UPDATE_IN_PROGRESS {CANNOT}", "stack-busy"),
    (INVALID, f"Stack:{ARN} is in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS {CANNOT}", "stack-busy"),
    (INVALID, f"Stack [{ARN}] cannot be deleted while in status CREATE_IN_PROGRESS", "stack-busy"),
    ("OperationInProgressException", "", "stack-busy"),
    (INVALID, f"Stack:{ARN} is in ROLLBACK_COMPLETE {CANNOT}", "stack-state"),
    (INVALID, f"Stack:{ARN} is in ROLLBACK_FAILED {CANNOT}", "stack-state"),
    (INVALID, f"Stack:{ARN} is in UPDATE_ROLLBACK_FAILED {CANNOT}", "stack-state"),
    (INVALID, NON_TERMINAL, "stack-state"),
    (
        INVALID,
        (
            "This stack cannot be updated from [CREATE_FAILED] state because it contains [on-failure: DO_NOTHING]. "
            "Please use disable-rollback option instead during stack creation."
        ),
        "stack-state",
    ),
    (INVALID, "CancelUpdateStack cannot be called from current stack status", "stack-state"),
    (INVALID, "RollbackUpdatedStack cannot be called from current stack status", "stack-state"),
    ("ChangeSetNotFound", f"ChangeSet [{CHANGE_SET}] does not exist", "plan-void"),
    (
        "InvalidChangeSetStatus",
        f"ChangeSet [{CHANGE_SET}] cannot be executed in its current status of [CREATE_IN_PROGRESS]",
        "plan-void",
    ),
    (INVALID, "Role arn:aws:iam::111122223333:role/deploy is invalid or cannot be assumed", "bad-role"),
    (
        INVALID,
        (
            f"Invalid operation on stack [{ARN}]. You can retain resources only when the stack is in the DELETE_FAILED "
            "state."
        ),
        "retain-too-early",
    ),
    (
        INVALID,
        (
            "Stack [box] is not in DELETE_FAILED state; RetainResources can only be specified for a stack in "
            "DELETE_FAILED state"
        ),
        "retain-too-early",
    ),
    (
        INVALID,
        "Resource(s) [Instance] cannot be skipped: only resources whose rollback failed can be skipped",
        "cannot-skip",
    ),
    (INVALID, NAME, "bad-stack-name"),
    (INVALID, LONG_BODY, "bad-template"),
    (INVALID, "Template format error: Unresolved resource dependencies [X] in the Resources block", "bad-template"),
    (INVALID, "Template error: instance of Fn::GetAtt references undefined resource X", "bad-template"),
    (INVALID, "Parameter 'AdminEmail' must match pattern ^.$", "bad-parameter"),
    (INVALID, "Parameters: [VpcId] must have values", "bad-parameter"),
    (INVALID, "Parameters: [Colour] do not exist in the template", "bad-parameter"),
    (
        INVALID,
        "Parameter validation failed: parameter value vpc-1 for parameter name VpcId does not exist.",
        "bad-parameter",
    ),
    (
        INVALID,
        (
            "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must "
            "have length greater than or equal to 1"
        ),
        "bad-parameter",
    ),
    ("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]", "bad-template"),
    ("LimitExceededException", "ChangeSet limit exceeded for stack box", "quota"),
]
UNKNOWN = "The submitted information may not be what the stack wants"


def raised(code: str, message: str, stubbed: Any, stack: str = "box") -> DeployerError:
    client, stub = stubbed.client("cloudformation")
    stub.add_client_error("delete_stack", code, message)
    with pytest.raises(DeployerError) as caught:
        CloudFormation(client).delete_stack(stack, "token")
    return caught.value


@pytest.mark.parametrize(("code", "message", "means"), TEXTS, ids=[f"{c}: {m[:60]}" for c, m, _ in TEXTS])
def test_a_refusal_is_read_by_its_text(code: str, message: str, means: str, stubbed: Any) -> None:
    error = raised(code, message, stubbed)
    assert error.code == means
    assert error.message.endswith(".") and error.hint


def test_another_text_of_the_same_code_is_not_guessed_at(stubbed: Any) -> None:
    error = raised(INVALID, UNKNOWN, stubbed)
    assert isinstance(error, AwsError) and UNKNOWN in error.message


def test_the_stack_is_named_from_the_text_where_the_call_names_its_arn(stubbed: Any) -> None:
    busy = raised(INVALID, f"Stack:{ARN} is in UPDATE_IN_PROGRESS {CANNOT}", stubbed, ARN)
    assert busy.message.startswith("The stack box is busy") and "--stack-name box" in busy.hint
    dead = raised(INVALID, f"Stack:{ARN} is in ROLLBACK_COMPLETE {CANNOT}", stubbed, ARN)
    assert dead.message.startswith("The stack box is ROLLBACK_COMPLETE,") and "--stack-name box" in dead.hint
    failed = raised(INVALID, NON_TERMINAL, stubbed, ARN)
    assert failed.message.startswith("The stack box is UPDATE_FAILED,")


def first_row(code: str, message: str) -> ErrorRow:
    return next(row for row in ROWS if row.covers(code, message))


def test_every_row_has_a_text_here() -> None:
    assert {first_row(code, message) for code, message, _ in TEXTS} == set(ROWS)


def test_what_was_never_seen_from_aws_is_marked() -> None:
    """A text moves out of this list when somebody has seen AWS say it."""
    assert {row.pattern for row in ROWS if row.source is Source.UNCONFIRMED} == {
        r"^Stack '.*' does not exist",
        r"_IN_PROGRESS state|while in status \w+_IN_PROGRESS",
        r"^Invalid operation on stack \[.*DELETE_FAILED",
        r"RetainResources can only be specified",
        r"cannot be skipped: only resources whose rollback failed",
    }
