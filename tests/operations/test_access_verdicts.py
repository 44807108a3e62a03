"""Each verdict of a revocation says no when it must, names what is left to do, and says what does not apply.

The account of `CLEAN` is closed; each row changes one answer of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from generator.model.access import AccessKey, Simulation
from generator.model.access_path import AccessPath, AccessPaths, PathKind
from generator.model.command_line import CommandLine
from generator.model.contract import GRANT_PARAMETERS
from generator.model.database_changes import ShutOut
from generator.model.evidence import Evidence
from generator.model.grant import Grant
from generator.model.policy import Policy, parse_policy
from generator.model.principal import Principal
from generator.model.reading import Problem, Reading
from generator.model.session import Session
from generator.model.stack import Stack, StackStatus
from generator.operations.access import verdicts
from generator.operations.access.expectation import Expectation
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.observations import KeyTrial, Observations
from generator.operations.access.paths import statements
from generator.operations.access.stack_access import StackAccess

NOW = datetime(2028, 2, 29, 12, tzinfo=UTC)
ARN = "arn:aws:cloudformation:us-east-1:111122223333:stack/deepsql/1"
ROLE_ARN = "arn:aws:iam::111122223333:role/support-role"
A, B = Principal("aws", "444455556666", "role/A"), Principal("aws", "777788889999", "role/B")
OUTPUTS = {
    "SupportUserName": "support",
    "SupportRoleArn": ROLE_ARN,
    "SupportSecretArn": "arn:aws:secretsmanager:us-east-1:111122223333:secret:s",
    "StackKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k",
    "InstanceId": "i-1",
}
STACK = Stack(
    "deepsql", ARN, StackStatus("UPDATE_COMPLETE"), parameters=dict.fromkeys(GRANT_PARAMETERS, ""), outputs=OUTPUTS
)
BARE = replace(STACK, outputs={})
OLD = replace(STACK, parameters={})
COMMANDS = CommandLine("deepsql", "us-east-1")
CLOSED = Grant((), NOW - timedelta(minutes=1))


def got(value: Any) -> Reading[Any]:
    return Reading("asked", NOW, value)


def failed(problem: Problem, permission: str = "", hint: str = "") -> Reading[Any]:
    return Reading("asked", NOW, None, problem, "why", permission, hint)


GONE, ABSENT, UNREADABLE = failed(Problem.GONE), failed(Problem.ABSENT), failed(Problem.UNREADABLE)


def policy(*statements: Any, name: str = "p", arn: str = "") -> Policy:
    return parse_policy({"Version": "2012-10-17", "Statement": list(statements)}, name, arn)


def allow(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Sid": "ByHand", "Effect": "Allow", "Principal": principal, "Action": "kms:Decrypt", **more}


def right(until: str | None, sid: str = "StartSessionsOnThisInstance") -> dict[str, Any]:
    ends = {"Condition": {"DateLessThan": {"aws:CurrentTime": until}}} if until else {}
    return {"Sid": sid, "Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*", **ends}


X_DOT_COM = "arn:aws:iam::777788889999:role/x.amazonaws.com"
OVER, TO_COME = "2028-02-29T11:59:00Z", "2028-02-29T12:01:00Z"


def refused_until(moment: str, **more: Any) -> dict[str, Any]:
    condition = {"Condition": {"DateLessThan": {"aws:TokenIssueTime": moment}}}
    return {"Sid": "NoOlderSessions", "Effect": "Deny", "Action": "*", "Resource": "*", **condition, **more}


CUT = policy(refused_until("2028-02-29T12:00:00Z"), name="deepsql-support-ssm")
MANAGED = policy(right(OVER), name="session-policy", arn="arn:aws:iam::111122223333:policy/session-policy")
ADAS = Session("ada-1", "i-1", "Connected", "arn:aws:iam::111122223333:user/ada")
POLICIES = LivePolicies(
    secret=got(Policy()),
    key=got(policy(allow({"AWS": "arn:aws:iam::111122223333:root"}), allow({"Service": "logs.amazonaws.com"}))),
    user=got((MANAGED, CUT)),
    trust=got(policy({"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"})),
    role=got((MANAGED,)),
)
ACCESS = StackAccess(STACK, Grant((A, B)))
PATHS = AccessPaths(
    access_keys=got(()),
    secret=statements.secret(POLICIES, ACCESS, COMMANDS),
    replicas=got(()),
    key=statements.key(POLICIES, ACCESS, COMMANDS),
    trust=statements.trust(POLICIES, ACCESS, COMMANDS),
    sessions=got(()),
    database=ABSENT,
    credentials=(got((AccessPath(PathKind.MFA_DEVICE, "serial", "support", "iam:ListMFADevices", opens=False),)),),
    groups=got(()),
    foreign_policies=(got(()), got(())),
    boundaries=(got(()), got(())),
    instance_profiles=got(()),
    key_grants=got(()),
    roles=got(()),
    cluster=ABSENT,
    keeper=got(()),
    session_policy=got(policy(refused_until("2028-02-29T12:00:00Z"), name="session-policy")),
)
HELPERS = Session("h-1", "i-1", "Connected", "arn:aws:sts::111122223333:assumed-role/helper/bob")
HELPER_EXISTS = {HELPERS.owner: got(True)}
HELPER = got((AccessPath(PathKind.ROLE, "helper", B.pattern, "asked", "remove-it"),))
CLEAN = Observations(
    at=NOW,
    grant=got(CLOSED),
    keys=got(()),
    old_key=got(KeyTrial("AKIAOLD", "InvalidClientTokenId")),
    policies=POLICIES,
    paths=PATHS,
    older_role_session=got(Simulation("explicitDeny")),
    new_session=got(Simulation("implicitDeny")),
    sessions=got((ADAS,)),
    owners={ADAS.owner: got(True)},
    database=got(ShutOut("app")),
)
ALL = Expectation(ACCESS, CLOSED, COMMANDS, frozenset({"AKIAOLD"}), NOW)
SOME = replace(ALL, after=Grant((A,)))
OF_OLD = replace(ALL, access=StackAccess(OLD, Grant()))
LATER = replace(CLOSED, not_before="2028-02-29T12:00:01Z")
OF_SUPPORT = {
    "user": Session("support-1", "i-1", "Connected", "arn:aws:iam::111122223333:user/x/support"),
    "role": Session("bob-1", "i-1", "Connected", "arn:aws:sts::111122223333:assumed-role/support-role/bob"),
}


def judged(name: str, seen: Observations, wanted: Expectation) -> Evidence:
    """The evidence of one verdict; the others are looked at too, so that none fails over the same answers."""
    given = dict(zip((v.__name__ for v in verdicts.VERDICTS), verdicts.judge(seen, wanted), strict=True))
    assert not [item for item in given.values() if "not understood (" in item.answered]
    assert all(bool(item.left) == (item.proven is False) for item in given.values()), "a no has a next step"
    return given[name]


def seen(**instead: Any) -> Observations:
    """CLEAN with other answers; those of policies and of paths by their names."""
    policies = {k: v for k, v in instead.items() if k in LivePolicies.__dataclass_fields__}
    asked = {k: v for k, v in instead.items() if k in AccessPaths.__dataclass_fields__.keys() - DERIVED}
    live = replace(POLICIES, **policies)
    paths = {k: (v,) if k in SEVERAL else v for k, v in asked.items()}
    paths |= {k: getattr(statements, k)(live, ACCESS, COMMANDS) for k in ("secret", "key", "trust")}
    others = {k: v for k, v in instead.items() if k not in policies and k not in paths}
    return replace(CLEAN, policies=live, paths=replace(PATHS, **paths), **others)


DERIVED = {"access_keys", "secret", "key", "trust", "sessions", "database"}
"""Paths that are made of other answers, which are asked for once."""
SEVERAL = {"credentials", "foreign_policies", "boundaries"}


def path(who: str = "support", until: datetime | None = None) -> Reading[Any]:
    """One open path, and the command that removes it."""
    return got((AccessPath(PathKind.GROUP, "theirs", who, "asked", "remove-it", until=until),))


@pytest.mark.parametrize("wanted", [ALL, SOME], ids=["everybody", "some"])
def test_a_closed_account_is_proven_and_the_verdicts_say_what_does_not_apply(wanted: Expectation) -> None:
    others = seen(grant=got(wanted.after))
    found = {item.step: item.proven for item in verdicts.judge(others, wanted)}
    assert False not in found.values()
    no_cluster = {"EKS access"}
    stay = no_cluster | {"end of the support policies", "a new session would be refused"}
    assert {step for step, proven in found.items() if proven is None} == (no_cluster if wanted.everybody else stay)


def test_of_a_stack_without_user_and_role_nothing_applies_but_the_stack_and_the_sessions() -> None:
    bare = replace(ALL, access=StackAccess(BARE, Grant()))
    absent = dict.fromkeys(("keys", "old_key", "older_role_session", "new_session", "database"), ABSENT)
    none = LivePolicies(*[ABSENT] * 5)
    no_path = AccessPaths(*[ABSENT] * 7, (ABSENT,), ABSENT, (ABSENT,), (ABSENT,), *[ABSENT] * 6)
    found = {i.step: i.proven for i in verdicts.judge(replace(CLEAN, policies=none, paths=no_path, **absent), bare)}
    assert {step for step, proven in found.items() if proven} == {"grant on the stack", "no session is open"}
    assert False not in found.values()


NARROW = {"Action": "ssm:StartSession"}
SAYS_NO: list[tuple[str, Observations, Expectation, str]] = [
    ("stack_lets_nobody_else_in", seen(grant=got(Grant((A,), CLOSED.until))), ALL, "access revoke --all --stack-name"),
    ("stack_lets_nobody_else_in", seen(grant=got(Grant((), None))), ALL, "access revoke --all"),
    ("stack_lets_nobody_else_in", seen(grant=got(Grant((A, B)))), SOME, f"--principal {B.arn}"),
    ("keys_are_gone", seen(keys=got((AccessKey("AKIANEW", "support", "Active"),))), ALL, "--access-key-id AKIANEW"),
    ("keys_are_gone", seen(keys=got((AccessKey("AKIANEW", "support", "Inactive"),))), ALL, "delete-access-key"),
    ("keys_are_gone", seen(keys=got((AccessKey("AKIAOLD", "support", "Active"),))), SOME, "--access-key-id AKIAOLD"),
    ("keys_are_gone", CLEAN, replace(SOME, keys=None), "access revoke --principal"),
    ("old_key_is_refused", seen(old_key=got(KeyTrial("K", "arn:aws:iam::1:user/support"))), ALL, "In a minute"),
    ("old_key_is_refused", seen(old_key=got(KeyTrial("K", "arn:aws:iam::1:user/ada"))), ALL, "--user-name ada"),
    ("old_key_is_refused", seen(old_key=got(KeyTrial("K", "arn:aws:iam::1:root"))), ALL, "not the support user's"),
    ("old_key_is_refused", seen(old_key=got(KeyTrial("K", "AccessDenied"))), ALL, "access revoke --all"),
    ("old_key_is_refused", seen(old_key=UNREADABLE), ALL, "up --support-user=no"),
    ("old_key_is_refused", seen(old_key=GONE, keys=UNREADABLE), ALL, "up --support-user=no"),
    ("secret_is_closed", seen(secret=got(policy(allow({"AWS": "444455556666"})))), ALL, "delete-resource-policy"),
    ("secret_is_closed", seen(secret=got(policy(allow({"AWS": B.arn})))), SOME, f"ByHand ({B.arn})"),
    ("secret_is_closed", seen(secret=got(policy(allow({"AWS": "arn:aws:iam::444455556666:root"})))), SOME, "ByHand"),
    ("secret_is_closed", seen(secret=got(parse_policy("no policy"))), ALL, "get-resource-policy"),
    ("key_is_closed", seen(key=got(policy(allow("*")))), ALL, "put-key-policy"),
    ("key_is_closed", seen(key=got(policy(allow({"AWS": X_DOT_COM})))), ALL, "x."),
    ("role_is_closed", seen(trust=got(policy(allow({"Service": "ec2.amazonaws.com"})))), ALL, "get-role --role-name"),
    ("role_is_closed", seen(trust=got(policy(allow({"Federated": "accounts.google.com"})))), ALL, "accounts.google"),
    ("role_is_closed", seen(trust=got(policy(allow({"AWS": B.arn})))), SOME, f"ByHand ({B.arn})"),
    ("older_role_sessions_are_refused", seen(older_role_session=got(Simulation("allowed"))), ALL, "put-role-policy"),
    ("older_role_sessions_are_refused", seen(older_role_session=got(Simulation("implicitDeny"))), ALL, "TokenIssue"),
    ("older_user_sessions_are_refused", seen(session_policy=got(MANAGED)), SOME, "deployer upgrade"),
    ("older_user_sessions_are_refused", seen(session_policy=got(policy(refused_until(OVER)))), ALL, "TokenIssueTime"),
    ("older_user_sessions_are_refused", seen(session_policy=got(CUT)), replace(ALL, after=LATER), "TokenIssueTime"),
    (
        "older_user_sessions_are_refused",
        seen(session_policy=got(policy(refused_until(TO_COME, **NARROW)))),
        SOME,
        "lacks",
    ),
    ("older_user_sessions_are_refused", seen(session_policy=got(CUT), grant=got(LATER)), ALL, "TokenIssueTime"),
    ("older_user_sessions_are_refused", seen(user=got((MANAGED,))), OF_OLD, "iam:PutUserPolicy"),
    ("support_policy_is_over", seen(user=got((policy(right(TO_COME)),))), ALL, "delete-user-policy --user-name"),
    ("support_policy_is_over", seen(role=got((policy(right(None), arn="arn:p"),))), ALL, "detach-role-policy"),
    ("support_policy_is_over", seen(user=got((policy(right("soon")),))), ALL, "delete-user-policy"),
    ("support_policy_is_over", seen(role=got((MANAGED, parse_policy("[]")))), ALL, "list-attached-user-policies"),
    (
        "support_policy_is_over",
        seen(user=got((policy(right(None)),)), grant=got(Grant())),
        ALL,
        "does not have the new",
    ),
    ("a_session_would_be_refused", seen(new_session=got(Simulation("allowed", ("foreign",)))), ALL, "foreign"),
    (
        "a_session_would_be_refused",
        seen(new_session=got(Simulation("allowed")), user=got((MANAGED, policy(right(None, "Mine"), name="mine")))),
        ALL,
        "delete-user-policy --user-name support --policy-name mine",
    ),
    ("other_credentials_are_gone", seen(credentials=path()), ALL, "remove-it"),
    ("other_credentials_are_gone", seen(credentials=path(until=NOW + timedelta(1))), SOME, "remove-it"),
    ("no_group_is_left", seen(groups=path()), SOME, "remove-it"),
    ("no_foreign_policy_is_left", seen(foreign_policies=path()), ALL, "remove-it"),
    ("boundaries_are_the_stacks", seen(boundaries=path()), ALL, "remove-it"),
    ("no_instance_has_the_role", seen(instance_profiles=path()), ALL, "remove-it"),
    ("no_grant_on_the_key_is_left", seen(key_grants=path(A.arn)), ALL, "remove-it"),
    ("no_grant_on_the_key_is_left", seen(key_grants=path(B.arn)), SOME, "remove-it"),
    ("no_replica_of_the_secret_is_left", seen(replicas=path("whoever")), ALL, "remove-it"),
    ("no_replica_of_the_secret_is_left", seen(replicas=path("whoever")), SOME, "remove-it"),
    ("the_keeper_obeys_nobody_else", seen(keeper=path("anybody")), ALL, "remove-it"),
    ("the_keeper_obeys_nobody_else", seen(keeper=path(B.arn)), SOME, "remove-it"),
    ("the_cluster_is_closed", seen(cluster=path()), ALL, "remove-it"),
    ("the_cluster_is_closed", seen(cluster=path(B.arn)), SOME, "remove-it"),
    ("no_other_role_lets_them_in", seen(roles=path(B.arn)), SOME, "remove-it"),
    ("no_session_is_open", seen(sessions=got((OF_SUPPORT["user"],))), ALL, "terminate-session --session-id support-1"),
    ("no_session_is_open", seen(sessions=got((OF_SUPPORT["role"],))), SOME, "terminate-session --session-id bob-1"),
    ("no_session_is_open", seen(owners={ADAS.owner: got(False)}), ALL, "terminate-session --session-id ada-1"),
    ("no_session_is_open", seen(owners={ADAS.owner: failed(Problem.REFUSED, "iam:GetUser")}), ALL, "Needs iam:GetUser"),
    (
        "no_session_is_open",
        seen(sessions=got((HELPERS,)), owners={HELPERS.owner: got(True)}, roles=HELPER),
        SOME,
        "h-1",
    ),
    ("database_is_closed", seen(database=got(ShutOut("app", problem="No way.", hint="Do it."))), ALL, "Do it. Or: "),
    ("database_is_closed", seen(database=UNREADABLE), ALL, "deployer db shut-out --support --password-prompt"),
]


@pytest.mark.parametrize(("verdict", "observed", "wanted", "left"), SAYS_NO)
def test_it_says_no_and_names_what_is_left(
    verdict: str, observed: Observations, wanted: Expectation, left: str
) -> None:
    found = judged(verdict, observed, wanted)
    assert found.proven is False and left in found.left, found


def test_what_is_left_of_the_keys_is_told_with_its_status() -> None:
    key = AccessKey("AKIANEW", "support", "Inactive")
    assert "AKIANEW Inactive" in judged("keys_are_gone", seen(keys=got((key,))), ALL).answered


def test_every_verdict_has_a_row_in_which_it_says_no() -> None:
    assert {row[0] for row in SAYS_NO} == {verdict.__name__ for verdict in verdicts.VERDICTS}


READINGS = {
    "grant": "stack_lets_nobody_else_in",
    "keys": "keys_are_gone",
    "old_key": "old_key_is_refused",
    "secret": "secret_is_closed",
    "key": "key_is_closed",
    "trust": "role_is_closed",
    "user": "support_policy_is_over",
    "role": "support_policy_is_over",
    "older_role_session": "older_role_sessions_are_refused",
    "new_session": "a_session_would_be_refused",
    "credentials": "other_credentials_are_gone",
    "groups": "no_group_is_left",
    "foreign_policies": "no_foreign_policy_is_left",
    "boundaries": "boundaries_are_the_stacks",
    "instance_profiles": "no_instance_has_the_role",
    "key_grants": "no_grant_on_the_key_is_left",
    "replicas": "no_replica_of_the_secret_is_left",
    "roles": "no_other_role_lets_them_in",
    "cluster": "the_cluster_is_closed",
    "keeper": "the_keeper_obeys_nobody_else",
    "session_policy": "older_user_sessions_are_refused",
    "sessions": "no_session_is_open",
    "database": "database_is_closed",
}


@pytest.mark.parametrize("reading", READINGS)
def test_what_was_refused_throttled_or_not_understood_is_not_proven(reading: str) -> None:
    refused = judged(READINGS[reading], seen(**{reading: failed(Problem.REFUSED, "iam:DoIt")}), ALL)
    assert refused.proven is False and (reading == "database" or "Needs iam:DoIt: " in refused.left)
    for problem in (Problem.TRANSIENT, Problem.FAILED, Problem.UNREADABLE):
        assert judged(READINGS[reading], seen(**{reading: failed(problem)}), ALL).proven is False


def test_every_reading_is_refused_once_above() -> None:
    one_by_one = {*LivePolicies.__dataclass_fields__} | ({*AccessPaths.__dataclass_fields__} - DERIVED)
    assert {*Observations.__dataclass_fields__} - {"at", "policies", "paths", "owners"} | one_by_one == set(READINGS)


@pytest.mark.parametrize(
    ("verdict", "observed", "wanted"),
    [
        ("keys_are_gone", seen(keys=GONE), ALL),
        ("keys_are_gone", seen(keys=got((AccessKey("AKIANEW", "support", "Active"),))), SOME),
        ("old_key_is_refused", seen(old_key=GONE), ALL),
        ("old_key_is_refused", seen(old_key=GONE, keys=GONE), SOME),
        ("secret_is_closed", seen(secret=GONE), ALL),
        ("secret_is_closed", seen(secret=got(policy(allow({"AWS": A.arn})))), SOME),
        ("role_is_closed", seen(trust=GONE), ALL),
        ("older_role_sessions_are_refused", seen(older_role_session=GONE), ALL),
        ("support_policy_is_over", seen(user=GONE, role=GONE), ALL),
        ("older_user_sessions_are_refused", seen(user=GONE), SOME),
        ("older_user_sessions_are_refused", seen(user=got((CUT,)), session_policy=UNREADABLE), OF_OLD),
        ("older_user_sessions_are_refused", seen(user=got((CUT,)), session_policy=ABSENT), ALL),
        ("a_session_would_be_refused", seen(new_session=GONE), ALL),
        ("no_session_is_open", seen(sessions=got((HELPERS,)), owners=HELPER_EXISTS), ALL),
        ("other_credentials_are_gone", seen(credentials=GONE), ALL),
        ("other_credentials_are_gone", seen(credentials=path(until=NOW)), ALL),
        ("no_grant_on_the_key_is_left", seen(key_grants=path(A.arn)), SOME),
        ("no_other_role_lets_them_in", seen(roles=path(A.pattern)), SOME),
    ],
)
def test_what_is_gone_or_meant_to_stay_is_proven(verdict: str, observed: Observations, wanted: Expectation) -> None:
    assert judged(verdict, observed, wanted).proven is True


def test_a_stack_whose_template_knows_no_grants_has_no_end_to_prove() -> None:
    old = replace(ALL, access=StackAccess(OLD, Grant()))
    for verdict in ("stack_lets_nobody_else_in", "support_policy_is_over"):
        assert judged(verdict, CLEAN, old).proven is None


def test_a_verdict_that_fails_is_not_proven_and_the_others_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(seen: Observations, wanted: Expectation) -> Evidence:
        raise KeyError("what AWS never answered before")

    monkeypatch.setattr(verdicts, "VERDICTS", (fails, verdicts.keys_are_gone))
    broken, other = verdicts.judge(CLEAN, ALL)
    assert (broken.proven, other.proven) == (False, True)
    assert "KeyError" in broken.answered and "never answered" not in broken.answered + broken.left
