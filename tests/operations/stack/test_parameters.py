"""Which value each parameter is sent with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import UsageError
from generator.model.stack import Stack, StackStatus
from generator.operations.stack.plan import already_so, choose, missing, renamed

KEYS = st.sets(st.sampled_from(["A", "B", "C", "D", "E"]))
VALUES = st.dictionaries(st.sampled_from(["A", "B", "C", "D", "E"]), st.text(max_size=3))


def stack(parameters: dict[str, str], status: str = "CREATE_COMPLETE") -> Stack:
    return Stack(
        "s", "arn:aws:cloudformation:us-east-1:111122223333:stack/s/1", StackStatus(status), parameters=parameters
    )


@given(live=VALUES, template=KEYS, typed=VALUES)
def test_nothing_untouched_ever_falls_back_to_a_default(
    live: dict[str, str], template: set[str], typed: dict[str, str]
) -> None:
    typed = {key: value for key, value in typed.items() if key in template}
    chosen = choose(typed, stack(live), template)
    assert {key: value for key, value in chosen.items() if value is not None} == typed
    assert {key for key, value in chosen.items() if value is None} == (template & set(live)) - set(typed)


def test_a_creation_sends_only_what_was_given_even_over_a_planned_stack() -> None:
    assert choose({"A": "1"}, stack({"B": "2"}, "REVIEW_IN_PROGRESS"), {"A", "B"}) == {"A": "1"}


def test_an_unknown_key_suggests_the_near_one() -> None:
    with pytest.raises(UsageError) as caught:
        choose({"VpcID": "x"}, None, {"VpcId", "SubnetId"})
    assert caught.value.hint == "Did you mean VpcId?"


def test_a_masked_value_is_never_taken_for_the_same() -> None:
    assert not already_so({"Password": "****"}, stack({"Password": "****"}))
    assert already_so({"A": "1"}, stack({"A": "1"}))


def test_missing_names_what_neither_side_provides() -> None:
    assert missing(("A", "B", "C"), {"A": "1"}, stack({"B": "2"})) == ["C"]


@pytest.mark.parametrize(
    ("given", "known", "keys", "expected"),
    [
        ({}, {"SupportDatabaseGrade": "w"}, {"SupportDatabaseLevel"}, {"SupportDatabaseLevel": "w"}),
        ({"SupportDatabaseLevel": "r"}, {"SupportDatabaseGrade": "w"}, {"SupportDatabaseLevel"}, {}),
        ({}, {"SupportDatabaseGrade": "w"}, {"SupportDatabaseGrade"}, {}),
        ({}, {"SupportDatabaseGrade": "w", "SupportDatabaseLevel": "r"}, {"SupportDatabaseLevel"}, {}),
    ],
)
def test_a_renamed_parameter_keeps_its_value_unless_the_new_name_has_one(
    given: dict[str, str], known: dict[str, str], keys: set[str], expected: dict[str, str]
) -> None:
    assert renamed(given, Stack("s", "id", StackStatus("UPDATE_COMPLETE"), parameters=known), keys) == expected


def test_a_renamed_parameter_whose_value_is_masked_is_asked_for() -> None:
    stack = Stack("s", "id", StackStatus("UPDATE_COMPLETE"), parameters={"SupportDatabaseGrade": "****"})
    with pytest.raises(UsageError, match="SupportDatabaseGrade is SupportDatabaseLevel") as caught:
        renamed({}, stack, {"SupportDatabaseLevel"})
    assert "--support-database-level" in caught.value.hint
