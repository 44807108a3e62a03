"""Rotation as Secrets Manager asks for it, step by step, each step failing and repeated."""

import json
from typing import Any

import pytest

from generator.keeper.index import Refusal
from tests.keeper.conftest import OTHER_USER, PLACE, STEPS, USER, Clock, Crash, World


@pytest.fixture(autouse=True)
def first_key(world: World) -> str:
    """The key before the rotation."""
    world.send(world.event("Create"))
    return world.current()


def rotated(world: World, version: str) -> bool:
    """Whether all is as a finished rotation leaves it."""
    labels = world.labels()
    active = [key for key, status in world.keys().items() if status == "Active"]
    waits = [name for name, stages in labels.items() if "AWSPENDING" in stages]
    return labels[version] == ["AWSCURRENT"] and active == [world.current()] and not waits


def test_a_rotation_makes_a_new_key_and_ends_the_old_one(world: World, first_key: str) -> None:
    version = world.rotate()
    assert rotated(world, version)
    assert world.keys() == {first_key: "Inactive", world.current(): "Active"}
    assert world.value().items() >= PLACE.items()
    assert world.value(VersionStage="AWSPREVIOUS")["AccessKeyId"] == first_key


def test_until_it_is_finished_the_old_key_serves(world: World, first_key: str) -> None:
    version = world.stage()
    for step in STEPS[:3]:
        world.step(step, version)
        assert world.current() == first_key
        assert world.keys()[first_key] == "Active"


def test_the_next_rotation_deletes_the_key_before_the_last(world: World, first_key: str) -> None:
    world.rotate()
    second = world.current()
    world.rotate()
    assert world.keys() == {second: "Inactive", world.current(): "Active"}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_of_a_step_is_made_good_by_the_next_run(world: World, step: str, after: bool) -> None:
    at = 0
    while True:
        version = world.stage()
        for earlier in STEPS[: STEPS.index(step)]:
            world.step(earlier, version)
        world.faults.crash_at = (len(world.faults.calls) + at, after)
        try:
            world.step(step, version)
            done = True
        except Crash:
            done = False
        world.faults.crash_at = None
        world.rotate(version)
        assert rotated(world, version)
        if done:
            break
        at += 1
    assert at >= 3


@pytest.mark.parametrize("step", STEPS)
def test_each_step_twice_is_as_good_as_once(world: World, step: str) -> None:
    version = world.stage()
    for each in STEPS:
        for _ in range(2 if each == step else 1):
            world.step(each, version)
    assert rotated(world, version)
    assert len(world.keys()) == 2


def test_a_step_repeated_after_the_end_changes_nothing(world: World) -> None:
    version = world.rotate()
    before = (world.keys(), world.labels(), world.value())
    for step in STEPS[:3]:
        calls = len(world.faults.calls)
        world.step(step, version)
        assert world.faults.calls[calls:] == ["describe_secret"]
    world.step("finishSecret", version)
    assert (world.keys(), world.labels(), world.value()) == before


def test_a_new_key_is_tried_until_aws_knows_it(world: World, clock: Clock) -> None:
    world.faults.fail("get_caller_identity", *["InvalidClientTokenId"] * 4)
    assert rotated(world, world.rotate())
    assert clock.now >= 10


def test_a_new_key_that_aws_never_knows_stops_the_rotation(world: World, first_key: str, clock: Clock) -> None:
    world.faults.fail("get_caller_identity", *["InvalidClientTokenId"] * 99)
    with pytest.raises(Refusal, match="InvalidClientTokenId"):
        world.rotate()
    assert world.current() == first_key
    assert clock.now <= world.seconds - 8


def test_a_key_of_someone_else_stops_the_rotation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    version = world.stage()
    world.step("createSecret", version)
    real = world.faults.wrap
    other = {"Arn": f"arn:aws:iam::123456789012:user/{OTHER_USER}"}
    monkeypatch.setattr(
        world.faults, "wrap", lambda v, act: (lambda: other) if v == "get_caller_identity" else real(v, act)
    )
    with pytest.raises(Refusal, match="not the user"):
        world.step("testSecret", version)


