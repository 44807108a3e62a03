"""Revocations after which nothing is left: proven, and the customer's own goes on."""

from __future__ import annotations

from tests.worlds.account import Account, allow
from tests.worlds.world import ALL, ONE, PROVEN, World, nothing


def support_is_in(a: Account) -> None:
    """All they have, and all of it works."""
    pair = a.secret_value()
    a.way_in("the secret", lambda: a.reads_secret("vendor"))
    a.way_in("the role", lambda: a.assumes("vendor"))
    a.way_in("the key", lambda: a.signs(pair))


def by_the_secret(a: Account) -> None:
    a.way_in("the secret", lambda: a.reads_secret("vendor"))


def by_the_role(a: Account) -> None:
    a.way_in("the role", lambda: a.assumes("vendor"))


def two_are_in(a: Account) -> None:
    a.way_in("the secret, for the one who goes", lambda: a.reads_secret("stranger"))
    a.goes_on("the secret, for the one who stays", lambda: a.reads_secret("vendor"))


def customer_is_in(a: Account) -> None:
    session = a.opens(a.mine)
    a.goes_on("the customer's own session", lambda: a.is_open(session))


def service_in_the_key_policy(a: Account) -> None:
    a.add_to_key_policy({**allow({"Service": "cloudtrail.amazonaws.com"}, ["kms:GenerateDataKey*"]), "Sid": "Trail"})


def customers_role_in_the_key_policy(a: Account) -> None:
    root = f"arn:aws:iam::{a.key.split(':')[4]}:root"
    a.add_to_key_policy({**allow({"AWS": root}, ["kms:Decrypt"]), "Sid": "Backup"})


WORLDS = (
    World("clean: everything was open", support_is_in, ALL, PROVEN),
    World("clean: one of two", two_are_in, ONE, PROVEN, "two granted"),
    World("clean: the customer is in", customer_is_in, ALL, PROVEN),
    World("clean: a service in the key's policy", service_in_the_key_policy, ALL, PROVEN, "revoked"),
    World("clean: our account in the key's policy", customers_role_in_the_key_policy, ALL, PROVEN, "revoked"),
    World("clean: a user and no role", by_the_secret, ALL, PROVEN, "user only"),
    World("clean: a role and no user", by_the_role, ALL, PROVEN, "role only"),
    World("clean: twice in a row", nothing, ALL, PROVEN, "revoked"),
    World("clean: after a pause", nothing, ALL, PROVEN, "paused"),
    World("clean: never granted", nothing, ALL, PROVEN, "new"),
)
