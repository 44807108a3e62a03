"""The support role: the same rights as the support user's, for a vendor that assumes it from its own account."""

from __future__ import annotations

from dataclasses import replace

from troposphere import If, Select, Split, Template
from troposphere.iam import PolicyType, Role

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.policies.document import document
from generator.policies.support import OWN_BY_ID, no_older_sessions, support_own_policy
from generator.policies.trust import nobody_assumes, vendor_assumes
from generator.template.ending import access_ends, sessions_count
from generator.template.parts import STACK_ID, arn, ref, tags, when
from generator.template.support import scope

WANTED = str(Condition.WANT_SUPPORT_ROLE)
HOUR = 3600
"""The shortest a role's sessions can be, and the longest that role chaining allows (IAM user guide)."""


def external_id() -> If:
    """The one given; else the UUID at the end of the stack's own ARN, which no two stacks share."""
    return when(Condition.EXTERNAL_ID_GIVEN, ref(Parameter.SUPPORT_ROLE_EXTERNAL_ID), Select(2, Split("/", STACK_ID)))


def add_role(template: Template) -> None:
    """Role and policy; as long as nobody is let in, the role trusts nobody."""
    trusted = vendor_assumes(
        ref(Parameter.VENDOR_ACCOUNTS), ref(Parameter.VENDOR_PRINCIPALS), external_id(), access_ends(), sessions_count()
    )
    template.add_resource(
        Role(
            str(Resource.SUPPORT_ROLE),
            Condition=WANTED,
            RoleName=when(Condition.ROLE_NAME_GIVEN, ref(Parameter.SUPPORT_ROLE_NAME)),
            MaxSessionDuration=HOUR,
            PermissionsBoundary=ref(Resource.SUPPORT_BOUNDARY),
            AssumeRolePolicyDocument=document([when(Condition.WANT_VENDOR_ROLE, trusted, nobody_assumes())]),
            Tags=tags({"Purpose": "deepsql-support", REASON_TAG_KEY: ref(Parameter.SUPPORT_ACCESS_REASON)}),
        )
    )
    own = replace(scope(), own_sessions=arn("ssm", "session/*"), own_by=OWN_BY_ID, suffix="AsRole")
    cut = when(Condition.SESSIONS_CUT, no_older_sessions(ref(Parameter.SUPPORT_SESSIONS_NOT_BEFORE)))
    template.add_resource(
        PolicyType(
            str(Resource.SUPPORT_ROLE_POLICY),
            Condition=WANTED,
            PolicyName="deepsql-support-ssm",
            Roles=[ref(Resource.SUPPORT_ROLE)],
            PolicyDocument=support_own_policy(own, [cut]),
        )
    )