def test_a_write_that_fails_leaves_no_key(world: World, first_key: str) -> None:
    version = world.stage()
    world.faults.fail("put_secret_value", "InternalServiceError")
    with pytest.raises(Refusal):
        world.step("createSecret", version)
    assert list(world.keys()) == [first_key]
    assert rotated(world, world.rotate(version))


def test_a_write_that_failed_in_the_answer_only_lets_a_new_rotation_start(world: World) -> None:
    """The key was deleted, its version cannot be written again: the version is let go."""
    version = world.stage()
    world.faults.fail("put_secret_value", "InternalServiceError", after=True)
    for reason in ("InternalServiceError", "is gone"):
        with pytest.raises(Refusal, match=reason):
            world.step("createSecret", version)
    assert version not in world.labels()
    assert rotated(world, world.rotate())


def test_a_paused_key_is_rotated_into_a_paused_key(world: World, first_key: str) -> None:
    world.switch(first_key, "Inactive")
    world.rotate()
    assert world.current() != first_key
    assert set(world.keys().values()) == {"Inactive"}
    assert "get_caller_identity" not in world.faults.calls


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_pause_during_a_rotation_wins(world: World, first_key: str, step: str) -> None:
    """Also when whoever paused saw the old key alone."""
    version = world.stage()
    for each in STEPS:
        if each == step:
            world.switch(first_key, "Inactive")
        world.step(each, version)
    assert set(world.keys().values()) == {"Inactive"}


def test_access_resumed_during_a_rotation_is_active_at_its_end(world: World, first_key: str) -> None:
    world.switch(first_key, "Inactive")
    version = world.stage()
    world.step("createSecret", version)
    world.switch(first_key, "Active")
    for step in STEPS[1:]:
        world.step(step, version)
    assert rotated(world, version)


def test_a_key_made_by_hand_is_deleted_first(world: World, first_key: str) -> None:
    foreign = world.add_foreign_key()
    world.rotate()
    assert world.keys() == {first_key: "Inactive", world.current(): "Active"}
    assert foreign != world.current()


def test_a_paused_key_in_the_secret_outlives_an_active_one_made_by_hand(world: World, first_key: str) -> None:
    """It is what tells that the door is paused."""
    world.switch(first_key, "Inactive")
    foreign = world.add_foreign_key()
    world.rotate()
    assert foreign not in (keys := world.keys())
    assert keys == {first_key: "Inactive", world.current(): "Inactive"}


def test_an_error_that_quotes_the_secret_is_not_passed_on(world: World, first_key: str) -> None:
    world.faults.quoting = True
    with pytest.raises(Refusal, match="ValueError"):
        world.step("createSecret", world.stage())
    assert list(world.keys()) == [first_key]


def test_a_deleted_key_is_replaced(world: World, first_key: str) -> None:
    world.iam.delete_access_key(UserName=USER, AccessKeyId=first_key)
    assert rotated(world, world.rotate())


def test_a_waiting_key_that_was_deleted_is_not_made_current(world: World, first_key: str) -> None:
    version = world.stage()
    world.step("createSecret", version)
    world.iam.delete_access_key(UserName=USER, AccessKeyId=world.value(VersionId=version)["AccessKeyId"])
    for step in STEPS[1:]:
        with pytest.raises(Refusal, match=USER):
            world.step(step, version)
    assert world.current() == first_key


@pytest.mark.parametrize("copied", [True, False], ids=["with a copy of the value", "empty"])
@pytest.mark.parametrize("others", ["none", "inactive"])
def test_secrets_manager_trying_the_set_up_changes_nothing(
    world: World, first_key: str, copied: bool, others: str
) -> None:
    if others == "inactive":
        world.switch(world.add_foreign_key(), "Inactive")
    before = world.keys()
    world.step("testSecret", world.stage(json.dumps(world.value()) if copied else None))
    assert world.keys() == before


def test_without_a_waiting_key_nothing_is_finished(world: World, first_key: str) -> None:
    version = world.stage()
    with pytest.raises(Refusal, match=f"{USER}.*No key of the user waits"):
        world.step("finishSecret", version)
    assert world.current() == first_key


