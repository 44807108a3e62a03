"""Plans that reach further than what was asked: the template was changed behind our back, or a value changes too much.

Whoever changed the template did it so that nothing happened at the time; the next command would.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.worlds.account import OTHER_ROLE, Account, document
from tests.worlds.flips import NO_ROLE, NO_USER
from tests.worlds.world import ALL, Make, World, done, failed, not_proven, nothing, refused

GRANT = ("access", "grant", "--principal", OTHER_ROLE)
LOG_DAYS = ("up", "--session-log-retention-days", "30")
RENAME = ("up", "--instance-name", "renamed")
BOTH = (*NO_USER, *RENAME[1:])
ALLOWED = ("--allow-replacement", "Instance")
Change = Callable[[dict[str, Any]], object]


def template(change: Change) -> Make:
    """A changed template takes the place of the stack's, with all its values as they were."""

    def make(a: Account) -> None:
        found = a.template()
        change(found)
        found.setdefault("Outputs", {})["ChangedByHand"] = {"Value": "yes"}
        a.lift_stack_policy()
        a.update_stack({}, found)
        assert a.template()["Outputs"]["ChangedByHand"]
        stays(a)

    return make


def stays(a: Account) -> None:
    """Nothing may have happened when a plan was refused."""
    before = a.stack_now()
    a.goes_on("the stack as it was", lambda: a.stack_now() == before)


def when(condition: str, resource: str, name: str, other: object = "other") -> Change:
    """A property is what it was while the condition holds, and something else when it does not."""

    def change(found: dict[str, Any]) -> None:
        properties = found["Resources"][resource]["Properties"]
        properties[name] = {"Fn::If": [condition, properties.get(name, {"Ref": "AWS::NoValue"}), other]}

    return change


def named_for(parameter: str, resource: str, name: str) -> Change:
    """A property holds a parameter's value."""

    def change(found: dict[str, Any]) -> None:
        found["Resources"][resource]["Properties"][name] = {"Fn::Join": [",", [{"Fn::Join": ["", {"Ref": parameter}]}]]}

    return change


def only_while(condition: str, resource: str) -> Change:
    """A resource is there only while the condition holds too."""

    def change(found: dict[str, Any]) -> None:
        item = found["Resources"][resource]
        both = [{"Condition": name} for name in (item.get("Condition"), condition) if name]
        found["Conditions"]["ByHand"] = {"Fn::And": both * 2 if len(both) == 1 else both}
        item["Condition"] = "ByHand"
        for output in found["Outputs"].values():
            if resource in json.dumps(output["Value"]):
                output["Condition"] = "ByHand"

    return change


def topic_unless(condition: str) -> Change:
    """A new resource, there once the condition no longer holds."""

    def change(found: dict[str, Any]) -> None:
        found["Conditions"]["ByHand"] = {"Fn::Not": [{"Condition": condition}]}
        found["Resources"]["Sneaky"] = {"Type": "AWS::SNS::Topic", "Condition": "ByHand", "Properties": {}}

    return change


def only_unless_renamed(resource: str) -> Change:
    """A resource is there only while the instance has its first name."""

    def change(found: dict[str, Any]) -> None:
        found["Conditions"]["FirstName"] = {"Fn::Equals": [{"Ref": "InstanceName"}, "deepsql-selfhost"]}
        only_while("FirstName", resource)(found)

    return change


def named_for_name(resource: str, name: str) -> Change:
    """A property holds the instance's name."""
    return lambda found: found["Resources"][resource]["Properties"].update({name: {"Ref": "InstanceName"}})


def image_read_again(found: dict[str, Any]) -> None:
    """The instance's image is a dynamic reference, and a value that has nothing to do with it is in one of its tags."""
    instance = found["Resources"]["Instance"]["Properties"]
    instance["ImageId"] = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64}}"
    instance["Tags"].append({"Key": "log-days", "Value": {"Ref": "SessionLogRetentionDays"}})


def a_word_that_is_not_given_back(found: dict[str, Any]) -> None:
    """The instance has a tag with a character outside ASCII, which no call gives back; and there is something to do."""
    found["Resources"]["InstanceRole"]["Properties"]["Description"] = "by hand"
    found["Resources"]["Instance"]["Properties"]["Tags"].append({"Key": "owner", "Value": "Zo\u00eb"})


def stuck(a: Account) -> None:
    """An update failed, and so did its rollback: access is as it was, and the stack changes no more."""
    a.gives_up("SessionLogGroup", "update")
    a.gives_up("InstanceSecurityGroup", "rollback")
    a.update_stack({"InstanceName": "renamed", "SessionLogRetentionDays": "30"}, ends="UPDATE_ROLLBACK_FAILED")
    a.way_in("the secret", lambda: a.reads_secret("vendor"))


