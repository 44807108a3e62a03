"""The support user, and what support may do. All of it is there only where the customer wants it."""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.iam import ManagedPolicy, PolicyType, User

from generator.model import preferences
from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.model.database import SUPPORT_DATABASE_USER
from generator.policies.document import before
from generator.policies.support import (
    CHOSEN_DOCUMENTS,
    SupportScope,
    own_sessions,
    push_ssh_keys,
    sign_in_to_the_database,
    start_with_documents,
    support_policy,
    support_user_policy,
)
from generator.template.conditions import expiry, sessions_valid_from
from generator.template.parts import REGION, arn, ref, tags, unless, when

WANTED = str(Condition.WANT_SUPPORT_USER)
SUB_USERNAME = "${!aws:username}"
"""IAM's variable within the text of `Fn::Sub`, which leaves `${!Name}` as `${Name}`."""


def add_support(template: Template) -> None:
    """The managed policy, which names neither user nor role: they name it. Then the user with its own policy.

    The inline policy has what the user may do by default, for people to read and to copy. Only with an option is the
    managed policy attached as well: it has the same statements and what the option adds.
    """
    template.add_resource(
        ManagedPolicy(
            str(Resource.SUPPORT_SESSION_POLICY),
            Condition=str(Condition.WANT_SUPPORT),
            PolicyDocument=support_policy(scope(), _options()),
        )
    )
    template.add_resource(
        User(
            str(Resource.SUPPORT_USER),
            Condition=WANTED,
            UserName=unless(Condition.NO_USER_NAME, ref(Parameter.SUPPORT_USER_NAME)),
            ManagedPolicyArns=[when(Condition.SUPPORT_HAS_OPTIONS, ref(Resource.SUPPORT_SESSION_POLICY))],
            PermissionsBoundary=ref(Resource.SUPPORT_SESSION_POLICY),
            Tags=tags({"Purpose": "deepsql-support", REASON_TAG_KEY: ref(Parameter.SUPPORT_ACCESS_REASON)}),
        )
    )
    template.add_resource(
        PolicyType(
            str(Resource.SUPPORT_USER_POLICY),
            Condition=WANTED,
            PolicyName="deepsql-support-ssm",
            Users=[ref(Resource.SUPPORT_USER)],
            PolicyDocument=support_user_policy(scope()),
        )
    )


def _options() -> list[object]:
    """What the options add, each only where the customer chose it."""
    ends = before(expiry())
    ssh, database = Condition.SSH_ALLOWED, Condition.DATABASE_ALLOWED
    documents = [
        when(Condition.DEFAULT_SHELL_ALLOWED, arn("ssm", f"document/{preferences.DOCUMENT}")),
        when(ssh, _document(Resource.SSH_DOCUMENT)),
        when(database, _document(Resource.DATABASE_DOCUMENT)),
    ]
    return [
        when(Condition.SUPPORT_HAS_OPTIONS, start_with_documents(CHOSEN_DOCUMENTS, documents, *ends)),
        when(ssh, push_ssh_keys(scope(), ref(Parameter.SUPPORT_SSH_USER))),
        when(database, sign_in_to_the_database(_database_user(), *ends)),
    ]


def _document(document: Resource) -> Sub:
    return arn("ssm", f"document/${{{document}}}")


def _database_user() -> Sub:
    """One user per access level and stack; CloudTrail records which of the vendor's people it was."""
    name = f"{SUPPORT_DATABASE_USER}_${{{Parameter.SUPPORT_DATABASE_LEVEL}}}"
    return arn("rds-db", f"dbuser:${{{Parameter.DATABASE_RESOURCE_ID}}}/{name}")


def scope() -> SupportScope:
    """This stack's instance, its shell and port documents, the calling user's own sessions."""
    return SupportScope(
        region=REGION,
        instances=[arn("ec2", f"instance/${{{Resource.INSTANCE}}}")],
        documents=[_document(Resource.SHELL_DOCUMENT), _document(Resource.PORT_DOCUMENT)],
        sessions=arn("ssm", "session/*"),
        own_sessions=[arn("ssm", own) for own in own_sessions("session/*", SUB_USERNAME)],
        until=expiry(),
        not_before=sessions_valid_from(),
    )
