"""Signing in as the master user, and what a refused connection is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from generator.errors import DeployerError
from generator.model.command_line import CommandLine
from generator.model.database import Database, Engine, Login, Route
from generator.operations.database.connection import master_login
from generator.operations.database.error_messages import diagnose

SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds!cluster-1"
DATABASE = Database("app", Engine.POSTGRESQL, "app.rds.example", 5432, master_user="boss", master_secret=SECRET)


def gateway(content: str) -> Any:
    """A gateway whose one secret has this content."""
    secrets = SimpleNamespace(get_secret_value=lambda name: content)
    return SimpleNamespace(secretsmanager=secrets, commands=CommandLine("s", "us-east-1", "p"))


@pytest.mark.parametrize(
    "content",
    [
        "hunter2",
        "",
        '["boss", "hunter2"]',
        '"hunter2"',
        "null",
        "[" * 100_000,
        '{"password": "hunter2"}',
        '{"username": "boss"}',
        '{"username": "", "password": "hunter2"}',
        '{"username": "boss", "password": ["hunter2"]}',
    ],
)
def test_a_master_secret_of_another_form_is_one_sentence_that_does_not_repeat_it(content: str) -> None:
    with pytest.raises(DeployerError, match="master secret of app") as error:
        master_login(gateway(content), DATABASE, "", "")
    assert error.value.code == "master-secret" and SECRET in error.value.message
    assert "hunter2" not in f"{error.value.message}{error.value.hint}" and error.value.__cause__ is None


def test_the_master_is_the_one_of_the_secret_or_the_one_given() -> None:
    rotated = gateway(json.dumps({"username": "owner", "password": "hunter2", "engine": "postgres"}))
    login = master_login(rotated, DATABASE, "", "")
    assert (login.user, login.token) == ("owner", "hunter2") and "hunter2" not in repr(login)
    assert master_login(gateway("never read"), DATABASE, "", "typed").user == "boss"
    with pytest.raises(DeployerError, match="no master password of app"):
        master_login(rotated, replace(DATABASE, master_secret=""), "", "")


@pytest.mark.parametrize("text", ["Access denied: Account is locked.", 'FATAL: role "alice_w" does not exist'])
def test_the_command_that_creates_or_unlocks_a_user_leads_to_the_same_database(text: str) -> None:
    route = Route("127.0.0.1", 1, "/ca.pem", "shop")
    by_name, by_endpoint = DATABASE, replace(DATABASE, name=DATABASE.endpoint)
    hints = [
        diagnose(text, Login(each, "alice_w", None, ""), route, datetime.now(UTC)).hint
        for each in (by_name, by_endpoint)
    ]
    assert hints[0].endswith(": deployer db bootstrap app --for alice=w")
    assert hints[1].endswith(": deployer db bootstrap --endpoint app.rds.example --for alice=w")
