"""Faults between us and AWS while a whole command waits: what passes is waited out, what lasts is named, and a rerun
verifies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from generator.operations import polling
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, Outcome, run
from tests.faulty import CUT, PAGE, Proxy, When, at, once_ended, proxied, since

EVENTS, EXPIRED = "DescribeStackEvents", "ExpiredTokenException"
GONE = ("ok  support user", "ok  its access keys", "ok  support secret", "ok  instance")
POSITIONS = {"first": lambda: at(1), "second": lambda: at(2), "last": once_ended}
PASSING: dict[str, dict[str, object]] = {
    "throttled": {"code": "Throttling"},
    "unavailable": {"code": "ServiceUnavailable", "status": 503},
    "page": {"body": PAGE},
    "cut": {"body": CUT},
}


@pytest.fixture
def proxy(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Between the commands of the test and the sandbox; no call is tried again by botocore."""
    sandbox = deployer.gateway.client("cloudformation").meta.endpoint_url
    with proxied(sandbox) as between:
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.endpoint)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        yield between


def left_alone(outcome: Outcome, deployer: Deployer) -> None:
    """It ended with 1, said that it goes on, and how to follow it."""
    assert outcome.code == 1, outcome.err
    assert "continues in AWS" in outcome.err and EXPIRED in outcome.err
    assert f"deployer events --follow --stack-name {deployer.stack_name} --region us-east-1" in outcome.err


@pytest.mark.parametrize(
    ("position", "fault"),
    [
        *((position, "throttled") for position in POSITIONS),
        ("second", "unavailable"),
        ("second", "page"),
        ("last", "cut"),
    ],
)
def test_a_fault_that_passes_is_waited_out_at_any_poll(
    position: str, fault: str, deployer: Deployer, proxy: Proxy
) -> None:
    deployer.create()
    proxy.spoil(EVENTS, POSITIONS[position](), **PASSING[fault])  # type: ignore[arg-type]
    done = deployer.up("--support-user=no")
    assert done.code == 0, done.err
    assert done.err.count("Trying again, for up to 5 minutes.") == 1
    assert all(line in done.out for line in GONE)


