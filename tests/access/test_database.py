"""Support's way to the customer's database, as the commands of access tell of it."""

from __future__ import annotations

import pytest

from generator.errors import UsageError
from generator.operations.stack.support_toggle import refuse_level_alone
from tests.embedded import VENDOR_ROLE, Deployer, environment

STACK, HOST = "with-database", "app.cluster-x.us-east-1.rds.amazonaws.com"
DATABASE = ("--database-endpoint", HOST, "--database-resource-id", "cluster-ABCDEFGHIJKL01234")
WHERE = f"deepsql-support_r at {HOST}:5432"


@pytest.fixture(scope="module")
def with_database(sandbox_environment: dict[str, str]) -> Deployer:
    """A stack whose support may read a database, by user and by role."""
    with environment(sandbox_environment):
        made = Deployer(STACK)
        made.create("--support-role=yes", *DATABASE, "--support-database-level", "r")
        return made


def test_who_is_let_in_is_told_of_the_database(with_database: Deployer) -> None:
    assert f"database     {WHERE}, by either path" in with_database("access", "show").out
    granted = with_database("access", "grant", "--principal", VENDOR_ROLE, "--for", "2h", "--yes")
    assert granted.code == 0, granted.err
    assert granted.err.count("Sign in to the database as deepsql-support_r") == 2, "by the key and by the role"
    assert WHERE in granted.out + granted.err
    assert with_database("access", "confirm", "--output", "json").result["Database"] == WHERE
    shown = with_database("access", "show", "--output", "json").result
    assert len(shown["ends"]) == 1 and shown["findings"] == []


def test_another_access_level_touches_the_policy_of_support_and_nothing_else(with_database: Deployer) -> None:
    planned = with_database("up", "--support-database-level", "w", "--plan", "--output", "json")
    changes = {change["logical_id"]: change["action"] for change in planned.result["change_set"]["changes"]}
    assert changes == {"SupportSessionPolicy": "Modify"}


def test_an_access_level_without_a_database_is_refused_with_the_options_to_type(deployer: Deployer) -> None:
    alone = deployer("up", "--support-database-level", "r", "--yes")
    assert (alone.code, alone.error["code"]) == (2, "no-database")
    assert alone.error["hint"] == "Give: --database-endpoint … --database-resource-id …"


@pytest.mark.parametrize(
    ("values", "absent"),
    [
        ({"DatabaseEndpoint": "h"}, "DatabaseResourceId"),
        ({"DatabaseResourceId": "db-1"}, "DatabaseEndpoint"),
        ({"DatabaseEndpoint": "", "DatabaseResourceId": ""}, "DatabaseEndpoint and the DatabaseResourceId"),
    ],
)
def test_what_is_missing_of_the_database_is_named(values: dict[str, str], absent: str) -> None:
    with pytest.raises(UsageError, match=f"the stack lacks the {absent} of that database"):
        refuse_level_alone({"SupportDatabaseLevel": "o"} | values)
    refuse_level_alone({"SupportDatabaseLevel": "none"} | values)
