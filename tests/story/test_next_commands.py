"""Every next command that a message names works when it is pasted: here they are, for a stack of another name."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest

from generator.errors import DeployerError
from generator.operations.database import connect
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, Outcome, run
from tests.story.test_states import fail_next

PLACEHOLDERS = {"ARN": VENDOR_ROLE, "TICKET": "T-1"}
COMMAND = re.compile(
    r"\bdeployer (?:--sandbox )?(?!sandbox|demo)[a-z].*?(?=$|\)|[;,.] | \(|\.$|,? or |,? then | with these)", re.M
)


def named(outcome: Outcome) -> list[list[str]]:
    """The commands that an outcome names, each as the words that a shell makes of it."""
    found = COMMAND.findall(outcome.err + "\n" + outcome.out)
    return [[PLACEHOLDERS.get(word, word) for word in shlex.split(text)] for text in dict.fromkeys(found)]


def paste(words: list[str]) -> Outcome:
    assert words[0] == "deployer"
    follows = ["--follow"] if "--follow" in words else []
    return run(*(word for word in words[1:] if word not in follows), "--yes")


def failed_creation(deployer: Deployer) -> Outcome:
    fail_next("SupportSessionPolicy", "create")
    return deployer.up(*PLACE)


def grant_after_it(deployer: Deployer) -> Outcome:
    failed_creation(deployer)
    return deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")


def created(deployer: Deployer) -> Outcome:
    return deployer.up(*PLACE)


def granted_to_nobody(deployer: Deployer) -> Outcome:
    deployer.create("--support-user=no")
    return deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")


def shown_without_a_grant(deployer: Deployer) -> Outcome:
    deployer.create()
    return deployer("access", "confirm")


def failed_update(deployer: Deployer) -> Outcome:
    deployer.create()
    fail_next("SessionLogGroup", "update")
    return deployer.up("--session-log-retention-days", "30", "--disable-rollback")


def update_after_it(deployer: Deployer) -> Outcome:
    failed_update(deployer)
    return deployer.up("--session-log-retention-days", "30")


def retained_too_early(deployer: Deployer) -> Outcome:
    deployer.create()
    return deployer("down", "--retain", "StackKey", "--yes")


def failed_deletion(deployer: Deployer) -> Outcome:
    deployer.create()
    fail_next("SupportUser", "delete")
    return deployer("down", "--yes")


def retained_after_it(deployer: Deployer) -> Outcome:
    failed_deletion(deployer)
    return deployer("down", "--retain", "NoSuch", "--yes")


def flip_of_a_granted_user(deployer: Deployer) -> Outcome:
    deployer.create("--support-role=yes")
    deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")
    return deployer.up("--support-user=no")


def no_recovery_group(deployer: Deployer) -> Outcome:
    deployer.create()
    return deployer("recovery", "up")


def under_an_environment(deployer: Deployer) -> Outcome:
    deployer.create()
    for key, value in (("stack-name", deployer.stack_name), ("region", "us-east-1")):
        assert run("config", "set", "--env", "there", key, value).code == 0
    return run("db", "token", "--endpoint", "db.internal", "--env", "there")


MEANT = ("--endpoint", "db.internal", "--port", "5432", "--permission", "w", "--support")


def token_of_support_is_too_old(deployer: Deployer) -> Outcome:
    """As the database says it when the token of 15 minutes is refused."""
    deployer.create()
    refused = DeployerError("The token expired 3 min ago.", "Create a new one with: deployer db token", code="token")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connect, "find_database", Mock(side_effect=refused))
        outcome = deployer("db", "connect", *MEANT)
    assert " ".join(MEANT) in outcome.err, outcome.err
    return outcome


def without_a_grant_behind_the_option(deployer: Deployer) -> Outcome:
    deployer.create()
    return run("--sandbox", "access", "confirm", "--stack-name", deployer.stack_name)


def in_a_profile(deployer: Deployer) -> Outcome:
    deployer.create()
    config = Path(os.environ["AWS_CONFIG_FILE"])
    if "[profile mine]" not in config.read_text():
        keys = (f"{name} = {os.environ[name.upper()]}\n" for name in ("aws_access_key_id", "aws_secret_access_key"))
        config.write_text(config.read_text() + "\n[profile mine]\n" + "".join(keys))
    outcome = deployer("access", "confirm", "--profile", "mine")
    assert "--profile mine" in outcome.err, outcome.err
    return outcome


def in_a_region(deployer: Deployer) -> Outcome:
    deployer.create()
    outcome = deployer("access", "confirm", "--region", os.environ["AWS_REGION"])
    assert f"--region {os.environ['AWS_REGION']}" in outcome.err, outcome.err
    return outcome


def in_an_environment(deployer: Deployer) -> Outcome:
    deployer.create()
    for key, value in (("stack-name", deployer.stack_name), ("region", os.environ["AWS_REGION"])):
        assert run("config", "set", "--env", "here", key, value).code == 0
    outcome = run("access", "confirm", "--env", "here")
    assert "--env here" in outcome.err, outcome.err
    return outcome


def a_session_that_is_not_there(deployer: Deployer) -> Outcome:
    deployer.create()
    return deployer("sessions", "end", "root-0a1b2c3d4e5f6a7b8", "--yes", "--region", os.environ["AWS_REGION"])


def paused(deployer: Deployer) -> Outcome:
    deployer.create()
    deployer("access", "grant", "--principal", VENDOR_ROLE, "--yes")
    deployer("access", "pause", "--yes")
    return deployer("access", "show")


def support_meets_a_dead_key(deployer: Deployer) -> Outcome:
    """What it has to ask of the customer names the customer's stack and region, and whom to let in again."""
    paused(deployer)
    secret = deployer.outputs["SupportSecretArn"]
    outcome = deployer("vendor", "check", "--secret-id", secret, "--region", os.environ["AWS_REGION"])
    assert f"grant --stack-name {deployer.stack_name} --region {os.environ['AWS_REGION']} --principal arn:" in (
        outcome.out + outcome.err
    )
    return outcome


