"""Which operation removed the support user, found in the stack's events."""

from datetime import UTC, datetime, timedelta

from generator.model.contract import Parameter, Resource
from generator.model.stack import StackEvent, StackStatus
from generator.operations.stack.last_flip import WATCHED, find

USER, ROLE, INSTANCE = str(Resource.SUPPORT_USER), str(Resource.SUPPORT_ROLE), str(Resource.INSTANCE)
OF_USER, OF_ROLE = WATCHED[Parameter.CREATE_SUPPORT_USER], WATCHED[Parameter.CREATE_SUPPORT_ROLE]


def history(*events: tuple[str, str, str, str]) -> list[StackEvent]:
    """(token, logical id, status, physical id) in time order; as AWS gives them, the newest first."""
    began = datetime(2026, 12, 1, tzinfo=UTC)
    return [
        StackEvent(
            event_id=str(number),
            stack_id="s",
            logical_id=logical_id,
            physical_id=physical_id,
            resource_type="",
            status=StackStatus(status),
            reason="",
            time=began + timedelta(seconds=number),
            token=token,
        )
        for number, (token, logical_id, status, physical_id) in enumerate(events)
    ][::-1]


CREATION = (("one", USER, "CREATE_COMPLETE", "first"), ("one", "s", "CREATE_COMPLETE", "s"))
FLIP = (
    ("two", "s", "UPDATE_IN_PROGRESS", "s"),
    ("two", USER, "DELETE_IN_PROGRESS", "first"),
    ("two", USER, "DELETE_COMPLETE", "first"),
    ("two", "s", "UPDATE_COMPLETE", "s"),
)
LATER = (("three", "Log", "UPDATE_COMPLETE", "log"), ("three", "s", "UPDATE_COMPLETE", "s"))


def test_it_is_found_under_later_operations_and_read_no_further() -> None:
    read = iter(history(*CREATION, *FLIP, *LATER))
    flip = find(read, OF_USER)
    assert flip is not None and flip.removed(USER) == "first" and not flip.touched_instance
    assert {event.token for event in flip.events} == {"two"}
    assert len(list(read)) == len(CREATION) - 1, "one event of the operation before tells that this one is whole"


def test_the_latest_of_several_counts() -> None:
    again = (("four", USER, "CREATE_COMPLETE", "second"), ("five", USER, "DELETE_COMPLETE", "second"))
    flip = find(history(*CREATION, *FLIP, *again), OF_USER)
    assert flip is not None and flip.removed(USER) == "second"


def test_a_deletion_that_was_given_up_counts_too() -> None:
    flip = find(
        history(*CREATION, ("two", USER, "DELETE_FAILED", "first"), ("two", "s", "UPDATE_COMPLETE", "s")), OF_USER
    )
    assert flip is not None and flip.removed(USER) == "first"


def test_an_event_of_the_instance_in_it_is_seen() -> None:
    flip = find(history(*CREATION, ("two", INSTANCE, "UPDATE_COMPLETE", "i-1"), *FLIP), OF_USER)
    assert flip is not None and flip.touched_instance
    flip = find(history(("one", INSTANCE, "CREATE_COMPLETE", "i-1"), *CREATION, *FLIP), OF_USER)
    assert flip is not None and not flip.touched_instance


def test_a_stack_that_never_had_a_user_has_no_flip() -> None:
    assert find(history(("one", "s", "CREATE_COMPLETE", "s"), *LATER), OF_USER) is None
    assert find([], OF_USER) is None


def test_the_flip_of_the_role_is_another_one() -> None:
    events = history(*CREATION, ("five", ROLE, "DELETE_COMPLETE", "role"), *FLIP)
    flip = find(events, OF_ROLE)
    assert flip is not None and (flip.removed(ROLE), flip.removed(USER)) == ("role", "")
    assert find(history(*CREATION, *FLIP), OF_ROLE) is None
