"""What the customer's own engineers may do: sessions where a tag of the instance equals the same tag of their own."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import cast

import awacs.ec2 as ec2
import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
from awacs.aws import Statement, StringEquals

from generator.model.arn import Arn
from generator.model.contract import DocumentKind, document_name
from generator.policies.document import Document, allow, document, plain
from generator.policies.support import OWN_SESSIONS_BY_TAG, documents_are_checked, own_sessions

THEIRS = (DocumentKind.CUSTOMER_SHELL, DocumentKind.SHELL, DocumentKind.PORT)
"""Support's shell too: `connect` uses it where the stack may not be read, and older stacks have no other."""


class EngineerKind(StrEnum):
    """The kind of IAM identity the engineers use; it decides how their own sessions are recognised."""

    user = "user"
    role = "role"
    federated = "federated"


def engineers_policy_document(
    tag: str,
    kind: EngineerKind,
    *,
    region: str = "REGION",
    account: str = "ACCOUNT_ID",
    partition: str = "aws",
    documents: Sequence[str] = (),
) -> Document:
    """The policy, ready for JSON. `documents` are names of session documents; those of every stack by default.

    A principal without the tag matches nothing: a policy variable that has no value makes its condition false (IAM
    user guide, "Policy variables").
    """
    sessions = Arn(partition, "ssm", region, account, "session/*")
    instances = [str(sessions.beside("ec2", "instance/*"))]
    names = documents or [document_name(each, "i-*") for each in THEIRS]
    statements = [
        allow(
            "StartSessionsWhereTheTagsAreEqual",
            [ssm.StartSession],
            instances,
            StringEquals(f"ssm:resourceTag/{tag}", f"${{aws:PrincipalTag/{tag}}}"),
            documents_are_checked(),
        ),
        allow(
            "StartSessionsWithTheseDocuments",
            [ssm.StartSession],
            [str(sessions.beside("ssm", f"document/{name}")) for name in names],
            documents_are_checked(),
        ),
        allow("OpenTheDataChannel", [ssmmessages.OpenDataChannel], str(sessions)),
        _own_sessions(kind, sessions),
        allow(
            "FindInstances",
            [ec2.DescribeInstances, ssm.DescribeInstanceInformation, ssm.DescribeSessions],
            "*",
            StringEquals("aws:RequestedRegion", region),
        ),
        allow("SeeWhetherTheyAreConnected", [ssm.GetConnectionStatus], instances),
    ]
    return cast(Document, plain(document(statements)))


def _own_sessions(kind: EngineerKind, sessions: Arn) -> Statement:
    """A user's sessions have the user's name in their ID; those of roles and federated users have a tag that AWS sets
    (Session Manager guide, "Sample IAM policies", method 2)."""
    verbs = [ssm.ResumeSession, ssm.TerminateSession]
    if kind is EngineerKind.user:
        return allow("ResumeAndEndOwnSessions", verbs, own_sessions(str(sessions)))
    return allow("ResumeAndEndOwnSessions", verbs, str(sessions), *OWN_SESSIONS_BY_TAG)
