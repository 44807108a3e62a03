"""session-preferences: show, ask, save, write, read back, in this order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.errors import Declined, DeployerError
from generator.gateway.aws import Gateway
from generator.gateway.ssm import SSM
from generator.model.preferences import DOCUMENT, PreferencesPlan
from generator.operations.sessions.preferences import read, restore_preferences, set_preferences
from tests.verbs.conftest import NotingCaller

GIVEN = {"idleSessionTimeout": "15"}


@pytest.fixture(autouse=True)
def removed_afterwards(embedded_aws: None, gateway: Gateway) -> Iterator[None]:
    """The preferences are the account's, and all tests share the account."""
    yield
    if gateway.ssm.find_document(DOCUMENT):
        gateway.ssm.delete_document(DOCUMENT)


def test_it_shows_asks_writes_and_can_be_undone(gateway: Gateway, caller: NotingCaller) -> None:
    result = set_preferences(gateway, GIVEN, caller)
    assert caller.journal == ["show PreferencesPlan", "confirm PreferencesPlan", "CreateDocument", "say"]
    assert result.settings["idleSessionTimeout"] == "15" and result.saved in caller.sentences[0]
    assert json.loads(Path(result.saved).read_text())["content"] is None

    caller.journal.clear()
    restore_preferences(gateway, None, caller)
    assert caller.journal == ["show PreferencesPlan", "confirm PreferencesPlan", "DeleteDocument", "say"]
    assert read(gateway).content is None


def test_who_declines_writes_nothing_and_saves_nothing(gateway: Gateway, caller: NotingCaller) -> None:
    caller.declines = True
    with pytest.raises(Declined):
        set_preferences(gateway, GIVEN, caller)
    assert caller.journal == ["show PreferencesPlan", "confirm PreferencesPlan"]
    assert read(gateway).content is None
    with pytest.raises(DeployerError, match="No preferences of this account"):
        restore_preferences(gateway, None, caller)


def test_what_holds_already_is_not_asked_about(gateway: Gateway, caller: NotingCaller) -> None:
    set_preferences(gateway, GIVEN, caller)
    caller.journal.clear()
    assert set_preferences(gateway, GIVEN, caller).changes == ()
    assert caller.journal == ["say"]


def test_settings_that_are_not_those_written_are_no_success(
    gateway: Gateway, caller: NotingCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's version is made the default between our write and our read."""
    set_preferences(gateway, GIVEN, caller)
    monkeypatch.setattr(SSM, "set_default_version", lambda self, name, version: None)
    with pytest.raises(DeployerError, match="not those that were written") as refused:
        set_preferences(gateway, {"idleSessionTimeout": "20"}, caller)
    [plan] = [shown for shown in caller.shown[1:] if isinstance(shown, PreferencesPlan)]
    saved = Path(refused.value.hint.rpartition("--from ")[2])
    assert json.loads(saved.read_text())["content"] == plan.before.content
