"""Revocations while somebody besides the stack may invoke its function, which makes keys and ends sessions."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.worlds.account import THIRD_ROOT, VENDOR, VENDOR_ROLE, Account, works
from tests.worlds.world import ALL, ONE, PROVEN, Make, World, and_, not_proven


def function_of(a: Account) -> str:
    """The keeper's name, kept for what an answer has to name."""
    asked = {"StackName": a.stack_name, "LogicalResourceId": "KeeperFunction"}
    name = a.mine.cloudformation.describe_stack_resource(**asked)["StackResourceDetail"]["PhysicalResourceId"]
    a.facts["keeper"] = str(name)
    return a.facts["keeper"]


def permits(principal: str, action: str = "lambda:InvokeFunction", **more: str) -> Make:
    """Somebody may do this with the function."""

    def make(a: Account) -> None:
        asked = {"FunctionName": function_of(a), "StatementId": "ByHand", "Action": action, "Principal": principal}
        a.mine.__getattr__("lambda").add_permission(**asked, **more)
        a.way_in("the permission", partial(_permits, a, more.get("Qualifier", "")))

    return make


def _permits(a: Account, qualifier: str) -> bool:
    which: dict[str, Any] = {"Qualifier": qualifier} if qualifier else {}
    function = {"FunctionName": a.facts["keeper"], **which}
    found: list[str] = []
    works(lambda: found.append(a.mine.__getattr__("lambda").get_policy(**function)["Policy"]))
    return "ByHand" in "".join(found)


def has_an_alias(a: Account) -> None:
    functions = a.mine.__getattr__("lambda")
    version = functions.publish_version(FunctionName=function_of(a))["Version"]
    functions.create_alias(FunctionName=a.facts["keeper"], Name="theirs", FunctionVersion=version)


def has_a_url(auth: str) -> Make:
    """It can be called over the internet."""

    def make(a: Account) -> None:
        a.mine.__getattr__("lambda").create_function_url_config(FunctionName=function_of(a), AuthType=auth)

    return make


def rule_of_another_account(a: Account) -> None:
    """A rule of that name in the vendor's account."""
    rule = a.mine.cloudformation.describe_stack_resource(StackName=a.stack_name, LogicalResourceId="AccessEndRule")
    name = rule["StackResourceDetail"]["PhysicalResourceId"]
    permits("events.amazonaws.com", SourceArn=f"arn:aws:events:us-east-1:{VENDOR}:rule/{name}")(a)


REMOVED = ("remove-permission --function-name {keeper}", "--statement-id ByHand")

WORLDS = (
    World("keeper: another account", permits(THIRD_ROOT), ALL, not_proven(THIRD_ROOT, left=REMOVED)),
    World("keeper: another account, later", permits(VENDOR_ROLE), ALL, not_proven(left=REMOVED), "revoked"),
    World("keeper: another account, one goes", permits(THIRD_ROOT), ONE, not_proven(left=REMOVED), "two granted"),
    World(
        "keeper: another account may change its code",
        permits(THIRD_ROOT, "lambda:UpdateFunctionCode"),
        ALL,
        not_proven("lambda:UpdateFunctionCode", left=REMOVED),
    ),
    World("keeper: everybody", permits("*"), ALL, not_proven(left=REMOVED)),
    World("keeper: a topic of the account", permits("sns.amazonaws.com"), ALL, not_proven(left=REMOVED)),
    World("keeper: any rule anywhere", permits("events.amazonaws.com"), ALL, not_proven(left=REMOVED)),
    World("keeper: a rule of another account", rule_of_another_account, ALL, not_proven(left=REMOVED)),
    World(
        "keeper: by an alias",
        and_(has_an_alias, permits(THIRD_ROOT, Qualifier="theirs")),
        ALL,
        not_proven(left=(*REMOVED, "--qualifier theirs")),
    ),
    World("keeper: an alias that nobody may use", has_an_alias, ALL, PROVEN),
    World("keeper: a function URL", has_a_url("NONE"), ALL, not_proven(left=("delete-function-url-config",))),
    World("keeper: a function URL for whom IAM permits", has_a_url("AWS_IAM"), ALL, PROVEN),
)
