"""What a grant permits, sentence by sentence: the Sids of the policies it changes, read aloud. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from generator.model.arn import Arn
from generator.model.grant import Grant
from generator.model.policy import PolicyStatement, statements
from generator.policies.document import document, plain
from generator.policies.support import CHOSEN_DOCUMENTS, DATABASE_SIGN_IN, SSH_KEYS, support_user_policy_document
from generator.policies.vendor import vendor_reads_the_secret

SECRET_SID = "VendorReadsTheSecret"  # noqa: S105 - a Sid
KEY_SID = "VendorDecryptViaSecretsManager"
ROLE_SID = "VendorAssumes"
SUPPORT_SID = "StartSessionsOnThisInstance"
DOCUMENTS_SID = "StartSessionsWithTheseDocuments"
ALWAYS = frozenset({"EndOwnSessions"})
"""What the holder of the key may do even after the end: leave."""
AS_ROLE = "AsRole"
"""In one template no two Sids are alike, so the role's end in this."""
BOUNDED: dict[str, frozenset[str]] = {
    CHOSEN_DOCUMENTS: frozenset({"ssm:StartSession"}),
    SSH_KEYS: frozenset({"ec2-instance-connect:SendSSHPublicKey"}),
    DATABASE_SIGN_IN: frozenset({"rds-db:connect"}),
    **{
        s.sid: frozenset(s.actions)
        for s in statements(support_user_policy_document())
        if s.allows and s.sid not in ALWAYS
    },
}
"""The statements that a grant opens and an end closes: Sid and actions, as the template has them."""


def is_bounded(statement: PolicyStatement) -> bool:
    """Whether it is one of this template's statements that a grant opens and an end closes, of user or of role.

    A Sid is a name, and anybody may use it: what permits more than the template does under that name is not ours.
    """
    permitted = BOUNDED.get(statement.sid.removesuffix(AS_ROLE), frozenset())
    return statement.allows and not statement.inverted and set(statement.actions) <= permitted and bool(permitted)


@dataclass(frozen=True)
class Permission:
    """One thing somebody may do: whose policy says so, what, who, and until when (empty: no end)."""

    policy: str
    permits: str
    who: str
    until: str


def _in_words(sid: str) -> str:
    """VendorReadsTheSecret -> Vendor reads the secret."""
    if sid == KEY_SID:
        return "Vendor decrypts it, through Secrets Manager only"
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", sid).lower()
    return words[:1].upper() + words[1:]


class Holders(Protocol):
    """What a stack has: a user with a key in a secret, a role, or both (empty: not there)."""

    @property
    def support_user(self) -> str:
        """Name of the user."""
        ...

    @property
    def support_role(self) -> str:
        """Name of the role."""
        ...

    @property
    def database_user(self) -> str:
        """Who support is in the stack's database."""
        ...


def permission_summary(grant: Grant, holders: Holders) -> tuple[Permission, ...]:
    """What the grant lets whom do, by the ways the stack has."""
    who = ", ".join(described(principal.pattern) for principal in grant.principals)
    vendor = [
        Permission(policy, _in_words(sid), who, grant.until_text)
        for policy, sid, applies in (
            ("secret", SECRET_SID, holders.support_user and grant.allows_path("secret")),
            ("key", KEY_SID, holders.support_user and grant.allows_path("secret")),
            ("role", ROLE_SID, holders.support_role and grant.allows_path("role")),
        )
        if grant.principals and applies
    ]
    if not holders.support_user:
        return (*vendor, *_in_the_database(grant, holders))
    of_the_user = [
        Permission("support user", _in_words(s.sid), "whoever holds the key", grant.until_text)
        for s in statements(support_user_policy_document(until=grant.until_text or None))
        if s.allows and s.sid not in ALWAYS
    ]
    return (*vendor, *of_the_user, *_in_the_database(grant, holders))


def _in_the_database(grant: Grant, holders: Holders) -> list[Permission]:
    """What the tunnel is for, where the stack gives support an access level; by user and by role alike."""
    permits = f"{_in_words(DATABASE_SIGN_IN)} as {holders.database_user}"
    rights = (
        ("support user", "whoever holds the key", holders.support_user),
        ("support role", "whoever assumes it", holders.support_role and grant.allows_path("role")),
    )
    return [
        Permission(policy, permits, who, grant.until_text)
        for policy, who, applies in rights
        if applies and holders.database_user
    ]


def described(pattern: str) -> str:
    """An ARN as it is; the pattern of a whole account in words."""
    arn = Arn.find(pattern)
    return f"everyone whom account {arn.account} allows" if arn and arn.resource == "*" else pattern


def secret_statement(grant: Grant) -> PolicyStatement:
    """The statement the template puts into the secret's policy for a grant that has principals."""
    patterns = [principal.pattern for principal in grant.principals]
    made = plain(document([vendor_reads_the_secret(list(grant.accounts), patterns, grant.until_text or None)]))
    assert isinstance(made, dict)
    return statements(made)[0]


def agrees(grant: Grant, live: tuple[PolicyStatement, ...], sid: str) -> bool:
    """Whether the vendor's statement of one policy has the grant's accounts, principals and end, or is not there."""
    vendors = next((statement for statement in live if statement.sid == sid), None)
    if not grant.principals or not grant.allows_path("role" if sid == ROLE_SID else "secret"):
        return vendors is None
    expected = secret_statement(grant)
    return (
        vendors is not None
        and vendors.accounts == expected.accounts
        and set(vendors.principal_arns) == set(expected.principal_arns)
        and vendors.until == expected.until
    )
