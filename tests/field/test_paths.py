"""A grant by one access path lives, and another is wanted: what is said counts, and else all stays."""

from __future__ import annotations

import pytest

from tests.embedded import VENDOR_ROLE, Deployer

GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--reason", "T-1", "--yes")


def recorded(deployer: Deployer) -> str:
    return deployer.gateway.cloudformation.describe_stack(deployer.stack_name).parameters["SupportAccessVia"]


@pytest.mark.parametrize("first", ["role", "secret", "all"])
@pytest.mark.parametrize("then", ["role", "secret", "all"])
def test_the_path_of_a_grant_is_the_one_that_is_named_and_else_stays(first: str, then: str, deployer: Deployer) -> None:
    assert deployer.up("--support-role=yes").code == 0
    assert deployer(*GRANT, "--via", first).code == 0
    assert recorded(deployer) == first
    kept = deployer(*GRANT, "--reason", "T-2")
    assert kept.code == 0 and recorded(deployer) == first, kept.err
    changed = deployer(*GRANT, "--via", then)
    assert changed.code == 0 and recorded(deployer) == then, changed.err
