"""Grants on a user that a person has changed, and what `access show` says of what is left lying about."""

from __future__ import annotations

from tests.worlds.account import VENDOR_ROLE, Account
from tests.worlds.resources import grants_the_key_to
from tests.worlds.support_user import OWN_POLICY, group, no_boundary, password
from tests.worlds.world import World, done

GRANT = ("access", "grant", "--principal", VENDOR_ROLE)
SHOW = ("access", "show")


def no_boundary_any_more(a: Account) -> None:
    no_boundary(a)
    name = {"UserName": a.user}
    a.way_in("the user without a boundary", lambda: "PermissionsBoundary" not in a.mine.iam.get_user(**name)["User"])


def no_policy_any_more(a: Account) -> None:
    iam, name = a.mine.iam, {"UserName": a.user}
    iam.delete_user_policy(**name, PolicyName=OWN_POLICY)
    a.way_in("nothing", lambda: OWN_POLICY not in iam.list_user_policies(**name)["PolicyNames"])


WORLDS = (
    World("grant: the boundary was removed", no_boundary_any_more, GRANT, done(), "revoked", "P3"),
    World("grant: our policy was removed", no_policy_any_more, GRANT, done(), "revoked"),
    World("show: a password", password, SHOW, done("delete-login-profile"), fault="P3"),
    World("show: a group", group(boundary=False), SHOW, done("their-friends"), fault="P3"),
    World("show: the boundary was removed", no_boundary, SHOW, done("boundary"), fault="P3"),
    World("show: a grant on the key", grants_the_key_to(VENDOR_ROLE, "Decrypt"), SHOW, done("{grant}"), fault="P3"),
)