@pytest.mark.parametrize("when", [since(1), since(2)], ids=["first", "second"])
def test_an_expired_sign_in_leaves_it_going_and_a_rerun_verifies(when: When, deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil(EVENTS, when, EXPIRED)
    left_alone(deployer.up("--support-user=no"), deployer)
    proxy.heal()
    again = deployer.up("--support-user=no")
    assert again.code == 0 and all(line in again.out for line in GONE), again.err + again.out


def test_an_expired_sign_in_at_the_last_poll(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil(EVENTS, once_ended(), EXPIRED)
    left_alone(deployer.up("--support-user=no"), deployer)
    again = deployer.up("--support-user=no")
    assert "nothing to change" in again.err
    assert again.code == 0 and all(line in again.out for line in GONE)


def test_a_rerun_says_no_where_the_user_is_still_there(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create("--support-user-name", f"support-{deployer.stack_name}")
    proxy.spoil(EVENTS, once_ended(), EXPIRED)
    left_alone(deployer.up("--support-user=no"), deployer)
    deployer.gateway.client("iam").create_user(UserName=f"support-{deployer.stack_name}")
    again = deployer.up("--support-user=no")
    assert again.code == 3 and "still exists" in again.out


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("GetUser", ("--support-user=no",)),
        ("DescribeSecret", ("--support-user=no",)),
        ("DescribeInstances", ("--support-user=no",)),
    ],
)
def test_what_cannot_be_verified_is_said_and_a_rerun_verifies(
    operation: str, words: tuple[str, ...], deployer: Deployer, proxy: Proxy
) -> None:
    deployer.create()
    number = 2 if operation == "DescribeInstances" else 1  # the first look notes the instance as it is
    proxy.spoil(operation, since(number), EXPIRED)
    unsure = deployer.up(*words)
    assert unsure.code == 1 and "could not be verified" in unsure.err, unsure.err
    proxy.heal()
    assert deployer.up(*words).code == 0


def test_a_fault_that_lasts_is_given_up_in_the_end(
    deployer: Deployer, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "OUTAGE_SECONDS", 0.3)
    proxy.spoil(EVENTS, since(1), "Throttling")
    lost = deployer.up(*PLACE)
    assert lost.code == 1 and "continues in AWS" in lost.err and "(Throttling)" in lost.err
    proxy.heal()
    again = deployer.up(*PLACE)
    assert again.code == 0 and "CREATE_COMPLETE" in deployer("status").out


GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--reason", "T-1", "--yes")


@pytest.mark.parametrize(
    ("words", "operation"),
    [
        (("up", "--bastion-host=yes", "--yes"), "DescribeChangeSet"),
        (("down", "--yes"), EVENTS),
        (("down", "--yes"), "DeleteStack"),
        (GRANT, EVENTS),
        (GRANT, "DescribeChangeSet"),
        (("access", "rotate", "--yes"), "DescribeSecret"),
        (("up", "--session-log-retention-days=30", "--yes"), "ExecuteChangeSet"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[:2][-1],
)
def test_every_verb_waits_out_throttling(
    words: tuple[str, ...], operation: str, deployer: Deployer, proxy: Proxy
) -> None:
    deployer.create()
    asks_before = operation == "DescribeSecret"  # whether the secret is there, which needs no answer
    proxy.spoil(operation, at(2 if asks_before else 1), "Throttling", before=True)
    done = deployer(*words)
    assert done.code == 0, done.err
    assert "Trying again" in done.err and proxy.asked[operation] > 1


def test_the_recovery_host_is_waited_for_through_throttling(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create("--recovery-bastion=yes")
    proxy.spoil("DescribeAutoScalingGroups", at(1, 2), "Throttling")
    assert deployer("recovery", "up", "--yes").code == 0
    proxy.heal()
    proxy.spoil("DescribeAutoScalingGroups", since(1), EXPIRED)
    lost = deployer("recovery", "down", "--yes")
    assert lost.code == 1 and "deployer recovery status --stack-name" in lost.err
    proxy.heal()
    assert deployer("recovery", "down", "--yes").code == 0


def test_a_deletion_lost_sight_of_is_joined_or_done(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil(EVENTS, since(1), EXPIRED)
    left_alone(deployer("down", "--yes"), deployer)
    proxy.heal()
    again = deployer("down", "--yes")
    assert again.code in (0, 4), again.err
    assert deployer("status").code == 4


def test_a_grant_lost_sight_of_is_verified_by_a_rerun(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil(EVENTS, since(1), EXPIRED)  # a quick machine shows the whole update at the first look
    left_alone(deployer(*GRANT), deployer)
    proxy.heal()
    deployer("events", "--follow")
    again = deployer(*GRANT)
    assert again.code == 0 and "ok" in again.out, again.err


def test_a_rotation_lost_sight_of_says_where_to_look(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil("DescribeSecret", since(1), EXPIRED)
    lost = deployer("access", "rotate", "--yes")
    assert lost.code == 1 and "continues in AWS" in lost.err and "deployer access show --stack-name" in lost.err
    proxy.heal()
    secret = deployer.outputs["SupportSecretArn"]
    while deployer.gateway.secretsmanager.describe_secret(secret).version("AWSPENDING"):
        time.sleep(0.05)
    assert deployer("access", "rotate", "--yes").code == 0


def test_a_command_on_hosts_lost_sight_of_goes_on_and_says_where_to_look(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil("ListCommandInvocations", since(1), EXPIRED)
    script = ("run", "--instance-id", deployer.outputs["InstanceId"], "true")
    lost = run(*script)
    assert lost.code == 1 and "is still running on its hosts, but could not be followed" in lost.err, lost.err
    assert "aws ssm list-command-invocations --details --command-id" in lost.err and "Sign in again" in lost.err
    proxy.heal()
    assert run(*script).code == 0


def test_events_that_are_followed_say_that_the_operation_goes_on(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil(EVENTS, since(1), EXPIRED)
    left_alone(deployer.up("--support-user=no"), deployer)
    lost = deployer("events", "--follow")
    assert lost.code == 1 and EXPIRED in lost.err and "Sign in again" in lost.err, lost.err
    proxy.heal()
    assert deployer("events", "--follow").code == 0


def test_a_revocation_goes_on_with_its_other_steps(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    assert deployer(*GRANT).code == 0
    proxy.spoil(EVENTS, since(1), EXPIRED)
    unproven = deployer("access", "revoke", "--all", "--yes")
    assert unproven.code == 3 and "continues in AWS" in unproven.err
    proxy.heal()
    deployer("events", "--follow")
    assert deployer("access", "revoke", "--all", "--yes").code == 0


def nothing_left(deployer: Deployer, proxy: Proxy) -> None:
    proxy.heal()
    client = deployer.gateway.client("cloudformation")
    stacks = client.describe_stacks()["Stacks"]
    assert deployer.stack_name not in {stack["StackName"] for stack in stacks}


@pytest.mark.parametrize("operation", ["ExecuteChangeSet", "UpdateTerminationProtection"])
def test_a_refused_creation_leaves_nothing_behind(operation: str, deployer: Deployer, proxy: Proxy) -> None:
    proxy.spoil(operation, since(1), "AccessDenied", before=True)
    refused = deployer.up(*PLACE)
    assert refused.code == 1 and "AccessDenied" in refused.err
    nothing_left(deployer, proxy)


@pytest.mark.parametrize("words", [("up", "--support-user=no", "--yes"), GRANT], ids=["up", "grant"])
def test_a_refused_update_leaves_no_change_set_behind(words: tuple[str, ...], deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil("ExecuteChangeSet", since(1), "AccessDenied", before=True)
    assert deployer(*words).code == 1
    sets = deployer.gateway.client("cloudformation").list_change_sets(StackName=deployer.stack_name)["Summaries"]
    assert [each["ExecutionStatus"] for each in sets] in ([], ["EXECUTE_COMPLETE"])  # the creation's own


def test_a_refusal_between_plan_and_question_leaves_nothing_behind(deployer: Deployer, proxy: Proxy) -> None:
    deployer.create()
    proxy.spoil("DescribeInstances", since(1), "UnauthorizedOperation")
    assert deployer.up("--support-user=no").code == 1
    sets = deployer.gateway.client("cloudformation").list_change_sets(StackName=deployer.stack_name)["Summaries"]
    assert [each["ExecutionStatus"] for each in sets] in ([], ["EXECUTE_COMPLETE"])


def test_a_change_set_that_cannot_be_worked_out_leaves_nothing_behind(deployer: Deployer, proxy: Proxy) -> None:
    failed = deployer.up("--vpc-id", "vpc-nope", *PLACE[2:])
    assert failed.code == 1 and "--vpc-id" in failed.err, failed.err
    nothing_left(deployer, proxy)


def test_an_order_whose_answer_was_lost_is_not_given_up(deployer: Deployer, proxy: Proxy) -> None:
    """The first answer is cut off; the order has arrived, and a second one would be refused."""
    proxy.spoil("ExecuteChangeSet", at(1), body=CUT)
    done = deployer.up(*PLACE)
    assert done.code == 0 and "CREATE_COMPLETE" in deployer("status").out, done.err


def test_what_could_not_be_removed_is_named(deployer: Deployer, proxy: Proxy) -> None:
    proxy.spoil("*", lambda number, answer: proxy.asked["CreateChangeSet"] > 0, EXPIRED, before=True)
    proxy.faults[0].when = lambda number, answer: (
        proxy.asked["CreateChangeSet"] > 0 and "DescribeChangeSet" in proxy.asked
    )
    lost = deployer.up(*PLACE, "--output", "json")
    assert lost.code == 1
    hint = json.loads(lost.out)["error"]["hint"]
    assert f"aws cloudformation delete-stack --stack-name {deployer.stack_name} --region us-east-1" in hint
