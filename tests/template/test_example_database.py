"""The example database: fresh, clean, and nothing in it can be reached from outside."""

from __future__ import annotations

from pathlib import Path

from generator.lint.engine import lint_text
from generator.model.contract import EXAMPLE_PATH, TEMPLATE_LIMIT_BYTES
from generator.model.template_name import TemplateName
from generator.template.emit import emit_named
from tests.template.values import values_of

GOLDEN = Path(__file__).parents[2] / EXAMPLE_PATH


def text() -> str:
    return emit_named(TemplateName.EXAMPLE_DATABASE)


def resources() -> dict[str, dict[str, object]]:
    found = values_of(text())["Resources"]
    assert isinstance(found, dict)
    return found


def test_the_committed_file_is_what_is_emitted() -> None:
    assert GOLDEN.read_text() == text(), "run: make generate"
    assert len(text().encode()) < TEMPLATE_LIMIT_BYTES


def test_it_is_clean_in_every_partition() -> None:
    assert lint_text(text(), "example", ("us-east-1", "us-gov-west-1", "cn-north-1")) == []


def test_no_ingress_and_no_egress_but_to_aws() -> None:
    kinds = {body["Type"] for body in resources().values()}
    assert not kinds & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::EIP"}
    groups = {name: body["Properties"] for name, body in resources().items() if name.endswith("SecurityGroup")}
    assert "SecurityGroupIngress" not in groups["BastionSecurityGroup"]  # type: ignore[operator]
    for name in ("DatabaseSecurityGroup", "EndpointSecurityGroup"):
        [rule] = groups[name]["SecurityGroupIngress"]  # type: ignore[index]
        assert rule["SourceSecurityGroupId"] == {"Ref": "BastionSecurityGroup"}
        assert "CidrIp" not in rule
