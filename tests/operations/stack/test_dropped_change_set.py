"""A change set that is thrown away while AWS is still working it out."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from generator.errors import AwsError
from generator.operations.stack import change_set


def refusal(code: str) -> AwsError:
    return AwsError("refused", aws_code=code)


def gateway(*answers: object) -> Mock:
    gateway = Mock(only_sandbox=True)
    gateway.cloudformation.delete_change_set.side_effect = answers
    return gateway


@pytest.mark.parametrize(
    ("answers", "deleted"),
    [
        ((None,), True),
        ((refusal("InvalidChangeSetStatus"), refusal("InvalidChangeSetStatus"), None), True),
        ((refusal("AccessDenied"), None), False),
    ],
)
def test_an_interrupt_waits_until_it_can_be_deleted(answers: tuple[object, ...], deleted: bool) -> None:
    aws = gateway(*answers)
    expected = KeyboardInterrupt if deleted else change_set.DeployerError
    with pytest.raises(expected), change_set.dropped_on_error(aws, "arn:change-set", "", "token"):
        raise KeyboardInterrupt if deleted else refusal("Throttling")
    assert aws.cloudformation.delete_change_set.call_count == (len(answers) if deleted else 1)


def test_one_that_stays_is_named_with_the_command_that_deletes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_set, "DROP_SECONDS", 0.0)
    aws = gateway(*[refusal("InvalidChangeSetStatus")] * 9)
    aws.commands.aws.return_value = "aws cloudformation delete-change-set …"
    with pytest.raises(AwsError) as caught, change_set.dropped_on_error(aws, "arn:change-set", "", "token"):
        raise refusal("Throttling")
    assert "could not be deleted; delete it with: aws cloudformation delete-change-set" in caught.value.hint