REFUSED, STOPPED = "replacement-refused", "access-stopped"
USER, ROLE = "WantSupportUser", "WantSupportRole"


def refusal(name: str, change: Change, command: tuple[str, ...], resource: str) -> World:
    """A template that somebody changed, and the resource that the command must then refuse to touch."""
    return World(f"plan: {name}", template(change), command, refused(REFUSED, resource))


def role_shut_by_hand(a: Account) -> None:
    """Somebody shut the role's trust directly, as in an emergency, and the stack does not know of it."""
    nobody = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    a.mine.iam.update_assume_role_policy(RoleName=a.role, PolicyDocument=document(nobody))
    before = a.trust_statements()
    a.goes_on("the shut trust", lambda: a.trust_statements() == before)
    stays(a)


GROUP, IMAGE = ("InstanceSecurityGroup", "GroupDescription"), "ami-00000000000000009"
VENDOR = "VendorPrincipals"

WORLDS = (
    # a flip
    refusal("a flip changes a role", when(USER, "InstanceRole", "Description"), NO_USER, "InstanceRole"),
    refusal("a flip replaces the instance", when(USER, "Instance", "ImageId", IMAGE), NO_USER, "Instance"),
    refusal("a flip replaces the group", when(USER, *GROUP), NO_USER, "Instance"),
    refusal("a flip removes a secret", only_while(USER, "AdminSecret"), NO_USER, "AdminSecret"),
    refusal("a flip removes a log group", only_while(ROLE, "KeeperLogGroup"), NO_ROLE, "KeeperLogGroup"),
    refusal("a flip adds a topic", topic_unless(USER), NO_USER, "Sneaky"),
    refusal("a flip changes more of the key", when(USER, "StackKey", "Description"), NO_USER, "StackKey"),
    refusal("a flip stops the key's rotation", when(ROLE, "StackKey", "EnableKeyRotation", False), NO_ROLE, "StackKey"),
    # a grant, a revocation
    refusal("a grant changes a role", named_for(VENDOR, "InstanceRole", "Description"), GRANT, "InstanceRole"),
    refusal("a grant replaces the group", named_for(VENDOR, *GROUP), GRANT, "Instance"),
    refusal("a grant changes more of the key", named_for(VENDOR, "StackKey", "Description"), GRANT, "StackKey"),
    World(
        "plan: a revocation changes a role",
        template(named_for(VENDOR, "InstanceRole", "Description")),
        ALL,
        not_proven("InstanceRole"),
    ),
    # other values
    refusal("a name removes a secret", only_unless_renamed("AdminSecret"), RENAME, "AdminSecret"),
    refusal("a name removes a log group", only_unless_renamed("KeeperLogGroup"), RENAME, "KeeperLogGroup"),
    refusal("a name and a flip remove a secret", only_unless_renamed("AdminSecret"), BOTH, "AdminSecret"),
    refusal("a name replaces the group", named_for_name(*GROUP), RENAME, "Instance"),
    refusal("a log's days reach an image that is read again", image_read_again, LOG_DAYS, "Instance"),
    refusal("an upgrade would write a lost character", a_word_that_is_not_given_back, ("upgrade",), "Instance"),
    World("plan: another image", stays, ("up", "--image-id", IMAGE), refused(REFUSED, "Instance")),
    World("plan: another volume", stays, ("up", "--volume-size-gib", "100"), refused(REFUSED, "Instance")),
    # what was stopped directly
    World(
        "plan: the role was shut by hand",
        role_shut_by_hand,
        ("up", "--support-role-external-id", "another-external-id"),
        refused(STOPPED, "SupportRole", "access pause"),
    ),
    # a stack that cannot change
    World("plan: a stack that is stuck", stuck, RENAME, failed("update-rollback-failed")),
    World("plan: a grant on a stack that is stuck", stuck, GRANT, failed("update-rollback-failed")),
    World("plan: a revocation on a stack that is stuck", stuck, ALL, not_proven("UPDATE_ROLLBACK_FAILED")),
    # what was asked
    World("plan: another external ID", nothing, ("up", "--support-role-external-id", "another-external-id"), done()),
    World("plan: another image, named", nothing, ("up", "--image-id", IMAGE, *ALLOWED), done()),
    World("plan: a name", nothing, RENAME, done()),
    World("plan: a grant", nothing, GRANT, done()),
)
