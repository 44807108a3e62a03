"""A session document whose new version did not become the default is noticed after the update and set."""

from __future__ import annotations

import pytest

from generator.errors import AwsError
from generator.gateway.ssm import SSM
from tests.embedded import Deployer
from tests.story.test_upgrade import fail_next

PORTS = ("--support-ports", "3035,8080", "--yes")


def versions(deployer: Deployer) -> tuple[str, str]:
    found = deployer.gateway.ssm.document_versions(deployer.outputs["PortDocumentName"])
    return found.default, found.latest


def test_a_default_that_stayed_behind_is_set_and_named(deployer: Deployer) -> None:
    deployer.create()
    fail_next("PortDocument", "default-version")
    ran = deployer("up", *PORTS)
    name = deployer.outputs["PortDocumentName"]
    said = f"default version of {name}  2, the latest; CloudFormation had left it at 1"
    assert (ran.code, said in ran.out, versions(deployer)) == (0, True, ("2", "2"))
    ran = deployer("up", "--support-ports", "3035", "--yes")
    assert (ran.code, "default version" in ran.out, versions(deployer)) == (0, False, ("1", "2")), "no new version"


def test_one_that_cannot_be_set_is_named_with_the_command(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: SSM, name: str, version: str) -> None:
        raise AwsError("You may not.", "")

    deployer.create()
    fail_next("PortDocument", "default-version")
    monkeypatch.setattr(SSM, "set_default_version", refused)
    ran = deployer("up", *PORTS)
    assert (ran.code, versions(deployer)) == (3, ("1", "2"))
    assert "You may not. Set it with: aws ssm update-document-default-version --name" in ran.out
