"""Flips of the support user and role: sessions end, what stays open is said, and the customer's own goes on."""

from __future__ import annotations

from collections.abc import Callable

from tests.worlds.account import VENDOR_ROLE, Account, Clients
from tests.worlds.people import (
    foreign_policy_of_the_role,
    session_of_support,
    session_of_the_role,
    session_that_may_not_be_ended,
)
from tests.worlds.resources import another_role, grants_the_key_to
from tests.worlds.support_user import group, second_key
from tests.worlds.world import ALL, Make, World, done, incomplete, lacks, not_proven, nothing

NO_USER = ("up", "--support-user=no")
NO_ROLE = ("up", "--support-role=no")


def customer_is_in(a: Account) -> None:
    session = a.opens(a.mine)
    a.goes_on("the customer's own session", lambda: a.is_open(session))


def nobody_may_look(a: Account) -> None:
    session_of_support(a)
    a.operator_lacks("ssm:DescribeSessions", tried=lambda c: c.ssm.describe_sessions(State="Active"))


def user_that_cannot_be_deleted(a: Account) -> None:
    """CloudFormation gives its deletion up, and the stack is complete all the same."""
    a.gives_up("SupportUser", "delete")
    a.facts["user"] = a.user


def user_removed_in_the_console(opened: Callable[[Account], Clients]) -> Make:
    """Somebody flips the parameter without us, while a session is open."""

    def make(a: Account) -> None:
        a.facts["session"] = a.opens(opened(a))
        a.update_stack({"CreateSupportUser": "No"})
        assert a.is_open(a.facts["session"])

    return make


WORLDS = (
    World("flip: the user's session is open", session_of_support, NO_USER, done()),
    World("flip: the role's session is open", session_of_the_role, NO_ROLE, done()),
    World("flip: a second key", second_key, NO_USER, done()),
    World("flip: the customer is in", customer_is_in, NO_USER, done()),
    World("flip: a session may not be ended", session_that_may_not_be_ended, NO_USER, incomplete("{session}")),
    World("flip: nobody may look", nobody_may_look, NO_USER, incomplete("ssm:DescribeSessions")),
    World("flip: the role stays open", nothing, NO_USER, done("access revoke --all")),
    World("flip: the role stays open, planned", nothing, (*NO_USER, "--plan"), done("access revoke --all")),
    World("flip: the user stays open", nothing, NO_ROLE, done("access revoke --all")),
    World("flip: another role", another_role("ssm:*"), NO_USER, done("helper")),
    World("flip: another role, planned", another_role("ssm:*"), (*NO_USER, "--plan"), done("helper")),
    World("flip: another role, nothing to do", another_role("ssm:*"), NO_USER, done("helper"), "role only"),
    World("flip: a grant on the key", grants_the_key_to(VENDOR_ROLE, "Decrypt"), NO_USER, done("{grant}")),
    World(
        "flip: a foreign policy of the role that stays", foreign_policy_of_the_role, NO_USER, done("delete-role-policy")
    ),
    World("flip: roles may not be read", lacks("iam:GetAccountAuthorizationDetails"), NO_USER, done("iam:GetAcc")),
    World("flip: the user stays, in a group", group(boundary=True), NO_ROLE, done("remove-user-from-group")),
    World("flip: the user cannot go", user_that_cannot_be_deleted, NO_USER, incomplete("{user}")),
    World(
        "session: of a user that the stack no longer has",
        user_removed_in_the_console(lambda a: a.support()),
        ALL,
        not_proven("{session}"),
    ),
)
