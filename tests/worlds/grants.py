"""Grants on a user that a person has changed, and what `access show` says of what is left lying about."""

from __future__ import annotations

import json

from tests.worlds.account import VENDOR_ROLE, Account
from tests.worlds.people import (
    role_without_a_boundary,
    session_by_another_role,
    session_of_a_federated_user,
    session_of_somebody_gone,
)
from tests.worlds.resources import (
    another_profile,
    another_role,
    document_with,
    grants_the_key_to,
    preferences_that_log_nothing,
    reaches_a_cluster,
)
from tests.worlds.support_user import (
    CREATES_KEYS,
    OWN_POLICY,
    boundary_of_another_version,
    foreign_policy,
    group,
    no_boundary,
    password,
    ssh_public_key,
)
from tests.worlds.world import Make, World, and_, done, failed, incomplete, lacks, nothing, refused

GRANT = ("access", "grant", "--principal", VENDOR_ROLE)
SHOW = ("access", "show")
CONFIRM = ("access", "confirm")


def rule_disabled(a: Account) -> None:
    """Nothing ends open sessions any more at the end of the grant, which still refuses new ones."""
    (rule,) = a.mine.events.list_rules()["Rules"]
    a.mine.events.disable_rule(Name=rule["Name"])
    assert a.mine.events.describe_rule(Name=rule["Name"])["State"] == "DISABLED"


def rule_of(a: Account) -> dict[str, str]:
    """The rule that ends open sessions at the end of the grant."""
    (rule,) = a.mine.events.list_rules()["Rules"]
    a.facts["rule"] = rule["Name"]
    return {"Rule": rule["Name"]}


def rule_deleted(a: Account) -> None:
    rule = rule_of(a)
    targets = [target["Id"] for target in a.mine.events.list_targets_by_rule(**rule)["Targets"]]
    a.mine.events.remove_targets(**rule, Ids=targets)
    a.mine.events.delete_rule(Name=rule["Rule"])


def rule_runs_daily(a: Account) -> None:
    a.mine.events.put_rule(Name=rule_of(a)["Rule"], ScheduleExpression="rate(1 day)")


def rule_tells(change: str) -> Make:
    """The rule's message names another value there."""

    def make(a: Account) -> None:
        rule = rule_of(a)
        [target] = a.mine.events.list_targets_by_rule(**rule)["Targets"]
        told = target["InputTransformer"]
        told["InputTemplate"] = json.dumps({**json.loads(told["InputTemplate"]), change: "another"})
        a.mine.events.put_targets(**rule, Targets=[target])

    return make


def rule_calls_nobody(a: Account) -> None:
    a.mine.events.remove_targets(**rule_of(a), Ids=["keeper"])


DOCTOR = ("doctor",)
ENABLE = "events enable-rule --name"
CHANGED = "no longer tells the keeper"


def no_boundary_any_more(a: Account) -> None:
    no_boundary(a)
    name = {"UserName": a.user}
    a.way_in("the user without a boundary", lambda: "PermissionsBoundary" not in a.mine.iam.get_user(**name)["User"])


def no_policy_any_more(a: Account) -> None:
    iam, name = a.mine.iam, {"UserName": a.user}
    iam.delete_user_policy(**name, PolicyName=OWN_POLICY)
    a.way_in("nothing", lambda: OWN_POLICY not in iam.list_user_policies(**name)["PolicyNames"])


def role_without_its_policy(a: Account) -> None:
    iam, name = a.mine.iam, {"RoleName": a.role}
    [ours] = iam.list_attached_role_policies(**name)["AttachedPolicies"]
    iam.detach_role_policy(**name, PolicyArn=ours["PolicyArn"])
    a.way_in("nothing", lambda: not iam.list_attached_role_policies(**name)["AttachedPolicies"])


def default_shell(make: Make) -> Make:
    """The customer lets support start the account's default shell."""
    return and_(make, lambda a: a.update_stack({"SupportDefaultShell": "Yes"}))


NOT_LOGGED = "default shell, and it is not logged"
UNLOGGED = {"inputs": {"cloudWatchLogGroupName": "", "cloudWatchStreamingEnabled": False}}
AS_ROOT = {"inputs": {"runAsEnabled": True, "runAsDefaultUser": "root"}}
ANY_PORT = {"parameters": {"portNumber": {"type": "String", "allowedPattern": ".*"}}}
TO_A_HOST = {"properties": {"host": "10.0.0.9"}}
TO_POSTGRES = {"properties": {"portNumber": "5432"}}


