"""What a revocation says of the database: not ours, done, or could not."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from generator.gateway.aws import Gateway
from generator.model.database import DatabaseUser
from generator.model.deployment import Deployment
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.model.stack import Stack, StackStatus
from generator.operations.access import backends
from generator.operations.access.record import Record
from generator.operations.access.revoke import Revocation
from generator.operations.database import revoke
from generator.operations.database.revoke import SUPPORTS, ShutOut

ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
ENDPOINT = {"DatabaseEndpoint": "app.cluster-x.us-east-1.rds.amazonaws.com"}
STAYS = Grant((Principal("aws", "444455556666", "role/A"),))
LEFT = DatabaseUser("ada_r", "read", True, 1)


def revocation(parameters: dict[str, str], after: Grant) -> Revocation:
    stack = Stack("s", ARN, StackStatus("UPDATE_COMPLETE"), parameters=parameters)
    return Revocation(Gateway(Deployment()), Record(stack, STAYS), after)


@pytest.mark.parametrize(
    ("parameters", "after", "found", "proven", "answer"),
    [
        ({}, Grant(), None, None, "not ours"),
        (ENDPOINT, STAYS, None, None, "others stay"),
        (ENDPOINT, Grant(), ShutOut("app", ("ada_r", "bo_r")), True, "done in app: ada_r, bo_r"),
        (ENDPOINT, Grant(), ShutOut("app"), True, "no user of the grades"),
        (ENDPOINT, Grant(), ShutOut("app", ("ada_r",), (LEFT,)), False, "could not: ada_r still in"),
        (ENDPOINT, Grant(), ShutOut("app", problem="No route."), False, "could not: No route."),
    ],
)
def test_only_what_the_database_itself_showed_is_called_done(
    parameters: dict[str, str],
    after: Grant,
    found: ShutOut | None,
    proven: bool | None,
    answer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shut(*_: Any, only: Collection[str]) -> ShutOut:
        assert found is not None, "the database was asked"
        return found

    monkeypatch.setattr(revoke, "shut_everybody_out", shut)
    said = backends.shut(revocation(parameters, after))
    assert said.proven is proven and answer in said.answered
    assert ("deployer db shut-out" in said.left) == (proven is False)


@pytest.mark.parametrize(("grade", "users"), [("none", ()), ("r", SUPPORTS)])
def test_the_customers_people_stay_in_where_support_has_a_user_of_its_own(
    grade: str, users: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def shut(*_: Any, only: Collection[str]) -> ShutOut:
        asked.append(tuple(only))
        return ShutOut("app")

    monkeypatch.setattr(revoke, "shut_everybody_out", shut)
    backends.shut(revocation({**ENDPOINT, "DatabaseResourceId": "cluster-A", "SupportDatabaseGrade": grade}, Grant()))
    assert asked == [users]
