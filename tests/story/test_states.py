"""Stacks that are not as they should be: each says what it is and the one next command, and acts only when told."""

import signal
import subprocess
import sys

import pytest

from generator.errors import DeployerError
from generator.model.stack_settings import StackSettings
from generator.model.up import UpRequest
from generator.operations.stack import apply
from generator.operations.stack.plan import plan_up
from generator.sandbox import lifecycle
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, Outcome


def fail_next(logical_id: str, action: str) -> None:
    running = lifecycle.status()
    assert running is not None
    lifecycle.fail_next(running, logical_id, action, "asked for by the test")


def grant(deployer: Deployer) -> Outcome:
    return deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")


def test_a_failed_creation_names_its_cause_and_is_made_again_only_when_told(deployer: Deployer) -> None:
    fail_next("SupportSessionPolicy", "create")
    failed = deployer.up(*PLACE)
    assert failed.code == 1
    assert "ROLLBACK_COMPLETE: SupportSessionPolicy (AWS::IAM::ManagedPolicy): asked for by the test" in failed.err

    refused = deployer.up(*PLACE)
    assert refused.code == 1 and "--recreate" in refused.err
    assert deployer("status").out.count("ROLLBACK_COMPLETE") >= 1, "nothing was done without being told"
    again = deployer.up("--recreate", "--instance-name", "another")
    assert again.code == 0, again.err
    assert "Hidden values cannot be carried over and take their defaults unless given: AdminPassword." in again.err
    stack = deployer.gateway.cloudformation.describe_stack(deployer.stack_name)
    assert (stack.parameters["VpcId"], stack.parameters["InstanceName"]) == (PLACE[1], "another")


def test_a_failed_update_rolls_back_and_leaves_the_door_as_it_was(deployer: Deployer) -> None:
    deployer.create()
    before = deployer.physical_ids()
    fail_next("StackKey", "update")
    failed = grant(deployer)
    assert failed.code == 1 and "UPDATE_ROLLBACK_COMPLETE" in failed.err
    assert deployer.physical_ids() == before
    assert deployer.up("--support-user=no").code == 0


def test_a_stuck_rollback_is_taken_up_again_only_when_told(deployer: Deployer) -> None:
    deployer.create()
    fail_next("SupportSecretPolicy", "create")
    fail_next("StackKey", "rollback")
    failed = grant(deployer)
    assert failed.code == 1 and "UPDATE_ROLLBACK_FAILED: SupportSecretPolicy" in failed.err
    refused = deployer.up("--support-user=no")
    assert refused.code == 1 and "--continue-rollback" in refused.err
    assert deployer.up("--support-user=no", "--continue-rollback").code == 0


def test_a_resource_that_cannot_be_repaired_is_skipped(deployer: Deployer) -> None:
    deployer.create()
    for logical_id, action in (("SupportSecretPolicy", "create"), ("StackKey", "rollback"), ("StackKey", "rollback")):
        fail_next(logical_id, action)
    assert "UPDATE_ROLLBACK_FAILED" in grant(deployer).err
    assert deployer.up("--skip", "StackKey").code == 2, "only with --continue-rollback"
    stuck = deployer.up("--support-user=no", "--continue-rollback")
    assert stuck.code == 1 and "--skip LOGICAL_ID" in stuck.err
    skipped = deployer.up("--continue-rollback", "--skip", "StackKey")
    assert skipped.code == 0 and "Left as they are, which may not be what the template says: StackKey." in skipped.err


def test_an_update_that_was_not_rolled_back_is_rolled_back_or_given_other_values(deployer: Deployer) -> None:
    deployer.create()
    change = ("--session-log-retention-days", "30", "--disable-rollback")
    fail_next("SessionLogGroup", "update")
    failed = deployer.up(*change)
    assert failed.code == 1 and "UPDATE_FAILED: SessionLogGroup" in failed.err
    for refused in (deployer.up(*change[:2]), deployer.up(), grant(deployer)):
        assert refused.code == 1 and "is UPDATE_FAILED: an update failed" in refused.err, refused.err
        assert "deployer up --continue-rollback" in refused.err and "deployer up --disable-rollback" in refused.err
    rolled_back = deployer.up("--continue-rollback")
    assert rolled_back.code == 0 and "UPDATE_ROLLBACK_COMPLETE" in deployer("status").out, rolled_back.err
    fail_next("SessionLogGroup", "update")
    assert deployer.up(*change).code == 1
    plan = plan_up(
        deployer.gateway,
        UpRequest(settings=StackSettings(disable_rollback=True), given={"SessionLogRetentionDays": "90"}),
    )
    assert plan.change_set is not None
    with pytest.raises(DeployerError, match="UPDATE_FAILED state"):  # as AWS does, not only this program
        deployer.gateway.cloudformation.execute_change_set(plan.change_set.change_set_id, plan.token)
    again = deployer.up("--session-log-retention-days", "90", "--disable-rollback")
    assert again.code == 0 and "UPDATE_COMPLETE" in deployer("status").out, again.err


