"""What a plan may touch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import Refused
from generator.model.change_set import Change, ChangeSet
from generator.model.command_line import CommandLine
from generator.model.contract import SUPPORT_RESOURCES
from generator.model.up import UpPlan, UpRequest
from generator.model.update_effect import Replacement
from generator.operations.stack import guard
from generator.operations.stack.guard import objections, require_no_objection
from generator.operations.stack.support_toggle import scoped

FLIP = scoped(UpRequest(given={"CreateSupportUser": "No"}))
ANY_CHANGE = st.builds(
    Change,
    logical_id=st.sampled_from(
        [*sorted(map(str, SUPPORT_RESOURCES)), "Instance", "StackKey", "InstanceRole", "KeeperRole"]
    ),
    resource_type=st.sampled_from(["AWS::IAM::User", "AWS::EC2::Instance", "AWS::KMS::Key"]),
    action=st.sampled_from(["Add", "Modify", "Remove", "Dynamic", "SomethingNew"]),
    replacement=st.sampled_from(list(Replacement)),
    properties=st.sets(st.sampled_from(["KeyPolicy", "UserData", "Tags"])).map(lambda s: tuple(sorted(s))),
    scope=st.just(("Properties",)),
)


@given(changes=st.lists(ANY_CHANGE, max_size=6))
def test_a_flip_passes_only_when_every_change_is_of_the_support_set(changes: list[Change]) -> None:
    for change in changes:
        allowed = change.logical_id in SUPPORT_RESOURCES or (
            change.logical_id == "StackKey"
            and (change.action, change.replacement) == ("Modify", Replacement.NO)
            and set(change.properties) <= {"KeyPolicy"}
        )
        assert (not objections([change], FLIP)) == allowed


def instance(action: str = "Modify", replacement: Replacement = Replacement.NO) -> Change:
    return Change("Instance", "AWS::EC2::Instance", action, replacement, properties=("InstanceType",))


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        (instance(), False),
        (instance(replacement=Replacement.CONDITIONAL), True),
        (instance(replacement=Replacement.YES), True),
        (instance("Remove"), True),
        (instance("Dynamic"), True),
        (Change("Whatever", "AWS::EC2::Instance", "Modify", Replacement.YES), True),
        (Change("KeeperRole", "AWS::IAM::Role", "Modify", Replacement.YES), False),
    ],
)
def test_protected_resources_are_not_lost_unless_named(change: Change, refused: bool) -> None:
    assert bool(objections([change], UpRequest())) == refused
    assert not objections([change], UpRequest(allow_replacement=frozenset({change.logical_id})))


def test_the_user_and_its_secret_may_go_with_other_parameters_when_the_flip_is_among_them() -> None:
    both = scoped(UpRequest(given={"CreateSupportUser": "No", "InstanceName": "x"}))
    secret = Change("SupportCredentialsSecret", "AWS::SecretsManager::Secret", "Remove")
    assert not objections([secret], both)
    assert objections([secret], UpRequest(given={"InstanceName": "x"}))


def test_what_was_stopped_may_still_be_removed() -> None:
    stopped = UpRequest(stopped=frozenset({"SupportRole"}))
    assert not objections([Change("SupportRole", "AWS::IAM::Role", "Remove")], stopped)


def test_an_attribute_of_the_template_does_not_touch_the_resource() -> None:
    only_policy = Change("Instance", "AWS::EC2::Instance", "Modify", scope=("DeletionPolicy",))
    assert not objections([only_policy], FLIP)


def test_the_refusal_names_the_resource_and_the_option() -> None:
    change = instance(replacement=Replacement.YES)
    change_set = ChangeSet("id", "n", "arn", "CREATE_COMPLETE", "", (change,))
    plan = UpPlan("s", "arn", False, change_set, "t", objections=objections([change], UpRequest()))
    with pytest.raises(Refused) as caught:
        require_no_objection(plan, CommandLine("s"))
    assert "Instance (AWS::EC2::Instance) would be replaced" in caught.value.message
    assert caught.value.hint.endswith("--allow-replacement Instance") and caught.value.exit_code == 3


def test_a_narrow_change_that_carries_more_is_sent_to_the_upgrade() -> None:
    """`access grant` and the like have no --allow-replacement."""
    boundary = Change("OldPolicy", "AWS::IAM::ManagedPolicy", "Modify")
    change_set = ChangeSet("id", "n", "arn", "CREATE_COMPLETE", "", (boundary,))
    plan = UpPlan("s", "arn", False, change_set, "t", objections=objections([boundary], FLIP))
    with pytest.raises(Refused) as caught:
        require_no_objection(plan, CommandLine("s"))
    assert caught.value.hint.endswith("deployer upgrade --stack-name s")


def key_policy(replacement: Replacement = Replacement.NO) -> Change:
    return Change("StackKey", "AWS::KMS::Key", "Modify", replacement, properties=("KeyPolicy",), scope=("Properties",))


def echo(logical_id: str, *of: str) -> Change:
    return Change(logical_id, "AWS::Logs::LogGroup", "Modify", Replacement.CONDITIONAL, properties=("X",), echo_of=of)


def test_what_only_refers_to_a_resource_changed_in_place_is_no_objection() -> None:
    group, document = echo("SessionLogGroup", "StackKey.Arn"), echo("ShellDocument", "SessionLogGroup")
    assert not objections([key_policy(), group, document], FLIP)


def test_what_refers_to_a_resource_that_may_be_replaced_is() -> None:
    group = echo("SessionLogGroup", "StackKey.Arn")
    for changes in ([key_policy(Replacement.CONDITIONAL), group], [group], [key_policy(), echo("X", "StackKey.Other")]):
        assert any(o.change is changes[-1] for o in objections(changes, FLIP))


@pytest.mark.parametrize(
    ("silenced", "change", "asked"),
    [
        (guard.outside_scope, Change("KeeperRole", "AWS::IAM::Role", "Add"), FLIP),
        (guard.more_of_a_shared_resource, Change("StackKey", "AWS::KMS::Key", "Modify", properties=("Tags",)), FLIP),
        (
            guard.would_permit_what_was_stopped,
            Change("SupportRole", "AWS::IAM::Role", "Modify"),
            UpRequest(stopped=frozenset({"SupportRole"}), allow_replacement=frozenset({"SupportRole"})),
        ),
        (guard.would_be_removed, instance("Remove"), UpRequest()),
        (guard.would_be_replaced, instance("Dynamic"), UpRequest()),
    ],
)
def test_each_guard_refuses_what_no_other_does(
    silenced: guard.Guard, change: Change, asked: UpRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert objections([change], asked)
    monkeypatch.setattr(guard, "GUARDS", tuple(g for g in guard.GUARDS if g is not silenced))
    assert not objections([change], asked)


def test_a_definition_that_may_have_lost_characters_is_not_written() -> None:
    garbled = UpRequest(garbled=frozenset({"Instance"}), allow_replacement=frozenset({"Instance"}))
    [objection] = objections([instance(), Change("KeeperRole", "AWS::IAM::Role", "Modify")], garbled)
    assert objection.reason == guard.GARBLED
    assert not objections([Change("Instance", "AWS::EC2::Instance", "Modify", scope=("DeletionPolicy",))], garbled)
    change_set = ChangeSet("id", "n", "arn", "CREATE_COMPLETE", "", (instance(),))
    with pytest.raises(Refused) as caught:
        require_no_objection(UpPlan("s", "arn", False, change_set, "t", objections=(objection,)), CommandLine("s"))
    assert "Instance (AWS::EC2::Instance) would be written with ?" in caught.value.message
    assert r'"\u00e9"' in caught.value.hint and "deployer upgrade --plan --stack-name s" in caught.value.hint
