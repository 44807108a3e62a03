"""What the customer's own engineers may do: sessions and commands where a tag of the instance equals their own.

A form for each kind of identity, which decides how a session is recognised as their own. What IAM cannot do: a command
bears no tag and no name of who sent it, so nobody gets `ssm:CancelCommand` here, and what commands printed is readable
to all (docs/decisions/0066-engineers-have-a-stack-of-their-own.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import awacs.ec2 as ec2
import awacs.ec2_instance_connect as ec2_instance_connect
import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
from awacs.aws import Statement, StringEquals

from generator.model.arn import Arn
from generator.model.contract import DocumentKind, document_name
from generator.model.engineers import SESSION_KINDS, Kind
from generator.model.engineers import document_name as engineers_document
from generator.policies.document import Document, Value, allow, deny, document, plain
from generator.policies.support import OWN_SESSIONS_BY_TAG, documents_are_checked, longer_name, own_sessions

THEIRS = (DocumentKind.CUSTOMER_SHELL, DocumentKind.SHELL, DocumentKind.PORT)
"""Support's shell too: `connect` uses it where the stack may not be read, and older stacks have no other."""


class EngineerKind(StrEnum):
    """The kind of IAM identity the engineers use; it decides how their own sessions are recognised."""

    user = "user"
    role = "role"
    federated = "federated"
    login = "login"
    source_identity = "source-identity"


NAMED_AFTER = {
    EngineerKind.user: "aws:username",
    EngineerKind.login: "aws:PrincipalTag/login",
    EngineerKind.source_identity: "aws:SourceIdentity",
}
"""IAM's variable for the name that the IDs of their sessions begin with; the others have a tag that AWS sets."""


@dataclass(frozen=True)
class EngineersScope:
    """What they may reach. Every value is an ARN, an ARN pattern, or an intrinsic function giving one.

    `own_sessions` are those named after the person, () where their kind has a tag for it; `others` are those of them
    that are another's, whose name goes on. `commands` are documents for
    SendCommand, () for none. `ssh_keys` is what permits SSH, which `push_ssh_keys` makes, or nothing.
    """

    tag: str
    region: Value
    instances: Value
    documents: Sequence[Value]
    commands: Sequence[Value]
    sessions: Value
    own_sessions: Sequence[Value] = ()
    others: Sequence[Value] = ()
    ssh_keys: Sequence[Value] = ()


def engineers_policy(scope: EngineersScope) -> Document:
    """The policy. A principal without the tag matches nothing: a policy variable that has no value makes its condition
    false, and a resource with one matches no ARN (IAM user guide, "Policy variables")."""
    equal = StringEquals(f"ssm:resourceTag/{scope.tag}", f"${{aws:PrincipalTag/{scope.tag}}}")
    checked, here = documents_are_checked(), StringEquals("aws:RequestedRegion", scope.region)
    finding = [ec2.DescribeInstances, ssm.DescribeInstanceInformation, ssm.DescribeSessions]
    return document(
        [
            allow("StartSessionsWhereTheTagsAreEqual", [ssm.StartSession], scope.instances, equal, checked),
            allow("StartSessionsWithTheseDocuments", [ssm.StartSession], list(scope.documents), checked),
            allow("OpenTheDataChannel", [ssmmessages.OpenDataChannel], scope.sessions),
            *_own_sessions(scope),
            allow("FindInstances", finding, "*", here),
            allow("SeeWhetherTheyAreConnected", [ssm.GetConnectionStatus], scope.instances),
            *(_commands(scope, equal, here) if scope.commands else ()),
            *scope.ssh_keys,
        ]
    )


def push_ssh_keys(tag: str, instances: Value, login: Value) -> Statement:
    """Push a public key for a minute, for that login alone (EC2 Instance Connect, `ec2:osuser`)."""
    conditions = {"ec2:osuser": login, f"aws:ResourceTag/{tag}": f"${{aws:PrincipalTag/{tag}}}"}
    action = [ec2_instance_connect.SendSSHPublicKey]
    return allow("PushSshKeysWhereTheTagsAreEqual", action, instances, StringEquals(conditions))


def _commands(scope: EngineersScope, equal: StringEquals, here: StringEquals) -> Sequence[Statement]:
    """Commands by documents with a list. Reading the results names no resource that IAM could hold to one's own."""
    reading = [ssm.GetCommandInvocation, ssm.ListCommandInvocations, ssm.ListCommands]
    return (
        allow("SendCommandsWhereTheTagsAreEqual", [ssm.SendCommand], scope.instances, equal),
        allow("SendCommandsWithTheseDocuments", [ssm.SendCommand], list(scope.commands)),
        allow("ReadWhatCommandsPrinted", reading, "*", here),
    )


def _own_sessions(scope: EngineersScope) -> Sequence[Statement]:
    """By the name in the session's ID, or by a tag that AWS sets (Session Manager guide, "Sample IAM policies")."""
    verbs = [ssm.ResumeSession, ssm.TerminateSession]
    if scope.own_sessions:
        return (
            allow("ResumeAndEndOwnSessions", verbs, list(scope.own_sessions)),
            deny("NotOfOneWhoseNameGoesOn", verbs, list(scope.others)),
        )
    return (allow("ResumeAndEndOwnSessions", verbs, scope.sessions, *OWN_SESSIONS_BY_TAG),)


def engineers_policy_document(
    tag: str,
    kind: EngineerKind,
    *,
    region: str = "REGION",
    account: str = "ACCOUNT_ID",
    partition: str = "aws",
    documents: Sequence[str] = (),
    ssh_user: str = "",
) -> Document:
    """The policy, ready for JSON: what the stack of `deployer engineers up` has.

    `documents` are names of session documents, by default those of every stack and the engineers' own; where they are
    given, no commands may be sent. `ssh_user` is the login for SSH, "" for none.
    """
    sessions = Arn(partition, "ssm", region, account, "session/*")
    named = f"${{{NAMED_AFTER[kind]}}}" if kind in NAMED_AFTER else ""
    instances = str(sessions.beside("ec2", "instance/*"))
    scope = EngineersScope(
        tag,
        region,
        instances,
        [str(sessions.beside("ssm", f"document/{name}")) for name in documents or session_documents()],
        () if documents else [str(sessions.beside("ssm", f"document/{engineers_document(Kind.RUN)}"))],
        str(sessions),
        own_sessions(str(sessions), named) if named else (),
        [longer_name(str(sessions), named)] if named else (),
        [push_ssh_keys(tag, instances, ssh_user)] if ssh_user else (),
    )
    return cast(Document, plain(engineers_policy(scope)))


def session_documents(stack: str | None = None) -> list[str]:
    """The names of the documents for sessions: those of every stack of the product, and of the engineers' `stack`."""
    named = {} if stack is None else {"stack": stack}
    return [
        *(document_name(each, "i-*") for each in THEIRS),
        *(engineers_document(kind, **named) for kind in SESSION_KINDS),
    ]
