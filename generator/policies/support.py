"""What the vendor's support may do: one policy that permits it, and as a boundary keeps it from ever being more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import awacs.ec2 as ec2
import awacs.ec2_instance_connect as ec2_instance_connect
import awacs.ssm as ssm
import awacs.ssmmessages as ssmmessages
import awacs.sts as sts
from awacs.aws import Action, BoolIfExists, ConditionElement, DateLessThan, Statement, StringEquals, StringLike

from generator.model.arn import Arn
from generator.model.contract import SSH_USER, TAG_KEY, TAG_VALUE
from generator.policies.document import Document, Value, allow, before, deny, document, plain

USERNAME = "${aws:username}"
"""IAM's own policy variable: the name of the user that asks."""


OWN_BY_ID = (StringLike("ssm:resourceTag/aws:ssmmessages:session-id", "${aws:userid}"),)
"""Own sessions of roles and federated users (Session Manager user guide, restrict access, "method 2")."""


def no_older_sessions(not_before: Value) -> Statement:
    """Nothing at all for sessions begun before that time (UTC); keys of users have no such time and are not meant."""
    return deny("NoOlderSessions", [Action("*")], "*", DateLessThan("aws:TokenIssueTime", not_before))


@dataclass(frozen=True)
class SupportScope:
    """Where support may go. Every value is an ARN, an ARN pattern, or an intrinsic function giving one.

    `own_sessions` are the sessions of the asking user by name; `until` ends starting and resuming (None: no end).
    """

    region: Value
    instances: Sequence[Value]
    documents: Sequence[Value]
    sessions: Value
    own_sessions: Value
    until: Value = None
    tag: tuple[str, str] = field(default=(TAG_KEY, TAG_VALUE))


def _documents_are_checked() -> ConditionElement:
    """Without it the account's default shell could be started though no statement names it (Session Manager guide)."""
    return BoolIfExists("ssm:SessionDocumentAccessCheck", "true")


def _in_region(region: Value) -> ConditionElement:
    """The describe calls take no resource, so the region is held by a condition."""
    return StringEquals("aws:RequestedRegion", region)


def session_statements(scope: SupportScope) -> list[Statement]:
    """Sessions on the instance, and the asking user's own ones, told by its name.

    The tag is asked of the instance only: a document carries no such tag, so documents have their own statement.
    """
    tag_key, tag_value = scope.tag
    ends = before(scope.until)
    return [
        allow(
            "StartSessionsOnThisInstance",
            [ssm.StartSession],
            list(scope.instances),
            StringEquals(f"ssm:resourceTag/{tag_key}", tag_value),
            _documents_are_checked(),
            *ends,
        ),
        allow("ResumeOwnSessions", [ssm.ResumeSession], scope.own_sessions, *ends),
        allow("EndOwnSessions", [ssm.TerminateSession], scope.own_sessions),
    ]


def role_session_statements(scope: SupportScope) -> list[Statement]:
    """Own sessions told by the tag that Session Manager gives them: a role's session has no user name to be told by."""
    return [
        allow("ResumeOwnSessionsAsRole", [ssm.ResumeSession], scope.sessions, *OWN_BY_ID, *before(scope.until)),
        allow("EndOwnSessionsAsRole", [ssm.TerminateSession], scope.sessions, *OWN_BY_ID),
    ]


def shared_statements(scope: SupportScope) -> list[Statement]:
    """What is the same whoever asks: with which documents, over which channel, and finding the way."""
    ends = before(scope.until)
    return [
        allow(
            "StartSessionsWithTheseDocuments",
            [ssm.StartSession],
            list(scope.documents),
            _documents_are_checked(),
            *ends,
        ),
        allow("OpenTheDataChannel", [ssmmessages.OpenDataChannel], scope.sessions, *ends),
        allow(
            "FindTheInstance",
            [ec2.DescribeInstances, ssm.DescribeInstanceInformation],
            "*",
            _in_region(scope.region),
            *ends,
        ),
        allow("SeeWhetherItIsConnected", [ssm.GetConnectionStatus], list(scope.instances), *ends),
        deny("NoSessionTokens", [sts.GetSessionToken], "*"),
    ]


def push_ssh_keys(
    sid: str, instances: Sequence[Value], *ends: ConditionElement, tag: tuple[str, str] | None = None
) -> Statement:
    """A public key for a minute, for the one login that is not root's (EC2 Instance Connect, `ec2:osuser`)."""
    wanted = {"ec2:osuser": SSH_USER} | ({f"aws:ResourceTag/{tag[0]}": tag[1]} if tag else {})
    return allow(
        sid,
        [ec2_instance_connect.SendSSHPublicKey],
        list(instances),
        StringEquals(wanted),
        *ends,
    )


def sign_in_to_the_database(users: Value, *ends: ConditionElement) -> Statement:
    """A token for these database users (`…:dbuser:RESOURCE_ID/NAME`), good for one connection within 15 minutes."""
    return allow("SignInToTheDatabase", [Action("rds-db", "connect")], users, *ends)


def support_policy(scope: SupportScope, more: Sequence[Value] = ()) -> Document:
    """The managed policy of user and role, and the boundary of both. `more` are statements the caller adds.

    As a boundary it caps what is attached to them later; a boundary alone would permit nothing (IAM user guide,
    "Permissions boundaries"). A managed policy has 6,144 characters, blanks not counted (IAM quotas).
    """
    return document([*session_statements(scope), *role_session_statements(scope), *shared_statements(scope), *more])


def support_user_policy() -> Document:
    """The inline policy of the user: what its key can never do, not even while the managed policy is detached."""
    return document([deny("NeverSessionTokens", [sts.GetSessionToken], "*")])


def support_user_policy_document(
    *,
    region: str = "REGION",
    account: str = "ACCOUNT_ID",
    partition: str = "aws",
    instance_ids: Sequence[str] = ("*",),
    documents: Sequence[str] = ("SSM-SessionManagerRunShell",),
    until: str | None = None,
    tag: tuple[str, str] = (TAG_KEY, TAG_VALUE),
) -> Document:
    """The support policy for a host that no stack made, ready for JSON.

    `documents` are names of session documents of this account. With the defaults the placeholders REGION and
    ACCOUNT_ID stay in the text, for the reader to fill in.
    """
    sessions = Arn(partition, "ssm", region, account, "session/*")
    scope = SupportScope(
        region=region,
        instances=[str(sessions.beside("ec2", f"instance/{name}")) for name in instance_ids],
        documents=[str(sessions.beside("ssm", f"document/{name}")) for name in documents],
        sessions=str(sessions),
        own_sessions=str(sessions.beside("ssm", f"session/{USERNAME}-*")),
        until=until,
        tag=tag,
    )
    return cast(Document, plain(document([*session_statements(scope), *shared_statements(scope)])))
