"""What a grant permits, sentence by sentence: the Sids of the policies it changes, read aloud. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.model.grant import Grant
from generator.model.policy import PolicyStatement, statements
from generator.policies.document import document, plain
from generator.policies.support import support_user_policy_document
from generator.policies.vendor import vendor_decrypts_via_secrets_manager, vendor_reads_the_secret

SECRET_SID = "VendorReadsTheSecret"  # noqa: S105 - a Sid
KEY_SID = "VendorDecryptViaSecretsManager"
SUPPORT_SID = "StartSessionsOnThisInstance"


@dataclass(frozen=True)
class Sentence:
    """One thing somebody may do: whose policy says so, what, who, and until when (empty: no end)."""

    policy: str
    permits: str
    who: str
    until: str


def spoken(sid: str) -> str:
    """VendorReadsTheSecret -> Vendor reads the secret."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", sid).lower()
    return words[:1].upper() + words[1:]


def sentences(grant: Grant) -> tuple[Sentence, ...]:
    """What the grant lets whom do."""
    who = ", ".join(described(principal.pattern) for principal in grant.principals)
    vendor = [
        Sentence(policy, spoken(statement.sid), who, grant.until_text)
        for policy, statement in (("secret", secret_statement(grant)), ("key", key_statement(grant)))
        if grant.principals
    ]
    holder = [
        Sentence("support user", spoken(s.sid), "whoever holds the key", grant.until_text)
        for s in _support_statements(grant)
        if s.allows and s.until is not None
    ]
    return (*vendor, *holder)


def described(pattern: str) -> str:
    """An ARN as it is; the pattern of a whole account in words."""
    parts = pattern.split(":")
    return f"everyone whom account {parts[4]} lets" if pattern.endswith(":*") and len(parts) > 4 else pattern


def secret_statement(grant: Grant) -> PolicyStatement:
    """The statement the template puts into the secret's policy for this grant."""
    made = vendor_reads_the_secret(
        list(grant.accounts), [p.pattern for p in grant.principals], grant.until_text or None
    )
    return _read(made)


def key_statement(grant: Grant, service: str = "", secret_arns: str = "") -> PolicyStatement:
    """The statement the template puts into the key's policy for this grant."""
    patterns = [p.pattern for p in grant.principals]
    made = vendor_decrypts_via_secrets_manager(
        list(grant.accounts), patterns, grant.until_text or None, service=service, secret_arns=secret_arns
    )
    return _read(made)


def _support_statements(grant: Grant) -> tuple[PolicyStatement, ...]:
    return statements(support_user_policy_document(until=grant.until_text or None))


def _read(statement: object) -> PolicyStatement:
    made = plain(document([statement]))
    assert isinstance(made, dict)
    return statements(made)[0]
