"""The support user, and what support may do. All of it is there only where the customer wants it."""

from __future__ import annotations

from troposphere import Template
from troposphere.iam import ManagedPolicy, PolicyType, User

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.model.database import SUPPORT_DATABASE_USER
from generator.policies.document import before
from generator.policies.support import (
    USERNAME,
    SupportScope,
    push_ssh_keys,
    sign_in_to_the_database,
    support_policy,
    support_user_policy,
)
from generator.template.conditions import expiry
from generator.template.parts import REGION, arn, joined, ref, tags, when

WANTED = str(Condition.WANT_SUPPORT_USER)


def add_support(template: Template) -> None:
    """The policy, which names neither user nor role: they name it, as what they may and as their boundary."""
    template.add_resource(
        ManagedPolicy(
            str(Resource.SUPPORT_SESSION_POLICY),
            Condition=str(Condition.WANT_SUPPORT),
            PolicyDocument=support_policy(scope(), [_ssh_only(_ssh_keys()), _database_only(_sign_in())]),
        )
    )
    template.add_resource(
        User(
            str(Resource.SUPPORT_USER),
            Condition=WANTED,
            UserName=when(Condition.USER_NAME_GIVEN, ref(Parameter.SUPPORT_USER_NAME)),
            ManagedPolicyArns=[ref(Resource.SUPPORT_SESSION_POLICY)],
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
            PolicyDocument=support_user_policy(),
        )
    )


def _ssh_keys() -> object:
    return push_ssh_keys("PushSshKeysForOneLogin", scope().instances, *before(expiry()), tag=scope().tag)


def _sign_in() -> object:
    """One user per access level and stack; CloudTrail records which of the vendor's people it was."""
    name = f"{SUPPORT_DATABASE_USER}_${{{Parameter.SUPPORT_DATABASE_LEVEL}}}"
    user = f"dbuser:${{{Parameter.DATABASE_RESOURCE_ID}}}/{name}"
    return sign_in_to_the_database(arn("rds-db", user), *before(expiry()))


def _database_only(value: object) -> object:
    """Only where the customer gave support an access level, and said of which database."""
    return when(Condition.SUPPORT_MAY_USE_DATABASE, value)


def _ssh_only(value: object) -> object:
    """Only where support may use SSH."""
    return when(Condition.SUPPORT_MAY_USE_SSH, value)


def scope() -> SupportScope:
    """This stack's instance, its own documents, the asking user's own sessions."""
    return SupportScope(
        region=REGION,
        instances=[arn("ec2", f"instance/${{{Resource.INSTANCE}}}")],
        documents=[
            arn("ssm", f"document/${{{Resource.SHELL_DOCUMENT}}}"),
            arn("ssm", f"document/${{{Resource.PORT_DOCUMENT}}}"),
            _ssh_only(arn("ssm", f"document/${{{Resource.SSH_DOCUMENT}}}")),
            _database_only(arn("ssm", f"document/${{{Resource.DATABASE_DOCUMENT}}}")),
        ],
        sessions=arn("ssm", "session/*"),
        own_sessions=joined(arn("ssm", "session/"), f"{USERNAME}-*"),
        until=expiry(),
    )
