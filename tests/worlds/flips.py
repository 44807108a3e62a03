"""Flips of the support user and role: sessions end, what stays open is said, and the customer's own goes on."""

from __future__ import annotations

from collections.abc import Callable

from tests.worlds.account import Account, Clients
from tests.worlds.people import session_of_support, session_of_the_role, session_that_may_not_be_ended
from tests.worlds.support_user import second_key
from tests.worlds.world import ALL, Make, World, done, incomplete, not_proven, nothing

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
    World("flip: the user cannot go", user_that_cannot_be_deleted, NO_USER, incomplete("{user}")),
    World(
        "session: of a user that the stack no longer has",
        user_removed_in_the_console(lambda a: a.support()),
        ALL,
        not_proven("{session}"),
    ),
)