@pytest.mark.parametrize("step", STEPS)
def test_a_version_that_waits_for_nothing_is_refused(world: World, first_key: str, step: str) -> None:
    world.stage()
    with pytest.raises(Refusal, match="waits for no rotation"):
        world.step(step, "00000000-0000-0000-0000-000000000000")
    older = next(name for name, stages in world.labels().items() if stages == ["AWSCURRENT"])
    world.rotate(next(name for name, stages in world.labels().items() if stages == ["AWSPENDING"]))
    with pytest.raises(Refusal, match="waits for no rotation"):
        world.step(step, older)


def test_without_rotation_or_tag_it_is_refused(world: World) -> None:
    version = world.stage()
    world.stored().rotation_enabled = False
    with pytest.raises(Refusal, match="has no rotation"):
        world.step("createSecret", version)
    world.stored().rotation_enabled = True
    world.vault.untag_resource(SecretId=world.secret, TagKeys=["deepsql:support-user"])
    with pytest.raises(Refusal, match="deepsql:support-user"):
        world.step("createSecret", version)


def test_a_secret_never_rotated_before_is_not_one_whose_rotation_was_turned_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DescribeSecret gives no RotationEnabled then (API reference), also while Secrets Manager tries the set-up."""
    wrap = world.faults.wrap

    def without(act: Any) -> Any:
        return lambda **asked: {name: value for name, value in act(**asked).items() if name != "RotationEnabled"}

    monkeypatch.setattr(
        world.faults, "wrap", lambda verb, act: wrap(verb, without(act) if verb == "describe_secret" else act)
    )
    version = world.stage()
    world.step("testSecret", version)
    assert rotated(world, world.rotate(version))


BY_HAND = {
    "no JSON": {"SecretString": "hello"},
    "an empty object": {"SecretString": "{}"},
    "a list": {"SecretString": "[1]"},
    "a number": {"SecretString": "7"},
    "nested too deeply": {"SecretString": "[" * 20_000},
    "other types": {"SecretString": '{"AccessKeyId": [], "SecretAccessKey": null, "Region": 1, "InstanceId": {}}'},
    "bytes": {"SecretBinary": b"\xff\x00"},
}


@pytest.mark.parametrize("paused", [False, True], ids=["open", "paused"])
@pytest.mark.parametrize("name", BY_HAND)
def test_a_value_put_by_hand_is_rotated_away_and_a_pause_goes_on(
    world: World, first_key: str, name: str, paused: bool
) -> None:
    world.switch(first_key, "Inactive" if paused else "Active")
    world.vault.put_secret_value(SecretId=world.secret, **BY_HAND[name])
    version = world.rotate()
    assert world.labels()[version] == ["AWSCURRENT"] and world.current() != first_key
    assert all(isinstance(text, str) for text in world.value().values())
    assert world.keys() == {first_key: "Inactive", world.current(): "Inactive" if paused else "Active"}


def test_an_empty_secret_has_nothing_to_rotate(world: World) -> None:
    tag = {"Key": "deepsql:support-user", "Value": USER}
    world.secret = world.vault.create_secret(Name="empty", Tags=[tag])["ARN"]
    before = world.keys()
    with pytest.raises(Refusal, match=r"ResourceNotFound.*CreateSupportUser=No, then Yes"):
        world.step("createSecret", world.stage())
    assert world.keys() == before, "a key that no secret holds was made"


def test_a_secret_without_the_place_is_rotated_all_the_same(world: World, first_key: str) -> None:
    pair = {name: world.value()[name] for name in ("AccessKeyId", "SecretAccessKey")}
    world.vault.put_secret_value(SecretId=world.secret, SecretString=json.dumps(pair))
    assert rotated(world, world.rotate())


def test_an_update_after_a_rotation_keeps_the_rotated_key(world: World) -> None:
    world.rotate()
    key = world.current()
    world.send(world.event("Update", InstanceId="i-new"))
    assert (world.current(), world.value()["InstanceId"]) == (key, "i-new")
    assert rotated(world, world.rotate())
