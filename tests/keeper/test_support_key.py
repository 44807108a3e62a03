"""Custom::SupportKey: one key in the secret, none left behind, whatever is sent twice or fails."""

import json

import pytest

from tests.keeper.conftest import OTHER_USER, PLACE, USER, Clock, Crash, World, client


def test_create_puts_a_working_key_into_the_secret(world: World) -> None:
    answer = world.send(world.event("Create"))
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == f"support-key-of-{USER}"
    assert set(world.value()) == {"AccessKeyId", "SecretAccessKey", "Region", "InstanceId"}
    assert world.value().items() >= PLACE.items()
    assert world.keys() == {world.current(): "Active"}
    assert answer["Data"] == {"AccessKeyId": world.current()}


def test_the_answer_echoes_the_request_and_has_an_empty_content_type(world: World) -> None:
    event = world.event("Create")
    answer = world.send(event)
    assert {name: answer[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")
    }
    assert world.listener.content_types[-1] == ""


def test_an_answer_not_taken_is_sent_again(world: World) -> None:
    world.listener.statuses += [503, 503]
    assert world.send(world.event("Create"))["Status"] == "SUCCESS"


def test_an_answer_never_taken_fails_the_function_so_that_lambda_runs_it_again(world: World) -> None:
    event = world.event("Create")
    world.listener.statuses += [403] * 3
    with pytest.raises(OSError, match="403"):
        world.handle(event)
    first = world.current()
    assert world.send(event)["Data"] == {"AccessKeyId": first}
    assert world.keys() == {first: "Active"}


@pytest.mark.parametrize("how", ["Create", "Update", "Delete"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_is_made_good_by_the_next_run(world: World, how: str, after: bool) -> None:
    """Every call of the event is the last one once; the run after it ends as if nothing had happened."""
    world.send(world.event("Create"))
    at = 0
    while True:
        if how == "Create":  # a fresh user each time
            world.send(world.event("Delete"))
            world.vault.delete_secret(SecretId=world.secret, ForceDeleteWithoutRecovery=True)
            world.secret = world.vault.create_secret(Name=f"support-{at}")["ARN"]
        elif how == "Delete":
            world.send(world.event("Create"))
        event = world.event(how, InstanceId=f"i-{at}")
        world.faults.crash_at = (len(world.faults.calls) + at, after)
        try:
            world.handle(event)
            break
        except Crash:
            world.faults.crash_at = None
            answer = world.send(event)
        assert answer["Status"] == "SUCCESS"
        active = [key for key, status in world.keys().items() if status == "Active"]
        assert active == ([] if how == "Delete" else [world.current()])
        if how != "Delete":
            assert world.value()["InstanceId"] == f"i-{at}"
        at += 1
    assert at >= 4


def test_update_keeps_the_key_when_only_the_instance_changed(world: World) -> None:
    world.send(world.event("Create"))
    before = world.value()
    answer = world.send(world.event("Update", InstanceId="i-new"))
    assert world.value() == {**before, "InstanceId": "i-new"}
    assert answer["PhysicalResourceId"] == f"support-key-of-{USER}"


def test_update_without_a_change_writes_no_version(world: World) -> None:
    world.send(world.event("Create"))
    before = world.labels()
    world.send(world.event("Update"))
    assert world.labels() == before


def test_update_leaves_the_other_key_alone_while_a_rotation_waits(world: World) -> None:
    world.send(world.event("Create"))
    version = world.stage()
    world.step("createSecret", version)
    world.send(world.event("Update", InstanceId="i-new"))
    assert list(world.keys().values()) == ["Active", "Active"]


def test_another_user_is_a_replacement_whose_cleanup_spares_the_new_key(world: World) -> None:
    world.send(world.event("Create"))
    world.iam.create_user(UserName=OTHER_USER)
    answer = world.send(world.event("Update", UserName=OTHER_USER))
    assert answer["PhysicalResourceId"] == f"support-key-of-{OTHER_USER}"
    world.send(world.event("Delete"))
    assert world.keys(USER) == {}
    assert world.keys(OTHER_USER) == {world.current(): "Active"}


@pytest.mark.parametrize(("before", "after"), [("Active", "Active"), ("Inactive", "Inactive"), (None, "Active")])
def test_the_user_that_replaces_a_paused_one_is_paused(world: World, before: str | None, after: str) -> None:
    world.send(world.event("Create"))
    if before:
        world.switch(world.current(), before)
    else:  # revoked: a user without keys was not paused
        world.iam.delete_access_key(UserName=USER, AccessKeyId=world.current())
    world.iam.create_user(UserName=OTHER_USER)
    event = world.event("Update", UserName=OTHER_USER)
    world.send(event)
    assert world.keys(OTHER_USER) == {world.current(): after}
    world.send(event)
    assert world.keys(OTHER_USER) == {world.current(): after}, "sent again"


def test_a_crash_while_a_paused_user_is_replaced_opens_nothing(world: World) -> None:
    at = 0
    world.send(world.event("Create"))
    while True:
        world.switch(world.current(), "Inactive")
        other = f"{OTHER_USER}-{at}"
        world.iam.create_user(UserName=other)
        event = world.event("Update", UserName=other)
        world.faults.crash_at = (len(world.faults.calls) + at, True)
        before = world.value()
        try:
            world.handle(event)
            break
        except Crash:
            world.faults.crash_at = None
            world.send(event)
        assert set(world.keys(other).values()) == {"Inactive"}
        world.vault.put_secret_value(SecretId=world.secret, SecretString=json.dumps(before))
        at += 1
    assert at >= 4


def test_another_secret_gets_a_new_key_and_the_old_one_ends(world: World) -> None:
    world.send(world.event("Create"))
    old = world.current()
    world.secret = world.vault.create_secret(Name="another")["ARN"]
    world.send(world.event("Update"))
    assert world.keys() == {old: "Inactive", world.current(): "Active"}


def test_another_secret_of_a_paused_user_opens_nothing(world: World) -> None:
    world.send(world.event("Create"))
    world.switch(world.current(), "Inactive")
    world.secret = world.vault.create_secret(Name="another")["ARN"]
    world.send(world.event("Update"))
    assert set(world.keys().values()) == {"Inactive"}


@pytest.mark.parametrize("text", ["", "not json", "[1]", '"AccessKeyId"', "{}", '{"AccessKeyId": "AKIADEAD"}'])
def test_update_heals_a_secret_that_holds_no_key_of_the_user(world: World, text: str) -> None:
    if text:
        world.vault.put_secret_value(SecretId=world.secret, SecretString=text)
    world.send(world.event("Update"))
    assert world.keys() == {world.current(): "Active"}


def test_adoption_leaves_no_gap_and_cloudformation_its_own_key(world: World) -> None:
    published = world.adopt()
    event = world.event("Create")
    world.send(event)
    assert world.current() != published
    assert world.keys() == {published: "Active", world.current(): "Active"}
    world.send(event)
    assert len(world.keys()) == 2


def test_adoption_rolled_back_takes_away_the_keepers_key_alone(world: World) -> None:
    published = world.adopt()
    world.send(world.event("Create"))
    assert world.send(world.event("Delete"))["Status"] == "SUCCESS"
    assert world.keys() == {published: "Active"}


def test_adoption_of_a_paused_key_stays_paused(world: World) -> None:
    world.switch(world.adopt(), "Inactive")
    world.send(world.event("Create"))
    assert set(world.keys().values()) == {"Inactive"}
    assert len(world.keys()) == 2


def test_an_update_ends_no_pause(world: World) -> None:
    world.send(world.event("Create"))
    world.switch(world.current(), "Inactive")
    world.send(world.event("Update", InstanceId="i-new"))
    assert world.keys() == {world.current(): "Inactive"}


def test_with_two_keys_the_one_outside_the_secret_goes_the_inactive_first(world: World) -> None:
    published, foreign = world.adopt(), world.add_foreign_key()
    world.send(world.event("Create"))
    assert world.keys() == {published: "Active", world.current(): "Active"}
    assert foreign != world.current()


@pytest.mark.parametrize("inactive", [0, 1])
def test_with_two_keys_unknown_to_the_secret_the_inactive_one_goes(world: World, inactive: int) -> None:
    keys = [world.add_foreign_key(), world.add_foreign_key()]
    world.switch(keys[inactive], "Inactive")
    world.send(world.event("Create"))
    assert set(world.keys()) == {keys[1 - inactive], world.current()}


def test_delete_takes_keys_made_by_hand_too_and_then_the_user_can_go(world: World) -> None:
    world.send(world.event("Create"))
    world.switch(world.add_foreign_key(), "Inactive")
    event = world.event("Delete")
    for _ in range(2):
        answer = world.send(event)
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", f"support-key-of-{USER}")
    assert world.keys() == {}


def test_delete_succeeds_when_user_and_secret_are_gone(world: World) -> None:
    event = world.event("Delete")
    world.vault.delete_secret(SecretId=world.secret, ForceDeleteWithoutRecovery=True)
    world.iam.delete_user(UserName=USER)
    assert world.send(event)["Status"] == "SUCCESS"


def test_delete_that_finds_keys_until_the_end_names_them(world: World, clock: Clock) -> None:
    key = world.add_foreign_key()
    world.faults.fail("delete_access_key", *["NoSuchEntity"] * 200)
    answer = world.send(world.event("Delete"))
    assert answer["Status"] == "FAILED"
    assert key in answer["Reason"]
    assert USER in answer["Reason"]
    assert clock.now <= world.seconds - 8


def test_a_user_that_is_gone_fails_in_time_and_says_what_to_do(world: World, clock: Clock) -> None:
    world.iam.delete_user(UserName=USER)
    answer = world.send(world.event("Create"))
    assert answer["Status"] == "FAILED"
    assert USER in answer["Reason"]
    assert "CreateSupportUser=No" in answer["Reason"]
    assert clock.now <= world.seconds - 8


@pytest.mark.parametrize("forced", [True, False], ids=["gone", "marked for deletion"])
def test_a_secret_that_is_gone_fails_before_a_key_is_made(world: World, forced: bool) -> None:
    world.vault.put_secret_value(SecretId=world.secret, SecretString="{}")
    event = world.event("Create")
    how = {"ForceDeleteWithoutRecovery": True} if forced else {"RecoveryWindowInDays": 7}
    world.vault.delete_secret(SecretId=world.secret, **how)
    answer = world.send(event)
    assert answer["Status"] == "FAILED"
    assert world.secret in answer["Reason"]
    assert answer["PhysicalResourceId"]
    assert "create_access_key" not in world.faults.calls


@pytest.mark.parametrize("verb", ["update_access_key", "put_secret_value"])
def test_a_key_that_cannot_be_written_does_not_stay(world: World, verb: str) -> None:
    world.switch(world.adopt(), "Inactive")  # paused, so that update_access_key is among the calls
    before = world.keys()
    world.faults.fail(verb, "InternalServiceError")
    answer = world.send(world.event("Create"))
    assert answer["Status"] == "FAILED"
    assert "InternalServiceError" in answer["Reason"]
    assert world.keys() == before


def test_a_failed_update_keeps_its_physical_id(world: World) -> None:
    """Another id would make CloudFormation delete under that id, and skip the update back."""
    world.send(world.event("Create"))
    world.faults.fail("describe_secret", "InternalServiceError")
    answer = world.send(world.event("Update", UserName=OTHER_USER))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", f"support-key-of-{USER}")


def test_what_iam_does_not_know_yet_is_tried_again(world: World, clock: Clock) -> None:
    world.faults.fail("list_access_keys", "AccessDenied", "NoSuchEntity", "AccessDenied")
    world.faults.fail("put_secret_value", "AccessDeniedException")
    assert world.send(world.event("Create"))["Status"] == "SUCCESS"
    assert 0 < clock.now < 20


def test_keys_that_aws_shows_no_more_are_not_waited_for(world: World, clock: Clock) -> None:
    world.send(world.event("Create"))
    assert world.send(world.event("Delete"))["Status"] == "SUCCESS"
    assert world.keys() == {} and clock.now == 0


def test_what_stays_denied_fails_in_time_and_names_the_call(world: World, clock: Clock) -> None:
    world.faults.fail("list_access_keys", *["AccessDenied"] * 99)
    answer = world.send(world.event("Delete"))
    assert answer["Status"] == "FAILED"
    assert "policy" in answer["Reason"]
    assert clock.now <= world.seconds - 8


def test_a_bug_is_reported_by_its_type_alone(world: World) -> None:
    event = world.event("Create")
    del event["ResourceProperties"]["UserName"]
    answer = world.send(event)
    assert (answer["Status"], "KeyError" in answer["Reason"]) == ("FAILED", True)


def test_an_error_that_quotes_the_secret_is_not_passed_on(world: World) -> None:
    """botocore does so when it finds a parameter of the wrong type."""
    world.faults.quoting = True
    answer = world.send(world.event("Create"))
    assert (answer["Status"], world.keys()) == ("FAILED", {})


def test_the_secret_of_a_key_is_nowhere_but_in_the_secret(world: World) -> None:
    world.send(world.event("Create"))
    (made,) = world.faults.secrets
    assert world.value()["SecretAccessKey"] == made
    stack = client("cloudformation").describe_stack_events(StackName=world.stack)
    assert made not in json.dumps(stack, default=str)
