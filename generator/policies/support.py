"""What the vendor's support may do: one list of statements for the user, the role and the boundary of both."""

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
from generator.model.contract import TAG_KEY, TAG_VALUE
from generator.policies.document import Document, Value, allow, before, deny, document, plain

USERNAME = "${aws:username}"
"""IAM's policy variable for the calling user's name."""

ID_LENGTHS = (17, 26)
"""A session's ID is its user's name, a dash and 17 hexadecimal characters; newer ones have 26 letters and digits."""

OWN_SESSIONS_BY_TAG = (StringLike("ssm:resourceTag/aws:ssmmessages:session-id", "${aws:userid}"),)
"""Own sessions of roles and federated users (Session Manager user guide, restrict access, "method 2")."""


CHOSEN_DOCUMENTS, SSH_KEYS, DATABASE_SIGN_IN = (
    "StartSessionsWithChosenDocuments",
    "PushSshKeysForOneLogin",
    "SignInToTheDatabase",
)
"""The statements that a stack's options add to those that support has by default."""


def own_sessions(sessions: str, username: str = USERNAME) -> list[str]:
    """The ARNs of the calling user's own sessions, from the pattern of all sessions (`…:session/*`).

    IAM's `?` is exactly one character. With `*` they would include those of a user whose name goes on after a dash. The
    longer one still fits an older ID of a user whose name goes on by a dash and eight characters: see `longer_name`.
    """
    return [f"{sessions.removesuffix('*')}{username}-{'?' * length}" for length in ID_LENGTHS]


def longer_name(sessions: str, username: str) -> str:
    """The ARNs that `own_sessions` fit and that are another's: NAME, a dash, eight characters, and an older ID. A newer
    ID has no dash, so it is none of these."""
    older, newer = ID_LENGTHS
    return f"{sessions.removesuffix('*')}{username}-{'?' * (newer - older - 1)}-{'?' * older}"


def no_older_sessions(not_before: Value) -> Statement:
    """Deny everything to temporary credentials issued before that time (UTC). An access key has no such time."""
    return deny("NoOlderSessions", [Action("*")], "*", DateLessThan("aws:TokenIssueTime", not_before))


@dataclass(frozen=True)
class SupportScope:
    """What support may reach. Every value is an ARN, an ARN pattern, or an intrinsic function giving one.

    `own_sessions` are the calling user's sessions, by name; `until` ends all but ending a session (None: no end).
    `not_before` is the time before which temporary credentials were issued that count no longer (None: they all count).
    """

    region: Value
    instances: Sequence[Value]
    documents: Sequence[Value]
    sessions: Value
    own_sessions: Sequence[Value]
    until: Value = None
    not_before: Value = None
    tag: tuple[str, str] = field(default=(TAG_KEY, TAG_VALUE))


def documents_are_checked() -> ConditionElement:
    """Without this the default shell could be started although no statement names it (Session Manager guide)."""
    return BoolIfExists("ssm:SessionDocumentAccessCheck", "true")


def default_statements(scope: SupportScope) -> list[Statement]:
    """What a user needs by default: the one list behind the inline policy of the user and the managed policy.

    An IAM user has 2,048 characters for all its inline policies (IAM quotas), so the describe calls, which name no
    resource, share a statement. The tag condition applies to the instance only: documents do not have the tag.
    """
    tag_key, tag_value = scope.tag
    ends = before(scope.until)
    own = list(scope.own_sessions)
    return [
        allow(
            "StartSessionsOnThisInstance",
            [ssm.StartSession],
            list(scope.instances),
            StringEquals(f"ssm:resourceTag/{tag_key}", tag_value),
            documents_are_checked(),
            *ends,
        ),
        start_with_documents("StartSessionsWithTheseDocuments", scope.documents, *ends),
        allow("ResumeOwnSessions", [ssm.ResumeSession], own, *ends),
        allow("EndOwnSessions", [ssm.TerminateSession], own),
        allow("OpenTheDataChannel", [ssmmessages.OpenDataChannel], scope.sessions, *ends),
        allow(
            "FindTheInstance",
            [ec2.DescribeInstances, ssm.DescribeInstanceInformation, ssm.GetConnectionStatus],
            "*",
            StringEquals("aws:RequestedRegion", scope.region),
            *ends,
        ),
        deny("NoSessionTokens", [sts.GetSessionToken], "*"),
    ]


def role_session_statements(scope: SupportScope) -> list[Statement]:
    """Own sessions, recognised by the tag that Session Manager sets: a role's session has no user name."""
    own, ends = OWN_SESSIONS_BY_TAG, before(scope.until)
    return [
        allow("ResumeOwnSessionsAsRole", [ssm.ResumeSession], scope.sessions, *own, *ends),
        allow("EndOwnSessionsAsRole", [ssm.TerminateSession], scope.sessions, *own),
    ]


def start_with_documents(sid: str, documents: Sequence[Value], *ends: ConditionElement) -> Statement:
    """Start sessions with these documents and no others; the instance has a statement of its own."""
    return allow(sid, [ssm.StartSession], list(documents), documents_are_checked(), *ends)


def push_ssh_keys(scope: SupportScope, login: Value) -> Statement:
    """Push a public key for a minute, for one login that is not root (EC2 Instance Connect, `ec2:osuser`)."""
    tag_key, tag_value = scope.tag
    return allow(
        SSH_KEYS,
        [ec2_instance_connect.SendSSHPublicKey],
        list(scope.instances),
        StringEquals({"ec2:osuser": login, f"aws:ResourceTag/{tag_key}": tag_value}),
        *before(scope.until),
    )


def sign_in_to_the_database(users: Value, *ends: ConditionElement) -> Statement:
    """Sign in as these database users (`…:dbuser:RESOURCE_ID/NAME`); a token opens connections for 15 minutes."""
    return allow(DATABASE_SIGN_IN, [Action("rds-db", "connect")], users, *ends)


def support_policy(scope: SupportScope, options: Sequence[Value] = ()) -> Document:
    """The managed policy: the boundary of user and role, and the role's permissions.

    It has the user's statements word for word, those for the role's own sessions, and what `options` add. What refuses
    older credentials stands here for the user too, whose own policy has no room for it.

    As a boundary it caps what is attached later; a boundary alone would permit nothing (IAM user guide, "Permissions
    boundaries"). A managed policy has at most 6,144 characters without white space (IAM quotas).
    """
    cut = [no_older_sessions(scope.not_before)] if scope.not_before is not None else []
    return document([*default_statements(scope), *role_session_statements(scope), *cut, *options])


def support_user_policy(scope: SupportScope) -> Document:
    """The inline policy of the user: what it may do by default."""
    return document(default_statements(scope))


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
        own_sessions=own_sessions(str(sessions)),
        until=until,
        tag=tag,
    )
    return cast(Document, plain(support_user_policy(scope)))
