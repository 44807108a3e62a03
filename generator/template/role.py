"""The support role: the same rights as the support user's, for a vendor that assumes it from its own account."""

from __future__ import annotations

from troposphere import If, Select, Split, Template
from troposphere.iam import PolicyType, Role

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.policies.document import document
from generator.policies.support import no_older_sessions
from generator.policies.trust import nobody_assumes, vendor_assumes
from generator.template.ending import access_ends, sessions_begin, sessions_count
from generator.template.parts import STACK_ID, ref, tags, when

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
            ManagedPolicyArns=[ref(Resource.SUPPORT_SESSION_POLICY)],
            PermissionsBoundary=ref(Resource.SUPPORT_SESSION_POLICY),
            AssumeRolePolicyDocument=document([when(Condition.WANT_VENDOR_ROLE, trusted, nobody_assumes())]),
            Tags=tags({"Purpose": "deepsql-support", REASON_TAG_KEY: ref(Parameter.SUPPORT_ACCESS_REASON)}),
        )
    )
    template.add_resource(
        PolicyType(
            str(Resource.SUPPORT_ROLE_POLICY),
            Condition=WANTED,
            PolicyName="deepsql-support-ssm",
            Roles=[ref(Resource.SUPPORT_ROLE)],
            PolicyDocument=document([no_older_sessions(sessions_begin())]),
        )
    )
