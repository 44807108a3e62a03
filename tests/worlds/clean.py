"""Revocations after which nothing is left: proven, and the customer's own goes on."""

from __future__ import annotations

from tests.worlds.account import VENDOR_ROLE, VENDOR_ROOT, Account, allow, document, permission
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


def two_are_in_and_go(a: Account) -> None:
    a.way_in("the secret, for one", lambda: a.reads_secret("stranger"))
    a.way_in("the secret, for the other", lambda: a.reads_secret("vendor"))


def customer_is_in(a: Account) -> None:
    session = a.opens(a.mine)
    a.goes_on("the customer's own session", lambda: a.is_open(session))


def engineer_is_in(a: Account) -> None:
    """One of the customer's people, who is not the caller."""
    _engineer_is_in(a)


def engineer_is_in_by_their_own_document(a: Account) -> None:
    _engineer_is_in(a, a.engineers_document())


def _engineer_is_in(a: Account, document_name: str = "") -> None:
    a.mine.iam.create_user(UserName="ada")
    a.mine.iam.put_user_policy(UserName="ada", PolicyName="p", PolicyDocument=document(permission("ssm:*")))
    session = a.opens(a.holder(a.mine.iam.create_access_key(UserName="ada")["AccessKey"]), document_name)
    a.goes_on("the engineer's session", lambda: a.is_open(session))


def all_of_an_account_are_in(a: Account) -> None:
    a.way_in("the secret, for the vendor's role", lambda: a.reads_secret("vendor"))
    a.way_in("the secret, for the stranger", lambda: a.reads_secret("stranger"))


def service_in_the_key_policy(a: Account) -> None:
    a.add_to_key_policy({**allow({"Service": "cloudtrail.amazonaws.com"}, ["kms:GenerateDataKey*"]), "Sid": "Trail"})


def customers_role_in_the_key_policy(a: Account) -> None:
    root = f"arn:aws:iam::{a.key.split(':')[4]}:root"
    a.add_to_key_policy({**allow({"AWS": root}, ["kms:Decrypt"]), "Sid": "Backup"})


WORLDS = (
    World("clean: everything was open", support_is_in, ALL, PROVEN),
    World("clean: one of two", two_are_in, ONE, PROVEN, "two granted"),
    World("clean: the customer is in", customer_is_in, ALL, PROVEN),
    World("clean: an engineer is in", engineer_is_in, ALL, PROVEN),
    World("clean: an engineer is in by their own document", engineer_is_in_by_their_own_document, ALL, PROVEN),
    World("clean: both of two", two_are_in_and_go, (*ONE, "--principal", VENDOR_ROLE), PROVEN, "two granted"),
    World(
        "clean: one, and the account that covers it",
        all_of_an_account_are_in,
        ("access", "revoke", "--principal", VENDOR_ROLE, "--principal", VENDOR_ROOT),
        PROVEN,
        "account granted",
    ),
    World("clean: a service in the key's policy", service_in_the_key_policy, ALL, PROVEN, "revoked"),
    World("clean: our account in the key's policy", customers_role_in_the_key_policy, ALL, PROVEN, "revoked"),
    World("clean: a user and no role", by_the_secret, ALL, PROVEN, "user only"),
    World("clean: a role and no user", by_the_role, ALL, PROVEN, "role only"),
    World("clean: twice in a row", nothing, ALL, PROVEN, "revoked"),
    World("clean: after a pause", nothing, ALL, PROVEN, "paused"),
    World("clean: never granted", nothing, ALL, PROVEN, "new"),
)
