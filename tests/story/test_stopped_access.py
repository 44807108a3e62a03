"""An emergency stop of which the stack does not know yet is not undone by the next update, whatever that is for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from generator.errors import StackBusy
from generator.operations.access import pause, revoke
from generator.operations.stack import guard
from generator.template.emit import template_dict
from tests.embedded import Deployer
from tests.story.test_flip_grant import ADMITTED, DENIED, by_the_role, by_the_secret, grant

NEW_ID = ("--support-role-external-id", "another-external-id")


def busy(*_: Any) -> Iterator[Any]:
    raise StackBusy("The stack is UPDATE_IN_PROGRESS.", "deployer events --follow")


@pytest.fixture
def granted(deployer: Deployer) -> Deployer:
    deployer.create("--support-role=yes")
    grant(deployer)
    return deployer


@pytest.fixture
def stopped(granted: Deployer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Deployer:
    """Paused or revoked while the stack was busy with something else."""
    with monkeypatch.context() as patch:
        patch.setattr({"pause": pause, "revoke": revoke}[request.param[0]], "reconcile_stack", busy)
        assert granted("access", *request.param, "--yes").code == 3
    return granted


PAUSED = pytest.mark.parametrize("stopped", [("pause",)], indirect=True)
EITHER = pytest.mark.parametrize("stopped", [("pause",), ("revoke", "--all")], indirect=True)


@EITHER
def test_the_roles_trust_is_not_written_again(stopped: Deployer) -> None:
    for more in ((), ("--allow-replacement", "SupportRole")):
        refused = stopped.up(*NEW_ID, *more, "--output", "json")
        assert refused.code == 3 and refused.error["code"] == "access-stopped", refused.out
        assert "SupportRole" in refused.error["message"] and "deployer access pause" in refused.error["hint"]
    assert by_the_role(stopped) == DENIED


def test_policies_of_secret_and_key_are_not_written_again(granted: Deployer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a template that has both hang on a value which has nothing to do with access."""
    template: Any = template_dict()
    first_name = {"Fn::Equals": [{"Ref": "InstanceName"}, "deepsql-selfhost"]}
    template["Conditions"]["FirstName"] = first_name
    key, policy = (template["Resources"][name]["Properties"] for name in ("StackKey", "SupportSecretPolicy"))
    key["Description"] = {"Ref": "InstanceName"}
    policy["BlockPublicPolicy"] = {"Fn::If": ["FirstName", True, False]}
    granted.update_outside(template)
    with monkeypatch.context() as patch:
        patch.setattr(revoke, "reconcile_stack", busy)
        assert granted("access", "revoke", "--all", "--yes").code == 3
    planned = granted("up", "--instance-name", "another", "--plan", "--output", "json")
    refused = {o["change"]["logical_id"] for o in planned.result["objections"] if o["reason"] == guard.REOPENS}
    assert planned.code == 3 and refused == {"StackKey", "SupportSecretPolicy"}
    assert by_the_secret(granted) == DENIED


@EITHER
def test_what_does_not_touch_it_goes_on_and_closing_is_never_refused(stopped: Deployer) -> None:
    assert stopped.up("--session-log-retention-days", "30").code == 0
    assert stopped("up", "--support-role=no", "--plan").code == 0
    assert stopped.up("--support-user=no", "--support-role=no").code == 0


@PAUSED
def test_once_the_stack_agrees_the_update_goes_through_and_opens_nothing(stopped: Deployer) -> None:
    assert stopped("access", "pause", "--yes").code == 0
    assert stopped.up(*NEW_ID).code == 0
    assert by_the_role(stopped) == DENIED
    assert stopped("access", "resume", "--yes").code == 0
    assert by_the_role(stopped) == by_the_secret(stopped) == ADMITTED


def test_on_an_open_stack_the_same_update_goes_through(granted: Deployer) -> None:
    assert granted.up(*NEW_ID).code == 0
    assert by_the_role(granted) == ADMITTED
