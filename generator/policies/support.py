"""What the vendor's support may do: one policy that is also the permissions boundary."""

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
"""IAM's policy variable for the calling user's name."""

OWN_SESSIONS_BY_TAG = (StringLike("ssm:resourceTag/aws:ssmmessages:session-id", "${aws:userid}"),)
"""Own sessions of roles and federated users (Session Manager user guide, restrict access, "method 2")."""


def no_older_sessions(not_before: Value) -> Statement:
    """Deny everything to role sessions begun before that time (UTC). A user's access key has no such time."""
    return deny("NoOlderSessions", [Action("*")], "*", DateLessThan("aws:TokenIssueTime", not_before))


@dataclass(frozen=True)
class SupportScope:
    """What support may reach. Every value is an ARN, an ARN pattern, or an intrinsic function giving one.

    `own_sessions` are the calling user's sessions, by name; `until` ends starting and resuming (None: no end).
    """

    region: Value
    instances: Sequence[Value]
    documents: Sequence[Value]
    sessions: Value
    own_sessions: Value
    until: Value = None
    tag: tuple[str, str] = field(default=(TAG_KEY, TAG_VALUE))


def documents_are_checked() -> ConditionElement:
    """Without this the default shell could be started although no statement names it (Session Manager guide)."""
    return BoolIfExists("ssm:SessionDocumentAccessCheck", "true")


def _in_region(region: Value) -> ConditionElement:
    """The describe calls name no resource, so a condition limits the Region."""
    return StringEquals("aws:RequestedRegion", region)


def session_statements(scope: SupportScope) -> list[Statement]:
    """Sessions on the instance, and the calling user's own ones, recognised by the user's name.

    The tag condition applies to the instance only. Documents do not have the tag, so they have their own statement.
    """
    tag_key, tag_value = scope.tag
    ends = before(scope.until)
    return [
        allow(
            "StartSessionsOnThisInstance",
            [ssm.StartSession],
            list(scope.instances),
            StringEquals(f"ssm:resourceTag/{tag_key}", tag_value),
            documents_are_checked(),
            *ends,
        ),
        allow("ResumeOwnSessions", [ssm.ResumeSession], scope.own_sessions, *ends),
        allow("EndOwnSessions", [ssm.TerminateSession], scope.own_sessions),
    ]


def role_session_statements(scope: SupportScope) -> list[Statement]:
    """Own sessions, recognised by the tag that Session Manager sets: a role's session has no user name."""
    own = OWN_SESSIONS_BY_TAG
    return [
        allow(
            "ResumeOwnSessionsAsRole", [ssm.ResumeSession], scope.sessions, *OWN_SESSIONS_BY_TAG, *before(scope.until)
        ),
        allow("EndOwnSessionsAsRole", [ssm.TerminateSession], scope.sessions, *own),
    ]


def shared_statements(scope: SupportScope) -> list[Statement]:
    """What user and role share: the documents, the data channel, and finding the instance."""
    ends = before(scope.until)
    return [
        allow(
            "StartSessionsWithTheseDocuments",
            [ssm.StartSession],
            list(scope.documents),
            documents_are_checked(),
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
    """Push a public key for a minute, for the one login that is not root (EC2 Instance Connect, `ec2:osuser`)."""
    wanted = {"ec2:osuser": SSH_USER} | ({f"aws:ResourceTag/{tag[0]}": tag[1]} if tag else {})
    return allow(
        sid,
        [ec2_instance_connect.SendSSHPublicKey],
        list(instances),
        StringEquals(wanted),
        *ends,
    )


def sign_in_to_the_database(users: Value, *ends: ConditionElement) -> Statement:
    """Sign in as these database users (`…:dbuser:RESOURCE_ID/NAME`); a token opens connections for 15 minutes."""
    return allow("SignInToTheDatabase", [Action("rds-db", "connect")], users, *ends)


def support_policy(scope: SupportScope, more: Sequence[Value] = ()) -> Document:
    """The managed policy of user and role, and the boundary of both. `more` are statements the caller adds.

    As a boundary it caps what is attached to them later; a boundary alone would permit nothing (IAM user guide,
    "Permissions boundaries"). A managed policy has at most 6,144 characters without white space (IAM quotas).
    """
    return document([*session_statements(scope), *role_session_statements(scope), *shared_statements(scope), *more])


def support_user_policy() -> Document:
    """The inline policy of the user: what its key may never do, even while the managed policy is detached."""
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
    """The support policy for an instance without a stack, ready for JSON.

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
