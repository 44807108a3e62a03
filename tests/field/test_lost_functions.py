"""A stack whose function somebody has deleted is deleted all the same: each hint is typed, and nothing is left."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from generator.model.down import DownPlan
from generator.model.stack import StackResource, StackStatus
from generator.operations.stack import failed_deletion
from tests.embedded import Deployer, Outcome, run
from tests.story.test_states import fail_next

AWS = Path(sys.executable).with_name("aws")


def client(service: str) -> Any:
    return Session().create_client(service)


def follow_hints(failed: Outcome) -> Outcome:
    """Type what is printed, in its order; the last command's outcome."""
    last = failed
    for line in re.findall(r": ((?:aws|deployer) .*)$", failed.err.partition("  next: ")[2], re.M):
        words = shlex.split(line)
        if words[0] == "aws":
            subprocess.run([AWS, *words[1:]], check=True, capture_output=True, timeout=60)
        else:
            last = run(*words[1:], "--yes")
    return last


@pytest.mark.parametrize(
    ("support", "left_out"),
    [("yes", "InstanceImage and SupportKey"), ("no", "InstanceImage")],
)
def test_a_stack_without_its_keeper_is_deleted_by_what_is_printed(
    support: str, left_out: str, deployer: Deployer
) -> None:
    if support == "no":
        assert deployer.up("--support-user=no").code == 0
    user = deployer.outputs.get("SupportUserName", "")
    client("lambda").delete_function(FunctionName=deployer.outputs["KeeperFunctionName"])
    failed = deployer("down", "--yes")
    assert failed.code == 1 and f"The function of {left_out} is deleted" in failed.err, failed.err
    assert "The keeper, the stack's key-management function, reported this" not in failed.err
    assert ("aws iam delete-access-key --user-name" in failed.err) == bool(user)
    done = follow_hints(failed)
    assert done.code == 0, done.err
    assert deployer.gateway.cloudformation.find_stack(deployer.stack_name) is None
    assert user not in {each["UserName"] for each in client("iam").list_users()["Users"]}


def test_a_key_that_somebody_else_made_is_named_and_the_deletion_repeated(deployer: Deployer) -> None:
    """The keeper is gone, its resources have been left out already, and IAM keeps a user with keys."""
    client("lambda").delete_function(FunctionName=deployer.outputs["KeeperFunctionName"])
    assert deployer("down", "--yes").code == 1
    failed = deployer("down", "--retain", "SupportKey", "--retain", "InstanceImage", "--yes")
    assert failed.code == 1 and "Delete the support user's key: aws iam delete-access-key" in failed.err, failed.err
    assert "Then delete the stack again: deployer down" in failed.err
    assert follow_hints(failed).code == 0


def test_a_deletion_that_failed_for_another_reason_keeps_its_hint(deployer: Deployer) -> None:
    fail_next("InstallSettings", "delete")
    failed = deployer("down", "--yes")
    assert failed.code == 1 and "next: See all events: deployer events" in failed.err, failed.err
    assert "--retain" not in failed.err


@pytest.mark.parametrize(
    ("reason", "asked"),
    [
        ("Function not found: arn:aws:lambda:us-east-1:111122223333:function:theirs (Service: Lambda, 404)", "theirs"),
        ("Custom resource ServiceToken 'arn:aws-cn:lambda:cn-north-1:111122223333:function:theirs' not", "theirs"),
        ("CloudFormation did not receive a response from your Custom Resource.", "keeper"),
    ],
)
@pytest.mark.parametrize("exists", [True, False])
def test_the_function_that_is_asked_about_is_the_one_that_the_failure_names(
    reason: str, asked: str, exists: bool
) -> None:
    questions: list[str] = []

    class Functions:
        def function_exists(self, name: str) -> bool:
            questions.append(name)
            return exists

    gateway: Any = type("Gateway", (), {"lambda_functions": Functions()})()
    status = StackStatus("DELETE_FAILED")
    keeper = StackResource("KeeperFunction", "keeper", "AWS::Lambda::Function", status)
    failed = StackResource("Theirs", "x", "Custom::Thing", status, reason)
    plan = DownPlan("s", "id", "t", False, (keeper, failed), ())
    assert failed_deletion._lost_its_function(gateway, plan, failed) is not exists
    assert questions == [asked]