WORLDS = (
    World("grant: the role's policy was detached", role_without_its_policy, GRANT, done("attached again"), "revoked"),
    World("grant: the boundary was removed", no_boundary_any_more, GRANT, done(), "revoked"),
    World("grant: our policy was removed", no_policy_any_more, GRANT, done(), "revoked"),
    World("grant: the boundary was removed, nothing else to do", no_boundary_any_more, GRANT, done("restored")),
    World("grant: the role's boundary was removed", role_without_a_boundary, GRANT, done("restored"), "revoked"),
    World(
        "grant: the boundary may not be read",
        and_(no_boundary, lacks("iam:GetUser")),
        GRANT,
        refused("boundary-unknown", "iam:GetUser"),
        "revoked",
    ),
    World(
        "grant: the boundary may not be restored",
        and_(no_boundary, lacks("iam:PutUserPermissionsBoundary")),
        GRANT,
        failed("aws", "PutUserPermissionsBoundary"),
        "revoked",
    ),
    World("grant: a group", group(boundary=True), GRANT, done("remove-user-from-group", "their-friends"), "revoked"),
    World("grant: a group, nothing else to do", group(boundary=True), GRANT, done("their-friends")),
    World("grant: a foreign policy", foreign_policy(CREATES_KEYS), GRANT, done("delete-user-policy"), "revoked"),
    World("grant: an SSH public key", ssh_public_key, GRANT, done("delete-ssh-public-key", "{ssh_key}"), "revoked"),
    World("grant: a grant on the key", grants_the_key_to(VENDOR_ROLE, "Decrypt"), GRANT, done("{grant}"), "revoked"),
    World("grant: another role", another_role("ssm:*"), GRANT, done("helper"), "revoked"),
    World("grant: a session of somebody who is gone", session_of_somebody_gone, GRANT, done("{session}"), "revoked"),
    World(
        "grant: the boundary in another version", boundary_of_another_version, GRANT, incomplete("set-default-policy-")
    ),
    World("grant: groups may not be listed", lacks("iam:ListGroupsForUser"), GRANT, done("iam:ListGroupsForUser")),
    World("grant: roles may not be read", lacks("iam:GetAccountAuthorizationDetails"), GRANT, done("iam:GetAccount")),
    World("confirm: the rule was disabled", rule_disabled, CONFIRM, done("is disabled")),
    World("confirm: the rule was deleted", rule_deleted, CONFIRM, done("{rule} was deleted")),
    World("confirm: the rule runs daily", rule_runs_daily, CONFIRM, done("rate(1 day)")),
    World("confirm: the rule calls nobody", rule_calls_nobody, CONFIRM, done(CHANGED)),
    World("show: the rule was disabled", rule_disabled, SHOW, done("is disabled", ENABLE)),
    World("show: the rule was deleted", rule_deleted, SHOW, done("{rule} was deleted", "then grant again")),
    World("show: the rule tells another end", rule_tells("Until"), SHOW, done(CHANGED, "then grant again")),
    World("show: the rule tells another role", rule_tells("Role"), SHOW, done(CHANGED)),
    World("show: the rule may not be read", lacks("events:DescribeRule"), SHOW, done("events:DescribeRule")),
    World("show: a session of somebody who is gone", session_of_somebody_gone, SHOW, done("{session}", "terminate-")),
    World("show: a session of a federated user", session_of_a_federated_user, SHOW, done("{session}", "terminate-")),
    World("show: a session by another role", session_by_another_role, SHOW, done("{session}", "a role that lets")),
    World("show: the shell is no longer logged", document_with("Shell", **UNLOGGED), SHOW, done("are not logged")),
    World("show: the shell runs as root", document_with("Shell", **AS_ROOT), SHOW, done("shells run as root")),
    World("show: the default shell is not logged", default_shell(preferences_that_log_nothing), SHOW, done(NOT_LOGGED)),
    World("show: the default shell was never set up", default_shell(nothing), SHOW, done(NOT_LOGGED)),
    World("show: a tunnel to every port", document_with("Port", **ANY_PORT), SHOW, done("tunnels reach the ports .*")),
    World("show: a tunnel to another host", document_with("Port", **TO_A_HOST), SHOW, done("another host, 10.0.0.9")),
    World("show: SSH to another port", document_with("Ssh", **TO_POSTGRES), SHOW, done("leads to port 5432")),
    World("doctor: the shell is no longer logged", document_with("Shell", **UNLOGGED), DOCTOR, done("not logged")),
    World("show: documents may not be read", lacks("ssm:GetDocument"), SHOW, done("this needs ssm:GetDocument")),
    World("doctor: the rule was disabled", rule_disabled, DOCTOR, incomplete("is disabled", ENABLE)),
    World("show: the instance has another profile", another_profile, SHOW, done("their-profile", "replace-iam-")),
    World(
        "doctor: the instance has another profile", another_profile, DOCTOR, incomplete("their-profile", "replace-iam-")
    ),
    World("doctor: the rule was deleted", rule_deleted, DOCTOR, incomplete("{rule} was deleted")),
    World("doctor: a session of somebody who is gone", session_of_somebody_gone, DOCTOR, done("{session}")),
    World("confirm: the operator may not look", lacks("events:DescribeRule"), CONFIRM, done("events:DescribeRule")),
    World("show: a password", password, SHOW, done("delete-login-profile")),
    World("show: a group", group(boundary=False), SHOW, done("their-friends")),
    World("show: the boundary was removed", no_boundary, SHOW, done("boundary")),
    World(
        "show: the cluster stays after the end", reaches_a_cluster, SHOW, done("until the grant is revoked, also after")
    ),
    World("show: another role", another_role("ssm:*"), SHOW, done("helper"), "revoked"),
    World("show: a key that may not be listed", lacks("iam:ListAccessKeys"), SHOW, done("iam:ListAccessKeys")),
    World("show: a grant on the key", grants_the_key_to(VENDOR_ROLE, "Decrypt"), SHOW, done("{grant}")),
)
