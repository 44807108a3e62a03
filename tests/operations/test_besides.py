"""What a grant names besides itself: whom it concerns, and what is there already. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from generator.errors import Refused
from generator.model.access_path import AccessPath, PathKind, PathReading
from generator.model.grant import Grant
from generator.model.policy import Policy, parse_policy
from generator.model.principal import parse_principal
from generator.model.reading import Problem, Reading
from generator.model.stack import Stack, StackStatus
from generator.operations.access import foreign_statements
from generator.operations.access.live_policies import LivePolicies
from generator.operations.access.paths import besides
from generator.operations.access.stack_access import StackAccess

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
VENDOR = parse_principal("arn:aws:iam::444455556666:role/support")
ROOT, NEIGHBOUR = "arn:aws:iam::444455556666:root", "arn:aws:iam::444455556666:role/another"
THIRD = "arn:aws:iam::777788889999:root"
OUTPUTS = {"SupportUserName": "deepsql-support"}
STACK = Stack("s", "arn:aws:cloudformation:eu-west-1:111122223333:stack/s/1", StackStatus("X"), outputs=OUTPUTS)
ACCESS = StackAccess(STACK, Grant((VENDOR,)))
NOTHING: Reading[Policy] = Reading("asked", NOW, Policy())
LIVE = LivePolicies(NOTHING, NOTHING, Reading("asked", NOW, ()), NOTHING, Reading("asked", NOW, ()))


def path(kind: PathKind, who: str, **more: object) -> AccessPath:
    return AccessPath(kind, f"{kind} of {who}", who, "asked", **more)  # type: ignore[arg-type]


def seen(*paths: AccessPath) -> besides.Seen:
    of_policies, others = Reading("policies", NOW, paths), Reading[tuple[AccessPath, ...]]("others", NOW, ())
    return besides.Seen(Reading("resources", NOW, {}), LIVE, (of_policies,), (others,))


@pytest.mark.parametrize("kind", [PathKind.ROLE, PathKind.KEY_GRANT, PathKind.CLUSTER])
@pytest.mark.parametrize(
    ("who", "named"),
    [
        (VENDOR.arn, True),
        (ROOT, True),
        ("arn:aws:iam::444455556666:role/*", True),
        ("arn:aws:iam::111122223333:user/deepsql-support", True),
        ("*", True),
        ("somebody whom it does not name clearly", True),
        (NEIGHBOUR, False),
        (THIRD, False),
    ],
)
def test_a_role_and_a_grant_on_the_key_are_named_where_they_let_in_one_of_them(
    kind: PathKind, who: str, named: bool
) -> None:
    found = besides.besides(seen(path(kind, who)), ACCESS, (VENDOR,), NOW)
    assert bool(found.paths) == named


@pytest.mark.parametrize("kind", [PathKind.GROUP, PathKind.POLICY, PathKind.SSH_KEY, PathKind.SESSION, PathKind.KEY])
def test_what_support_itself_has_is_named_and_so_is_whom_a_policy_lets_in(kind: PathKind) -> None:
    assert besides.besides(seen(path(kind, THIRD)), ACCESS, (VENDOR,), NOW).paths


@pytest.mark.parametrize(
    "more",
    [{"by_stack": True}, {"opens": False}, {"until": NOW - timedelta(seconds=1)}],
)
def test_what_the_grant_opened_what_opens_nothing_and_what_is_over_is_not_named(more: dict[str, object]) -> None:
    assert not besides.besides(seen(path(PathKind.GROUP, "deepsql-support", **more)), ACCESS, (VENDOR,), NOW).paths


@pytest.mark.parametrize(
    ("problem", "named"),
    [(problem, problem not in (Problem.ABSENT, Problem.GONE)) for problem in Problem],
)
def test_a_question_without_an_answer_is_named(problem: Problem, named: bool) -> None:
    unread: PathReading = Reading("iam:ListGroupsForUser", NOW, problem=problem, detail="no")
    found = besides.besides(replace(seen(), others=(unread, unread)), ACCESS, (), NOW)
    assert found.unread == (("iam:ListGroupsForUser: no",) if named else ())


@pytest.mark.parametrize(
    ("paths", "covered"),
    [
        ((path(PathKind.SECRET, ROOT), path(PathKind.KEY, VENDOR.arn)), PathKind.SECRET),
        ((path(PathKind.TRUST, VENDOR.arn),), PathKind.TRUST),
        ((path(PathKind.SECRET, ROOT),), None),
        ((path(PathKind.KEY, ROOT),), None),
        ((path(PathKind.SECRET, NEIGHBOUR), path(PathKind.KEY, ROOT)), None),
        ((path(PathKind.SECRET, ROOT, by_stack=True), path(PathKind.KEY, ROOT, by_stack=True)), None),
    ],
)
def test_whoever_has_secret_and_key_or_the_role_by_hand_gets_nothing_new(
    paths: tuple[AccessPath, ...], covered: PathKind | None
) -> None:
    found = besides.already_in(seen(*paths), VENDOR)
    assert (found.kind if found else None) == covered


def test_a_policy_that_could_not_be_read_is_not_overwritten() -> None:
    by_hand = parse_policy('{"Statement": {"Sid": "ByHand", "Effect": "Allow", "Principal": "*", "Action": "kms:*"}}')
    known = replace(LIVE, key=Reading("kms:GetKeyPolicy", NOW, by_hand))
    assert foreign_statements.find(known).sids == ("ByHand",)
    for problem in (Problem.ABSENT, Problem.GONE):
        assert not foreign_statements.find(replace(LIVE, secret=Reading("asked", NOW, problem=problem))).sids
    refused: Reading[Policy] = Reading("kms:GetKeyPolicy", NOW, problem=Problem.REFUSED, permission="kms:GetKeyPolicy")
    with pytest.raises(Refused, match="would be overwritten") as raised:
        foreign_statements.find(replace(LIVE, key=refused))
    assert "kms:GetKeyPolicy" in raised.value.hint
