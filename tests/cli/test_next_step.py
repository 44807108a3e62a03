"""The next command of a message carries what was given, wherever the message was made."""

from __future__ import annotations

import shlex

import pytest

from generator.cli.invocation import Invocation
from generator.cli.next_step import completed

GIVEN = {"--stack-name": "second", "--region": "eu-west-1", "--profile": "p q", "--env": ""}
ALL = "--stack-name second --region eu-west-1 --profile 'p q'"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Create one with: deployer db token", f"Create one with: deployer db token {ALL}"),
        ("See: deployer events.", f"See: deployer events {ALL}."),
        ("deployer up --database-endpoint E", f"deployer up {ALL} --database-endpoint E"),
        ("deployer sessions shows what is open", f"deployer sessions {ALL} shows what is open"),
        (
            "deployer sessions end ID; then deployer doctor",
            f"deployer sessions end {ALL} ID; then deployer doctor {ALL}",
        ),
        (
            "deployer up --x --stack-name other --region r",
            "deployer up --profile 'p q' --x --stack-name other --region r",
        ),
        ("one\ndeployer status", f"one\ndeployer status {ALL}"),
        ("See: deployer up --help", "See: deployer up --help"),
        ("deployer sandbox start", "deployer sandbox start"),
        ("deployer config set region R", "deployer config set region R"),
        ("deployer generate -o F && aws s3 ls", "deployer generate -o F && aws s3 ls"),
        ("/opt/deployer ssh-proxy i-1", "/opt/deployer ssh-proxy i-1"),
        *(
            (f"{side} with: deployer outputs", f"{side} with: deployer outputs --stack-name second --region eu-west-1")
            for side in (
                "The customer finds it",
                "Ask the customer,",
                "The vendor's support finds it",
                "Send this to the customer: see",
            )
        ),
        *(
            (f"{told}: deployer status --x", f"{told}: deployer status {ALL} --x")
            for told in (
                *("The stack customer-prod is not there", "arn:aws:iam::111122223333:role/Customer is not there"),
                *("The profile 'Ask the customer' is not there", "A customer stack is not there"),
                *("The customer-prod stack is busy", "s3://the/vendor's support.txt is not there"),
            )
        ),
        (
            "Ask the customer, and see: deployer vendor check --secret-id ARN",
            "Ask the customer, and see: deployer vendor check --region eu-west-1 --profile 'p q' --secret-id ARN",
        ),
        ("this deployer uploads nothing", "this deployer uploads nothing"),
    ],
)
def test_a_command_gets_what_it_lacks_and_nothing_else_changes(text: str, expected: str) -> None:
    assert completed(text, GIVEN) == expected


def test_what_is_completed_is_not_completed_again() -> None:
    once = completed("deployer db token; deployer status --x", GIVEN)
    assert completed(once, GIVEN) == once


@pytest.mark.parametrize("text", ["deployer status", "deployer config set region R"])
def test_an_environment_is_carried_to_the_store_too(text: str) -> None:
    assert "--env e" in completed(text, {"--env": "e"})


TYPED = (("--endpoint", "db.internal"), ("--dbname", "app"), ("--permission", "w"), ("--support", ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("deployer db token", "deployer db token --endpoint db.internal --dbname app --permission w --support"),
        (
            "deployer db users --permission o",
            "deployer db users --endpoint db.internal --dbname app --support --permission o",
        ),
        ("deployer db bootstrap --for a=r", "deployer db bootstrap --endpoint db.internal --dbname app --for a=r"),
        ("deployer db bootstrap app --for a=r", "deployer db bootstrap app --for a=r"),
        (
            "deployer db connect without -c",
            "deployer db connect --endpoint db.internal --dbname app --permission w --support without -c",
        ),
        ("deployer db ca-bundle", "deployer db ca-bundle"),
        ("deployer status", "deployer status"),
    ],
)
def test_a_command_of_db_keeps_to_the_database_and_the_user_that_were_meant(text: str, expected: str) -> None:
    once = completed(text, {}, database=TYPED)
    assert once == expected and completed(once, {}, database=TYPED) == once
    assert completed("See: deployer db users", {}, database=(("", "app"),)) == "See: deployer db users app"
    assert completed("See: deployer db users app", {}, database=(("", "app"),)) == "See: deployer db users app"


def test_the_sandbox_goes_before_the_command() -> None:
    assert completed("deployer access show, or deployer sandbox stop", {}, sandbox=True) == (
        "deployer --sandbox access show, or deployer sandbox stop"
    )


def test_a_call_gives_what_it_was_given_and_the_default_stack_needs_no_name() -> None:
    assert Invocation().pasteable("deployer status") == "deployer status"
    call = Invocation(stack_name="s", region="r", env="e", sandbox=True)
    assert shlex.split(call.pasteable("deployer status")) == [
        *("deployer", "--sandbox", "status", "--env", "e", "--stack-name", "s", "--region", "r")
    ]
