"""A stack made from the vendor's published template is upgraded in place: its instance is not touched."""

from __future__ import annotations

import pytest

from generator.model.contract import PUBLISHED_PARAMETERS
from tests.template.rendered import PUBLISHED_STACK, Rendered, adopted, published_template

CREATE_ONLY = {
    "InstanceRole": ["RoleName", "Path"],
    "InstanceProfile": ["InstanceProfileName", "Path"],
    "InstanceSecurityGroup": ["GroupDescription", "GroupName", "VpcId"],
    "SupportUser": ["UserName"],
    "SupportUserPolicy": ["PolicyName"],
    "SupportCredentialsSecret": ["Name"],
}
"""Properties whose change replaces the resource (CloudFormation's resource schemas, createOnlyProperties)."""


def before(**given: str) -> Rendered:
    return Rendered(published_template(), PUBLISHED_STACK | given)


def after(**given: str) -> Rendered:
    return adopted(**PUBLISHED_STACK | given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"CreateSupportUser": "No"},
        {"InstanceType": "m7g.large", "VolumeSizeGiB": "200", "InstanceName": "sql", "SupportUserName": "vendor"},
    ],
    ids=["defaults", "no support user", "everything chosen"],
)
def test_the_instance_is_the_same_to_the_letter(given: dict[str, str]) -> None:
    was, becomes = before(**given), after(**given)
    assert becomes.properties("Instance") == was.properties("Instance")


@pytest.mark.parametrize("logical_id", CREATE_ONLY)
def test_nothing_that_stays_is_replaced(logical_id: str) -> None:
    was, becomes = before().properties(logical_id), after().properties(logical_id)
    assert {key: becomes.get(key) for key in CREATE_ONLY[logical_id]} == {
        key: was.get(key) for key in CREATE_ONLY[logical_id]
    }
    assert before().resources[logical_id] == after().resources[logical_id]


def test_only_the_key_of_cloudformation_goes() -> None:
    assert set(before().resources) - set(after().resources) == {"SupportAccessKey"}


def test_the_ingress_rules_keep_their_ports() -> None:
    was, becomes = before().properties("InstanceSecurityGroup"), after().properties("InstanceSecurityGroup")
    assert [rule | {"IpProtocol": str(rule["IpProtocol"])} for rule in was["SecurityGroupEgress"]] == becomes[
        "SecurityGroupEgress"
    ]
    assert "SecurityGroupIngress" not in becomes


def test_outputs_keep_their_names() -> None:
    assert set(before().outputs()) <= set(after().outputs())


def test_an_existing_stack_need_give_nothing_new() -> None:
    declared = after().template["Parameters"]
    new = set(declared) - set(PUBLISHED_PARAMETERS)
    assert [name for name in new if "Default" not in declared[name]] == []


@pytest.mark.parametrize("name", PUBLISHED_PARAMETERS)
def test_what_was_allowed_is_still_allowed(name: str) -> None:
    was, now = published_template()["Parameters"][name], after().template["Parameters"][name]
    assert now["Type"] == was["Type"]
    assert now.get("AllowedValues") == was.get("AllowedValues")
    assert (now.get("MinValue"), now.get("MaxValue")) == (was.get("MinValue"), was.get("MaxValue"))
