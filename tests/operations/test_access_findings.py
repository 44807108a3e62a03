"""What `access show` warns about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from generator.model.access import AccessKey, AccessPolicy, AccessState
from generator.model.access_path import AccessPath, PathKind
from generator.model.command_line import CommandLine
from generator.model.grant import Grant
from generator.model.policy import PolicyPrincipal, PolicyStatement, PrincipalType
from generator.model.principal import Principal
from generator.operations.access.findings import findings

NOW = datetime(2026, 12, 1, tzinfo=UTC)
A = Principal("aws", "444455556666", "role/A")
AGO = NOW - timedelta(days=2)
END = NOW + timedelta(hours=1)
KEY = AccessKey("AKIA", "u", "Active", AGO, NOW)
UNUSED = replace(KEY, last_used=None)
CALM = AccessState("s", "us-east-1", "111122223333", "i-1", Grant((A,), END), keys=(KEY,), ends=(END,), changed=AGO)


CLUSTER = AccessPath(PathKind.CLUSTER, "orders", "r", "eks:ListAccessEntries")


def statement(sid: str, *principals: str) -> PolicyStatement:
    named = tuple(PolicyPrincipal(PrincipalType.AWS, principal) for principal in principals)
    return PolicyStatement(sid, "Allow", named, ("secretsmanager:GetSecretValue",), ("*",))


@pytest.mark.parametrize(
    ("state", "warns"),
    [
        (CALM, ""),
        (replace(CALM, paths=(AccessPath(PathKind.GROUP, "theirs", "u", "iam:ListGroupsForUser"),)), "theirs"),
        (replace(CALM, paths=(AccessPath(PathKind.MFA_DEVICE, "m", "u", "iam:ListMFADevices", opens=False),)), ""),
        (replace(CALM, paths=(replace(CLUSTER, by_stack=True),)), ""),
        (replace(CALM, grant=Grant((A,), NOW), ends=(NOW,), paths=(replace(CLUSTER, by_stack=True),)), "orders"),
        (replace(CALM, paths=(AccessPath(PathKind.ACCESS_KEY, "AKIA", "u", "iam:ListAccessKeys", by_stack=True),)), ""),
        (replace(CALM, grant=Grant((), END), paths=(CLUSTER,)), "orders"),
        (replace(CALM, unread=("iam:ListMFADevices: refused",)), "could not be read"),
        (replace(CALM, grant=Grant((A,)), ends=(None,)), "has no end"),
        (replace(CALM, grant=Grant((A,), NOW), ends=(NOW,)), "has ended"),
        (replace(CALM, grant=replace(CALM.grant, not_before="9999-12-31T00:00:00Z")), "is paused"),
        (replace(CALM, keys=(replace(KEY, created=NOW - timedelta(days=91)),)), "older than 90 days"),
        (replace(CALM, keys=(UNUSED,)), "never used"),
        (replace(CALM, keys=(UNUSED,), changed=NOW - timedelta(hours=23)), ""),
        (replace(CALM, keys=(replace(UNUSED, created=NOW - timedelta(hours=23)),)), ""),
        (replace(CALM, keys=(replace(UNUSED, status="Inactive"),)), "while access is paused"),
        (replace(CALM, keys=(replace(UNUSED, status="Inactive"), KEY)), ""),
        (replace(CALM, ends=(END, None)), "differs between"),
        (replace(CALM, policies=(AccessPolicy("secret", (statement("VendorReadsTheSecret", "444455556666"),)),)), ""),
        (replace(CALM, policies=(AccessPolicy("secret", (statement("Mine", "444455556666"),)),)), "added by hand"),
        (
            replace(
                CALM, policies=(AccessPolicy("key", (statement("VendorDecryptViaSecretsManager", "AROAEXAMPLE"),)),)
            ),
            "no longer",
        ),
        (
            replace(CALM, policies=(AccessPolicy("secret", (statement("VendorReadsTheSecret", "*"),)),)),
            "gives everyone access",
        ),
        (replace(CALM, policies=(AccessPolicy("secret", unreadable="denied"),)), "could not be read"),
    ],
)
def test_it_warns_of_what_a_careful_person_would_look_at(state: AccessState, warns: str) -> None:
    found = [finding.warning for finding in findings(state, NOW, CommandLine("s"))]
    assert any(warns in warning for warning in found) if warns else not found


GONE_STATEMENT = AccessPolicy("secret", (statement("Mine", "444455556666"),))
WITH_SECRET = replace(CALM, secret_arn="arn:s", policies=(GONE_STATEMENT,))
NO_TRUST = AccessPolicy("support role")


@pytest.mark.parametrize(
    ("state", "policy"),
    [
        (WITH_SECRET, "policy of the secret"),
        (
            replace(WITH_SECRET, policies=(AccessPolicy("secret", unreadable="it does not exist"),)),
            "policy of the secret",
        ),
        (replace(WITH_SECRET, policies=(AccessPolicy("key"),)), "policy of the key"),
        (replace(WITH_SECRET, policies=(NO_TRUST,)), "policy of the support role"),
        (replace(WITH_SECRET, policies=(AccessPolicy("secret", unreadable="denied"),)), ""),
        (replace(WITH_SECRET, policies=(AccessPolicy("secret", (statement("VendorReadsTheSecret", "4"),)),)), ""),
        (replace(WITH_SECRET, policies=(AccessPolicy("support user"),)), ""),
        (replace(WITH_SECRET, secret_arn=""), ""),
        (replace(WITH_SECRET, secret_arn="", policies=(AccessPolicy("key"),)), ""),
        (replace(WITH_SECRET, grant=replace(CALM.grant, via="role")), ""),
        (replace(WITH_SECRET, grant=replace(CALM.grant, via="secret"), policies=(NO_TRUST,)), ""),
        (replace(WITH_SECRET, grant=Grant()), ""),
        (replace(WITH_SECRET, grant=Grant((A,), NOW)), ""),
        (replace(WITH_SECRET, grant=replace(CALM.grant, not_before="9999-12-31T00:00:00Z")), ""),
    ],
)
def test_a_grants_statement_that_is_gone_is_named_where_it_belongs_and_nowhere_else(
    state: AccessState, policy: str
) -> None:
    lost = [f for f in findings(state, NOW, CommandLine("s")) if "is not in it any more" in f.warning]
    assert [f.subject for f in lost] == ([policy] if policy else [])
    assert all(A.arn in f.warning and f"access grant --principal {A.arn} --for 8h" in f.hint for f in lost)