def test_a_deletion_that_failed_is_finished_by_running_it_again(deployer: Deployer) -> None:
    deployer.create()
    fail_next("InstallSettings", "delete")
    failed = deployer("down", "--yes")
    assert failed.code == 1 and "DELETE_FAILED: InstallSettings" in failed.err
    assert "deployer down" in deployer.up().err
    assert deployer("down", "--yes").code == 0
    assert deployer("status").code == 4


def test_a_stack_that_was_only_planned_is_created(deployer: Deployer) -> None:
    deployer.create("--instance-name", "other")
    assert deployer("down", "--yes").code == 0
    gateway = deployer.gateway
    place = dict(zip(("VpcId", "SubnetId", "AdminEmail"), PLACE[1::2], strict=True))
    plan_up(gateway, UpRequest(given=place))
    assert "REVIEW_IN_PROGRESS" in deployer("status").out
    refused = deployer.upgrade()
    assert refused.code == 1 and "Create it with: deployer up" in refused.err
    assert deployer.up(*PLACE).code == 0


def test_somebody_elses_operation_is_left_alone(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    deployer.create()
    monkeypatch.setattr("generator.operations.stack.watch.OUR_TOKEN_PREFIX", "someone-else-")
    monkeypatch.setattr("generator.gateway.cloudformation.CloudFormation.describe_stack", _busy(deployer))
    refused = deployer.up("--support-user=no")
    assert refused.code == 1 and "events --follow" in refused.err
    assert f"deployer access revoke --all --stack-name {deployer.stack_name}" in refused.err
    assert "access revoke" not in deployer.up("--instance-name", "x").err


def _busy(deployer: Deployer):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    from generator.gateway.cloudformation import CloudFormation
    from generator.model.stack import StackStatus

    real = CloudFormation.describe_stack

    def describe(self: CloudFormation, name: str):  # type: ignore[no-untyped-def]
        return replace(real(self, name), status=StackStatus("UPDATE_IN_PROGRESS"))

    return describe


def test_killed_in_the_middle_and_run_again_it_joins_and_converges(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "generator", "up", *PLACE, "--yes", "--stack-name", deployer.stack_name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert first.stderr is not None
    for line in first.stderr:
        if "KeeperRole" in line and "IN_PROGRESS" in line:
            break
    first.kill()
    first.wait()
    again = deployer.up(*PLACE)
    assert again.code == 0, again.err
    assert "CREATE_COMPLETE" in deployer("status").out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_stack_going_and_says_how_to_go_on(number: signal.Signals, deployer: Deployer) -> None:
    line = ["up", *PLACE, "--yes", "--stack-name", deployer.stack_name]
    first = subprocess.Popen(
        [sys.executable, "-m", "generator", *line], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert first.stderr is not None
    seen = next(line for line in first.stderr if "KeeperRole" in line and "IN_PROGRESS" in line)
    first.send_signal(number)
    err = seen + first.stderr.read()
    assert first.wait(20) == 130 and f"Interrupted by {number.name}." in err, err
    assert "still being changed in AWS" in err and "events --follow" in err
    assert deployer.up(*PLACE).code == 0


def test_interrupted_while_following_it_says_how_to_go_on(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    deployer.create()
    with monkeypatch.context() as patch:
        patch.setattr(apply, "follow", interrupt)
        stopped = deployer.up("--support-user=no")
    assert stopped.code == 130
    assert "still being changed in AWS" in stopped.err and "events --follow" in stopped.err
    assert deployer.up("--support-user=no").code == 0, "run again, it joins or finds it done"
