"""The VPC endpoints' template: fresh, clean in every combination, and each endpoint can be left out by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from generator.cli.template_commands import Choice
from generator.lint.engine import lint_text
from generator.model.contract import TEMPLATE_LIMIT_BYTES
from generator.model.template_name import TemplateName
from generator.model.vpc_endpoints import SERVICES, Condition, Output, Parameter, Resource
from generator.template.emit import emit_named
from tests.template.values import values_of

TEXT = emit_named(TemplateName.VPC_ENDPOINTS)
GOLDEN = Path(__file__).parents[2] / TemplateName.VPC_ENDPOINTS.path


@pytest.fixture(scope="module")
def template() -> Any:
    return values_of(TEXT)


def test_the_committed_file_is_what_is_emitted() -> None:
    assert GOLDEN.read_text() == TEXT, "run: make generate"
    assert len(TEXT.encode()) < TEMPLATE_LIMIT_BYTES


def test_the_json_is_the_same_template(template: Any) -> None:
    assert json.loads(emit_named(TemplateName.VPC_ENDPOINTS, "json")) == template


def test_it_is_clean_in_every_partition() -> None:
    assert lint_text(TEXT, "endpoints", ("us-east-1", "us-gov-west-1", "cn-north-1")) == []


def test_the_template_has_the_names_of_its_contract(template: Any) -> None:
    expected = {
        "Parameters": {*map(str, Parameter), *(service.parameter for service in SERVICES)},
        "Conditions": {*map(str, Condition), *(service.condition for service in SERVICES)},
        "Resources": {*map(str, Resource), *(service.resource for service in SERVICES)},
        "Outputs": {*map(str, Output)},
    }
    assert {section: set(template[section]) for section in expected} == expected


def test_the_form_has_every_parameter_once(template: Any) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(template["Parameters"])
    assert all(body["Description"] for body in template["Parameters"].values())


def test_each_endpoint_hangs_on_its_own_answer(template: Any) -> None:
    for service in SERVICES:
        body = template["Resources"][service.resource]
        assert body["Condition"] == service.condition
        assert template["Conditions"][service.condition] == {"Fn::Equals": [{"Ref": service.parameter}, "Yes"]}
        assert template["Parameters"][service.parameter]["Default"] == ("Yes" if service.wanted else "No")
        assert body["Properties"]["PrivateDnsEnabled"] is True


def test_only_https_comes_in_and_only_from_who_is_named(template: Any) -> None:
    group = template["Resources"][Resource.SECURITY_GROUP]["Properties"]
    rules = [rule["Fn::If"][1] for rule in group["SecurityGroupIngress"]]
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules} == {("tcp", 443, 443)}
    assert rules[0]["CidrIp"] == {"Ref": Parameter.CLIENT_CIDR}
    assert rules[1]["SourceSecurityGroupId"] == {"Ref": Parameter.CLIENT_SECURITY_GROUP_ID}
    assert [rule["CidrIp"] for rule in group["SecurityGroupEgress"]] == ["127.0.0.1/32"]


def test_every_endpoint_has_a_policy_of_its_own(template: Any) -> None:
    kinds = {name: body for name, body in template["Resources"].items() if body["Type"] == "AWS::EC2::VPCEndpoint"}
    assert len(kinds) == len(SERVICES) + 1
    for name, body in kinds.items():
        for statement in body["Properties"]["PolicyDocument"]["Statement"]:
            assert "aws:PrincipalAccount" in json.dumps(statement["Condition"]), name


def test_the_command_lines_choice_is_every_template_and_all() -> None:
    assert [str(each) for each in Choice] == [*map(str, TemplateName), "all"]
