"""What a revocation says of the database: not ours, done, or could not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.cli.access_text import database_step, revoke_note
from generator.gateway.aws import Gateway
from generator.model.access_path import AccessPaths
from generator.model.command_line import CommandLine
from generator.model.database import DatabaseUser
from generator.model.database_changes import SUPPORT_USERS, OwnedObject, ShutOut
from generator.model.deployment import Deployment
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.model.reading import Reading
from generator.model.stack import Stack, StackStatus
from generator.operations.access import database_lockdown
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.observations import Before, Observations
from generator.operations.access.readings import absent
from generator.operations.access.revocation import Revocation
from generator.operations.access.stack_access import StackAccess
from generator.operations.access.verdicts import database_is_closed
from generator.operations.database import revoke

ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
ENDPOINT = {"DatabaseEndpoint": "app.cluster-x.us-east-1.rds.amazonaws.com"}
STAYS = Grant((Principal("aws", "444455556666", "role/A"),))
NOBODY: Reading[Any] = absent("nothing", "nothing was asked")
NO_PATHS = AccessPaths(*[NOBODY] * 7, (NOBODY,), NOBODY, (NOBODY,), (NOBODY,), *[NOBODY] * 6)
NOTHING_ELSE = Observations(
    datetime.now(UTC), *[NOBODY] * 3, LivePolicies(*[NOBODY] * 5), NO_PATHS, *[NOBODY] * 3, {}, NOBODY
)
LEFT = DatabaseUser("ada_r", "read", True, 1)


def revocation(parameters: dict[str, str], after: Grant) -> Revocation:
    stack = Stack("s", ARN, StackStatus("UPDATE_COMPLETE"), parameters=parameters)
    return Revocation(Gateway(Deployment()), StackAccess(stack, STAYS), after, Before(NOBODY, NOBODY))


@pytest.mark.parametrize(
    ("parameters", "after", "found", "proven", "answer"),
    [
        ({}, Grant(), None, None, "has no database"),
        (ENDPOINT, STAYS, None, None, "others keep access"),
        (
            ENDPOINT,
            Grant(),
            ShutOut("app", SUPPORT_USERS[:2], 2, ("ada_r",)),
            True,
            "_w; 2 sessions ended; your own people keep access (ada_r)",
        ),
        (
            ENDPOINT,
            Grant(),
            ShutOut("app", SUPPORT_USERS[1:2]),
            True,
            "deployer db bootstrap app --support --permission w",
        ),
        (
            ENDPOINT,
            Grant(),
            ShutOut("app", others=tuple("abcdefg")),
            True,
            "no user of support's; your own people keep access (a, b, c, d, e and 2",
        ),
        (
            ENDPOINT,
            Grant(),
            ShutOut("app", ("deepsql-support_w",), owned=(OwnedObject("deepsql-support_w", "function f()", True),)),
            True,
            "; what they own stays (function f()), 1 of it running with their rights. For support to sign in",
        ),
        (ENDPOINT, Grant(), ShutOut("app"), True, "it has no user with an access level"),
        (ENDPOINT, Grant(), ShutOut("app", ("ada_r",), left=(LEFT, LEFT)), False, "could not: ada_r still have access"),
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
    def shut(*_: Any, **__: Any) -> ShutOut:
        assert found is not None, "the database was asked"
        return found

    monkeypatch.setattr(revoke, "shut_support_out", shut)
    asked = revocation(parameters, after)
    reading = database_lockdown.shut(asked.gateway, asked.access, asked.everybody)
    said = database_is_closed(replace(NOTHING_ELSE, database=reading), asked.expectation)
    assert said.proven is proven and answer in said.answered
    assert ("deployer db shut-out" in said.left) == (proven is False)


@pytest.mark.parametrize(
    ("parameters", "after", "said"),
    [(ENDPOINT, Grant(), True), ({}, Grant(), False), (ENDPOINT, STAYS, False)],
)
def test_the_question_says_what_becomes_of_the_customers_people(
    parameters: dict[str, str], after: Grant, said: bool
) -> None:
    question = revoke_note(revocation(parameters, after))
    assert ("support's own users lose access; your people keep theirs" in question) is said


@pytest.mark.parametrize(
    ("level", "grant", "said"), [("w", STAYS, True), ("none", STAYS, False), ("w", Grant(), False)]
)
def test_a_grant_names_the_step_that_is_left_in_the_database(level: str, grant: Grant, said: bool) -> None:
    known = {**ENDPOINT, "DatabaseResourceId": "cluster-A", "SupportDatabaseLevel": level}
    access = StackAccess(Stack("s", ARN, StackStatus("UPDATE_COMPLETE"), parameters=known), grant)
    steps = database_step(access, CommandLine("s"))
    assert any("deployer db bootstrap --support --permission w" in step for step in steps) is said
