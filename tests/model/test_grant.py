"""What a grant or a revocation makes of what the stack records."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Refused, UsageError
from generator.model.duration import end_after, parse_duration, parse_end
from generator.model.grant import Grant, check_reason, check_sizes
from generator.model.principal import Principal

NOW = datetime(2026, 12, 1, 10, 0, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 18, 0, tzinfo=UTC)
PRINCIPALS = st.sets(
    st.builds(
        Principal,
        st.just("aws"),
        st.sampled_from(["444455556666", "777788889999"]),
        st.sampled_from(["", "role/A", "user/b"]),
    ),
    max_size=5,
).map(lambda found: tuple(sorted(found)))
ENDS = st.sampled_from([None, NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=2), LATER]).map(
    lambda end: end and end.replace(second=0)
)
GRANTS = st.builds(Grant, PRINCIPALS, ENDS, st.sampled_from(["", "TICKET-1"]))
A, B = Principal("aws", "444455556666", "role/A"), Principal("aws", "777788889999", "role/B")


@given(GRANTS)
def test_the_stack_records_it_and_gives_it_back(grant: Grant) -> None:
    assert Grant.of(grant.parameters()) == grant


@given(GRANTS, PRINCIPALS, ENDS)
def test_a_grant_lets_in_the_live_ones_and_the_new_ones_and_nobody_else(
    grant: Grant, more: tuple[Principal, ...], until: datetime | None
) -> None:
    after = grant.joined(more, until, None, NOW)
    assert set(after.principals) == set(grant.live(NOW)) | set(more) or after == grant
    assert set(after.live(NOW)) <= set(grant.live(NOW)) | set(more)


@given(GRANTS, PRINCIPALS)
def test_granting_the_same_twice_is_the_same_grant(grant: Grant, more: tuple[Principal, ...]) -> None:
    once = grant.joined(more, LATER, "R", NOW)
    assert once.joined(more, LATER + timedelta(minutes=3), "R", NOW) == once


@given(GRANTS, st.lists(st.integers(0, 4), max_size=3))
def test_revoking_takes_away_exactly_those_and_the_last_one_closes(grant: Grant, picks: list[int]) -> None:
    gone = [grant.principals[i] for i in picks if i < len(grant.principals)]
    after = grant.without(gone, NOW)
    assert set(after.principals) == set(grant.principals) - set(gone)
    assert after.principals or after.ended(NOW)
    assert after.without(gone, NOW + timedelta(hours=1)) == after


def test_somebody_elses_grant_does_not_let_in_whose_time_is_over() -> None:
    over = Grant((A,), NOW - timedelta(minutes=1))
    assert over.joined((B,), LATER, None, NOW).principals == (B,)


@pytest.mark.parametrize("recorded", ["", "9999-12-31T23:59:59Z"])
def test_no_end_is_empty_or_a_far_date_and_is_recorded_as_the_date(recorded: str) -> None:
    grant = Grant.of({"VendorPrincipals": A.pattern, "SupportAccessUntil": recorded})
    assert (grant.until, grant.until_text) == (None, "")
    assert grant.parameters()["SupportAccessUntil"] == "9999-12-31T23:59:59Z"


def test_an_end_that_is_no_time_counts_as_over() -> None:
    assert Grant.of({"VendorPrincipals": A.pattern, "SupportAccessUntil": "2026-99-99T00:00:00Z"}).ended(NOW)


def test_what_would_not_fit_into_a_parameter_is_refused_before_aws_does() -> None:
    many = tuple(Principal("aws", "444455556666", f"role/{'x' * 60}{number}") for number in range(60))
    with pytest.raises(Refused, match="4096"):
        check_sizes(Grant(many))


@pytest.mark.parametrize(
    ("text", "length"),
    [("8h", 28800), ("1h30m", 5400), ("2d", 172800), ("1w", 604800), ("45s", 45)],
)
def test_durations_are_read(text: str, length: int) -> None:
    assert parse_duration(text) == timedelta(seconds=length)


@pytest.mark.parametrize("text", ["", "8", "h", "0h", "-1h", "8 h", "400d", "8h!", "99999999999999w", "1.5h"])
def test_what_is_no_length_of_a_grant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_duration(text)


def test_ends_are_whole_minutes_and_never_early() -> None:
    assert end_after(NOW, timedelta(hours=8)) == datetime(2026, 12, 1, 18, 1, tzinfo=UTC)
    assert end_after(LATER, timedelta(hours=1)) == LATER + timedelta(hours=1)
    assert parse_end("2026-12-01T18:00:00Z") == LATER and parse_end("tomorrow") is None


@pytest.mark.parametrize(
    "reason", ["Störung 12", "障害 7", "Ticket №5"[:7], "a\u00a0b", "a_b.c:d/e=f+g-h@i", "", "é" * 256]
)
def test_a_reason_may_have_what_a_tag_of_iam_may_have(reason: str) -> None:
    check_reason(reason)


@pytest.mark.parametrize("reason", ["a\nb", "ticket #1", "x" * 257, "„quoted“", "a;b", "100%", "\u0301"])
def test_a_reason_that_a_tag_does_not_allow_is_refused(reason: str) -> None:
    with pytest.raises(UsageError):
        check_reason(reason)
