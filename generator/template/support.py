"""The support user and what it may do. All of it is there only where the customer wants it."""

from __future__ import annotations

from dataclasses import replace

from troposphere import Template
from troposphere.iam import ManagedPolicy, PolicyType, User

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.policies.support import (
    USERNAME,
    SupportScope,
    push_ssh_keys,
    support_boundary,
    support_ssh_policy,
    support_user_policy,
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
            PolicyDocument=support_user_policy(scope()),
        )
    )
    _add_ssh(template)


def _add_ssh(template: Template) -> None:
    """What SSH takes besides, for the user and the role alike."""
    ssh = arn("ssm", f"document/${{{Resource.SSH_DOCUMENT}}}")
    template.add_resource(
        ManagedPolicy(
            str(Resource.SUPPORT_SSH_POLICY),
            Condition=str(Condition.WANT_SUPPORT_SSH),
            Users=[when(Condition.WANT_SUPPORT_USER, ref(Resource.SUPPORT_USER))],
            Roles=[when(Condition.WANT_SUPPORT_ROLE, ref(Resource.SUPPORT_ROLE))],
            PolicyDocument=support_ssh_policy(replace(scope(), documents=[ssh])),
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
        ],
        sessions=arn("ssm", "session/*"),
        own_sessions=joined(arn("ssm", "session/"), f"{USERNAME}-*"),
        until=access_ends(),
    )
