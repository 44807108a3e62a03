"""A rhythm that a person gave the key's rotation outlives an update whose template would set it back."""

from __future__ import annotations

from generator.template.emit import wire
from tests.embedded import Deployer


def days(deployer: Deployer) -> int:
    return deployer.gateway.secretsmanager.describe_secret(deployer.outputs["SupportSecretArn"]).rotation_days


def made_from_another_template(deployer: Deployer) -> None:
    """A stack whose template rotates every 60 days: this version's sets 90."""
    deployer.create()
    client = deployer.gateway.client("cloudformation")
    text = wire().replace("AutomaticallyAfterDays: 90", "AutomaticallyAfterDays: 60")
    same = [
        {"ParameterKey": key, "UsePreviousValue": True}
        for key in deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters
    ]
    client.update_stack(
        StackName=deployer.stack_name, TemplateBody=text, Capabilities=["CAPABILITY_NAMED_IAM"], Parameters=same
    )
    client.get_waiter("stack_update_complete").wait(StackName=deployer.stack_name, WaiterConfig={"Delay": 1})
    assert days(deployer) == 60


def test_a_rhythm_is_named_in_the_plan_and_set_again_after_it(deployer: Deployer) -> None:
    made_from_another_template(deployer)
    assert deployer("access", "rotate", "--every", "30d", "--yes").code == 0
    said = "This template resets the key's rotation (every 30 days); deployer restores it afterwards."
    assert said in deployer("upgrade", "--plan").out and days(deployer) == 30
    ran = deployer("upgrade", "--yes")
    assert ran.code == 0 and said in ran.err
    assert "rotation of the key  every 30 days" in ran.out and days(deployer) == 30


def test_days_that_the_template_gave_follow_the_template(deployer: Deployer) -> None:
    made_from_another_template(deployer)
    ran = deployer("upgrade", "--yes")
    assert ran.code == 0 and "rotation" not in ran.err.replace("SupportKeyRotation", "") and days(deployer) == 90


def test_an_update_that_leaves_the_schedule_alone_asks_nothing_of_it(deployer: Deployer) -> None:
    deployer.create()
    assert deployer("access", "rotate", "--every", "30d", "--yes").code == 0
    ran = deployer("up", "--session-log-retention-days", "90", "--yes")
    assert ran.code == 0 and "rotation" not in ran.err + ran.out and days(deployer) == 30