SITUATIONS: list[tuple[Callable[[Deployer], Outcome], dict[str, int]]] = [
    (failed_creation, {"events": 0}),
    (grant_after_it, {"events": 0, "up --recreate": 0}),
    (created, {"access grant": 0}),
    (granted_to_nobody, {"up --support-user=yes": 0}),
    (shown_without_a_grant, {"access grant": 0}),
    (failed_update, {"events": 0}),
    (update_after_it, {"events": 0, "up --continue-rollback": 0, "up --disable-rollback": 0}),
    (retained_too_early, {"down": 0}),
    (failed_deletion, {"access revoke": 3, "events": 0}),
    (retained_after_it, {"down --retain": 0}),
    (flip_of_a_granted_user, {"access grant": 0, "access revoke": 0}),
    (no_recovery_group, {"up --recovery-bastion=yes": 0}),
    (under_an_environment, {}),
    (token_of_support_is_too_old, {"db token": 0}),
    (without_a_grant_behind_the_option, {"--sandbox access": 0}),
    (in_a_profile, {"access grant": 0}),
    (in_a_region, {"access grant": 0}),
    (in_an_environment, {"access grant": 0}),
    (a_session_that_is_not_there, {"sessions": 0}),
    (paused, {"access resume": 0}),
    (support_meets_a_dead_key, {"access resume": 0, "access grant": 0, "access confirm": 0}),
]
"""What befalls somebody, the commands that are then named, in this order, and the exit code of each when pasted."""


@pytest.mark.parametrize(("situation", "names"), SITUATIONS, ids=lambda given: getattr(given, "__name__", ""))
def test_each_command_that_is_named_works_as_it_is(
    situation: Callable[[Deployer], Outcome], names: dict[str, int], deployer: Deployer
) -> None:
    outcome = situation(deployer)
    commands = named(outcome)
    shown = [" ".join(words[1:3]).removesuffix(" --stack-name").removesuffix(" --env") for words in commands]
    assert shown == list(names), outcome
    for words, code in zip(commands, names.values(), strict=True):
        assert {deployer.stack_name, "here"} & set(words), words
        done = paste(words)
        assert done.code == code, (words, done)
