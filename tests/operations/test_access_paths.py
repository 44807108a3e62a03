"""What a grant opens is shown as the same paths as what a person put there: who, since when, until when, seen how."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from generator.model.access import AccessKey
from generator.model.access_path import AccessPath, PathKind
from generator.model.command_line import CommandLine
from generator.model.grant import Grant
from generator.model.policy import Policy, parse_policy
from generator.model.principal import Principal
from generator.model.reading import Problem, Reading
from generator.model.session import Session
from generator.model.stack import Stack, StackStatus
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths import database, keeper, keys, sessions, statements
from generator.operations.access.paths.statements import NOT_NAMED
from generator.operations.access.stack_access import StackAccess

NOW = datetime(2026, 12, 1, tzinfo=UTC)
END = NOW + timedelta(hours=1)
OWN = "arn:aws:iam::111122223333"
VENDOR = "arn:aws:iam::444455556666:role/vendor"
OUTPUTS = {"SupportUserName": "support", "SupportRoleArn": f"{OWN}:role/support-role", "InstanceId": "i-1"}
DATABASE = {
    "DatabaseEndpoint": "db",
    "DatabasePort": "5432",
    "DatabaseResourceId": "cluster-1",
    "SupportDatabaseLevel": "r",
}
ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1"
STACK = Stack("s", ARN, StackStatus("UPDATE_COMPLETE"), outputs=OUTPUTS, parameters=DATABASE)
ACCESS = StackAccess(STACK, Grant((Principal("aws", "444455556666", "role/vendor"),), END))
COMMANDS = CommandLine("s")
REFUSED: Reading[Any] = Reading("asked", NOW, None, Problem.REFUSED, "why", "iam:DoIt")


def live(document: Any) -> LivePolicies:
    read: Reading[Policy] = Reading("asked", NOW, parse_policy(document))
    return LivePolicies(read, read, REFUSED, read, REFUSED)


def test_a_grants_statement_is_a_path_with_its_end_and_one_by_hand_is_not_the_stacks() -> None:
    ends = {"DateLessThan": {"aws:CurrentTime": "2026-12-01T01:00:00Z"}}
    limits = {"ArnLike": {"aws:PrincipalArn": [VENDOR]}, **ends}
    vendors = {"Sid": "VendorReadsTheSecret", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "a:b"}
    hand = {**vendors, "Sid": "ByHand", "Principal": {"AWS": f"{OWN}:user/support"}}
    document = {"Statement": [{**vendors, "Condition": limits}, hand, "nonsense"]}
    ours, by_hand, unnamed, unclear = statements.secret(live(document), ACCESS, COMMANDS).value or ()
    assert (ours.who, ours.until, ours.by_stack, ours.is_open(NOW), ours.is_open(END)) == (
        VENDOR,
        END,
        True,
        True,
        False,
    )
    assert (by_hand.until, by_hand.by_stack) == (None, False) and "put-resource-policy" in by_hand.remove
    assert unnamed.is_open(END) and unclear.who == NOT_NAMED and unclear.is_open(END)


@pytest.mark.parametrize("made", [statements.secret, statements.key, statements.trust])
def test_a_policy_that_could_not_be_read_is_no_policy_without_paths(made: Any) -> None:
    assert made(LivePolicies(*[REFUSED] * 5), ACCESS, COMMANDS).problem is Problem.REFUSED


def test_a_service_becomes_the_role_and_only_uses_the_key() -> None:
    document = {"Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "a:b"}}
    assert statements.key(live(document), ACCESS, COMMANDS).value == ()
    [path] = statements.trust(live(document), ACCESS, COMMANDS).value or ()
    assert path.kind is PathKind.TRUST and path.who == "ec2.amazonaws.com"


def test_a_key_opens_while_it_is_active_and_until_the_grant_ends() -> None:
    active = AccessKey("AKIA1", "support", "Active", NOW)
    reading = Reading("asked", NOW, (active, replace(active, key_id="AKIA2", status="Inactive")))
    one, other = keys.access_keys(reading, COMMANDS, END).value or ()
    assert (one.since, one.is_open(NOW), one.is_open(END), other.is_open(NOW)) == (NOW, True, False, False)
    assert "--access-key-id AKIA1" in one.remove and keys.access_keys(REFUSED, COMMANDS).value is None


NO_ROLE: Reading[Any] = Reading("asked", NOW, ())
HELPERS = Reading("asked", NOW, (AccessPath(PathKind.ROLE, "helper", VENDOR, "asked"),))
THEIRS = Session("s-1", "i-1", "Connected", f"{OWN}:user/support", started=NOW)
ADAS = replace(THEIRS, session_id="a-1", owner=f"{OWN}:user/ada")
BY_HELPER = replace(THEIRS, session_id="h-1", owner="arn:aws:sts::111122223333:assumed-role/helper/bob")


def session_paths(live: Any, owners: Any, roles: Any = NO_ROLE) -> Any:
    return sessions.sessions(live, owners, roles, ACCESS, COMMANDS)


def known(*, exists: bool) -> Any:
    return Reading("asked", NOW, exists)


def test_sessions_of_support_are_paths_that_the_grant_opened_and_the_customers_are_none() -> None:
    live = Reading("asked", NOW, (THEIRS, ADAS, BY_HELPER))
    [path] = session_paths(live, {ADAS.owner: known(exists=True), BY_HELPER.owner: known(exists=True)}).value
    assert (path.name, path.since, path.until, path.by_stack) == ("s-1", NOW, END, True)
    assert session_paths(REFUSED, {}).value is None


@pytest.mark.parametrize(
    ("session", "owner", "roles", "why"),
    [
        (ADAS, known(exists=False), NO_ROLE, "no user or role of the account"),
        (ADAS, REFUSED, NO_ROLE, "why"),
        (BY_HELPER, known(exists=True), HELPERS, "a role that lets them in"),
    ],
)
def test_a_session_near_the_stack_of_who_is_not_known_to_be_the_customers_is_a_path_without_an_end(
    session: Session, owner: Any, roles: Any, why: str
) -> None:
    [path] = session_paths(Reading("asked", NOW, (session,)), {session.owner: owner}, roles).value
    assert (path.name, path.who, path.until, path.by_stack) == (session.session_id, session.owner, None, False)
    assert why in path.detail and "terminate-session" in path.remove and path.is_open(END)


def test_supports_user_in_the_database_is_a_path_while_somebody_is_let_in() -> None:
    [path] = database.database(ACCESS, COMMANDS, NOW).value or ()
    assert path.name == "deepsql-support_r at db:5432" and path.is_open(NOW) and not path.is_open(END)
    [closed] = database.database(replace(ACCESS, grant=Grant()), COMMANDS, NOW).value or ()
    assert not closed.is_open(NOW)
    assert database.database(StackAccess(replace(STACK, parameters={}), Grant()), COMMANDS, NOW).absent


RULE = "arn:aws:events:us-east-1:111122223333:rule/s-AccessEndRule-1"
KEEPERS = {"KeeperFunction": "s-Keeper", "AccessEndRule": "s-AccessEndRule-1", "SupportCredentialsSecret": "arn:secret"}


class Functions:
    """Lambda with one policy, and no aliases and URLs."""

    def __init__(self, statement: Any) -> None:
        self.policy = parse_policy({"Statement": statement})

    def get_policy(self, function: str, qualifier: str = "") -> Policy:
        return self.policy

    def list_qualifiers(self, function: str) -> list[str]:
        return []

    list_function_urls = list_qualifiers


@pytest.mark.parametrize(
    ("service", "conditions", "is_the_stacks"),
    [
        ("events.amazonaws.com", {"ArnLike": {"AWS:SourceArn": RULE}}, True),
        ("secretsmanager.amazonaws.com", {"ArnLike": {"aws:sourcearn": "arn:secret"}}, True),
        ("secretsmanager.amazonaws.com", {"ArnLike": {"AWS:SourceArn": RULE}}, False),
        ("events.amazonaws.com", {"ArnNotLike": {"AWS:SourceArn": RULE}}, False),
        ("events.amazonaws.com", {"ArnLike": {"AWS:SourceArn": f"{RULE}*"}}, False),
        ("events.amazonaws.com", {"ArnLike": {"AWS:SourceArn": [RULE, "arn:aws:events:*"]}}, False),
        ("events.amazonaws.com", {"ArnLikeIfExists": {"AWS:SourceArn": RULE}}, False),
        ("events.amazonaws.com", {}, False),
        ("apigateway.amazonaws.com", {"ArnLike": {"AWS:SourceArn": RULE}}, False),
    ],
)
def test_the_keeper_obeys_the_stacks_own_rule_and_secret_alone(
    service: str, conditions: Any, is_the_stacks: bool
) -> None:
    statement = {"Sid": "S", "Effect": "Allow", "Principal": {"Service": service}, "Action": "lambda:InvokeFunction"}
    gateway: Any = SimpleNamespace(
        commands=COMMANDS, lambda_functions=Functions({**statement, "Condition": conditions})
    )
    found = keeper.keeper(gateway, ACCESS, Reading("asked", NOW, KEEPERS)).value or ()
    assert [path.who for path in found] == ([] if is_the_stacks else [service])


def test_a_stack_without_a_keeper_has_none_to_invoke() -> None:
    nobody: Any = None
    assert keeper.keeper(nobody, ACCESS, Reading("asked", NOW, {})).absent
    assert keeper.keeper(nobody, ACCESS, REFUSED).problem is Problem.REFUSED
