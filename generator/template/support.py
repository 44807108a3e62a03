"""The support user, and what support may do. All of it is there only where the customer wants it."""

from __future__ import annotations

from troposphere import Template
from troposphere.iam import ManagedPolicy, PolicyType, User

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.policies.document import before
from generator.policies.support import (
    USERNAME,
    SupportScope,
    push_ssh_keys,
    support_boundary,
    support_own_policy,
    support_shared_policy,
)
from generator.template.ending import access_ends
from generator.template.parts import REGION, arn, joined, ref, tags, when

WANTED = str(Condition.WANT_SUPPORT_USER)


def add_support(template: Template) -> None:
    """User, boundary, policy."""
    template.add_resource(
        ManagedPolicy(
            str(Resource.SUPPORT_BOUNDARY),
            Condition=str(Condition.WANT_SUPPORT),
            Description="The most DeepSQL support can ever do.",
            PolicyDocument=support_boundary(
                REGION,
                arn("ec2", "instance/*"),
                arn("ssm", "document/*"),
                arn("ssm", "session/*"),
                [_ssh_only(push_ssh_keys("TheirSshKeys", [arn("ec2", "instance/*")]))],
            ),
        )
    )
    template.add_resource(
        User(
            str(Resource.SUPPORT_USER),
            Condition=WANTED,
            UserName=when(Condition.USER_NAME_GIVEN, ref(Parameter.SUPPORT_USER_NAME)),
            PermissionsBoundary=ref(Resource.SUPPORT_BOUNDARY),
            Tags=tags({"Purpose": "deepsql-support", REASON_TAG_KEY: ref(Parameter.SUPPORT_ACCESS_REASON)}),
        )
    )
    template.add_resource(
        PolicyType(
            str(Resource.SUPPORT_USER_POLICY),
            Condition=WANTED,
            PolicyName="deepsql-support-ssm",
            Users=[ref(Resource.SUPPORT_USER)],
            PolicyDocument=support_own_policy(scope()),
        )
    )
    _add_shared(template)


def _add_shared(template: Template) -> None:
    """What the user and the role may both do; SSH only where the customer says so."""
    keys = push_ssh_keys("PushSshKeysForOneLogin", scope().instances, *before(access_ends()), tag=scope().tag)
    template.add_resource(
        ManagedPolicy(
            str(Resource.SUPPORT_SESSION_POLICY),
            Condition=str(Condition.WANT_SUPPORT),
            Users=[when(Condition.WANT_SUPPORT_USER, ref(Resource.SUPPORT_USER))],
            Roles=[when(Condition.WANT_SUPPORT_ROLE, ref(Resource.SUPPORT_ROLE))],
            PolicyDocument=support_shared_policy(scope(), [_ssh_only(keys)]),
        )
    )


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
        ],
        sessions=arn("ssm", "session/*"),
        own_sessions=joined(arn("ssm", "session/"), f"{USERNAME}-*"),
        until=access_ends(),
    )
