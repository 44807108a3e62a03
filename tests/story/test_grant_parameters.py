"""Nobody is let in, and no end or pause is lifted, in passing: not by `up`, not by a careless value in the console."""

import pytest
from botocore.exceptions import ClientError

from generator.model.grant import Grant
from generator.model.parameter_options import another_value
from generator.template.emit import wire
from tests.embedded import PLACE, VENDOR_ROLE, Deployer

WILD = [
    "arn:aws:iam::444455556666:role/*",
    "arn:aws:iam::444455556666:user/a*",
    "arn:aws-cn:iam::444455556666:role/?",
    "arn:aws-us-gov:iam::*:root",
    f"{VENDOR_ROLE},*",
    "*",
    "?",
]


def recorded(deployer: Deployer) -> Grant:
    return Grant.of(deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters)


def test_a_stack_is_not_created_with_a_grant(deployer: Deployer) -> None:
    refused = deployer.up(*PLACE, "--vendor-principals", VENDOR_ROLE, "--vendor-accounts", "444455556666")
    assert refused.code == 2 and "deployer access grant" in refused.err
    assert deployer("status").code == 4


def test_up_lifts_neither_the_end_of_a_revoked_stack_nor_a_pause(deployer: Deployer) -> None:
    deployer.create("--support-role=yes")
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes").code == 0
    assert deployer("access", "pause", "--yes").code == 0
    paused = recorded(deployer)
    assert deployer("status", "--output", "json").result["paused"] and "paused  " in deployer("status", "--all").out
    assert deployer.up("--support-sessions-not-before", "").code == 2
    assert deployer.up("--parameter", "SupportSessionsNotBefore=").code == 2
    assert recorded(deployer) == paused and paused.paused
    assert deployer("access", "revoke", "--all", "--yes").code == 0
    revoked = recorded(deployer)
    assert deployer.up("--support-access-until", "").code == 2
    assert deployer.up("--parameter=SupportAccessUntil=", "--plan").code == 2
    assert recorded(deployer) == revoked and revoked.until is not None


@pytest.mark.parametrize("members", WILD)
def test_the_console_takes_no_wildcard_but_that_of_a_whole_account(deployer: Deployer, members: str) -> None:
    client = deployer.gateway.client("cloudformation")
    given = dict(zip(("VpcId", "SubnetId", "AdminEmail"), PLACE[1::2], strict=True)) | {"VendorPrincipals": members}
    with pytest.raises(ClientError, match="VendorPrincipals"):
        client.create_stack(
            StackName=deployer.stack_name,
            TemplateBody=wire(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        )


def test_a_value_that_an_upgrade_no_longer_takes_is_answered_with_the_verbs_of_access(deployer: Deployer) -> None:
    hint = another_value("VendorPrincipals")
    assert "deployer access revoke --all" in hint and "--vendor-principals" not in hint
    assert another_value("InstanceName") == "Give another value: --instance-name …"
