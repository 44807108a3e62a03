"""session-preferences: nothing is lost that nobody asked to change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.model.preferences import DOCUMENT, changed
from tests.sessions.conftest import Deployer

HAD = {
    "schemaVersion": "1.0",
    "description": "theirs",
    "sessionType": "Standard_Stream",
    "inputs": {
        "s3BucketName": "theirs",
        "s3KeyPrefix": "",
        "s3EncryptionEnabled": False,
        "cloudWatchLogGroupName": "",
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": False,
        "runAsEnabled": True,
        "runAsDefaultUser": "ops",
        "idleSessionTimeout": "7",
        "shellProfile": {"linux": "exec bash", "windows": ""},
        "somethingNew": "kept",
    },
}


@pytest.fixture
def ssm(deployer: Deployer) -> Iterator[Any]:
    client = deployer.gateway.client("ssm")
    yield client
    if deployer.gateway.ssm.find_document(DOCUMENT):
        client.delete_document(Name=DOCUMENT)


@pytest.fixture
def had(ssm: Any) -> Any:
    ssm.create_document(Name=DOCUMENT, Content=json.dumps(HAD), DocumentType="Session")
    return ssm


def content(ssm: Any) -> Any:
    return json.loads(ssm.get_document(Name=DOCUMENT)["Content"])


def test_what_was_not_told_to_change_is_kept_and_comes_back(deployer: Deployer, had: Any) -> None:
    done = deployer("session-preferences", "set", "--idle-timeout", "15", "--cloudwatch-streaming", "yes", "--yes")
    assert done.code == 0, done.err
    expected = {**HAD["inputs"], "idleSessionTimeout": "15", "cloudWatchStreamingEnabled": True}  # type: ignore[dict-item]
    assert content(had) == {**HAD, "inputs": expected}
    assert deployer("session-preferences", "restore", "--yes").code == 0
    assert content(had) == HAD


def test_where_there_were_none_restoring_takes_them_away(deployer: Deployer, ssm: Any) -> None:
    assert "No preferences were ever saved" in deployer("session-preferences", "show").out
    assert deployer("session-preferences", "set", "--max-duration", "60", "--yes").code == 0
    assert content(ssm)["inputs"]["maxSessionDuration"] == "60"
    assert deployer("session-preferences", "restore", "--yes").code == 0
    assert deployer.gateway.ssm.find_document(DOCUMENT) is None


def test_what_was_there_is_saved_before_the_change_for_this_user_alone(
    deployer: Deployer, had: Any, home: Path
) -> None:
    deployer("session-preferences", "set", "--run-as", "no", "--yes")
    (saved,) = (home / ".local" / "state" / "deployer" / "preferences").iterdir()
    assert json.loads(saved.read_text())["content"] == HAD and saved.stat().st_mode & 0o77 == 0
    assert saved.name.startswith("111122223333-us-east-1-")


def test_nothing_is_written_without_a_yes_or_without_a_change(deployer: Deployer, had: Any) -> None:
    assert deployer("session-preferences", "set", "--idle-timeout", "9").code == 2
    same = deployer("session-preferences", "set", "--idle-timeout", "7")
    assert same.code == 0 and "nothing to change" in same.err
    assert had.describe_document(Name=DOCUMENT)["Document"]["LatestVersion"] == "1"


@pytest.mark.parametrize("argv", [["--idle-timeout", "61"], ["--max-duration", "forever"], []])
def test_values_the_service_does_not_take_are_refused_here(deployer: Deployer, argv: list[str]) -> None:
    assert deployer("session-preferences", "set", *argv).code == 2


def test_a_log_group_under_which_no_session_would_start_is_said(deployer: Deployer, had: Any) -> None:
    missing = deployer("session-preferences", "set", "--cloudwatch-log-group", "/none", "--yes")
    assert "There is no such log group" in missing.err
    deployer.gateway.client("logs").create_log_group(logGroupName="/plain")
    plain = deployer("session-preferences", "set", "--cloudwatch-log-group", "/plain", "--yes")
    assert "not encrypted by a key" in plain.err
    deployer.gateway.client("logs").create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    rare = deployer("session-preferences", "set", "--cloudwatch-log-group", "/rare", "--yes")
    assert "of the class INFREQUENT_ACCESS: nobody could read it" in rare.err


def test_sessions_are_kept_out_of_the_record_of_revocations(deployer: Deployer, had: Any) -> None:
    logs = deployer.gateway.client("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=deployer.gateway.deployment.stack_name)["logGroups"]
    said = {
        name: "Revocations are recorded in this log group"
        in deployer("session-preferences", "set", "--cloudwatch-log-group", name, "--yes").err
        for name in (group["logGroupName"] for group in groups)
    }
    assert said == {name: "-KeeperLogGroup-" in name for name in said} and sorted(said.values()) == [False, True]


def test_a_shell_profile_of_one_system_leaves_the_other() -> None:
    inputs = changed(HAD, {"shellProfile": {"windows": "pwsh"}})["inputs"]
    assert inputs["shellProfile"] == {"linux": "exec bash", "windows": "pwsh"}  # type: ignore[index]
