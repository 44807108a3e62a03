"""The support role: the same permissions as the support user's, assumed by the vendor from its own account."""

from __future__ import annotations

from troposphere import If, Select, Split, Template
from troposphere.iam import PolicyType, Role

from generator.model.contract import REASON_TAG_KEY, Condition, Parameter, Resource
from generator.policies.document import document
from generator.policies.support import no_older_sessions
from generator.policies.trust import nobody_assumes, vendor_assumes
from generator.template.conditions import expiry, role_assumable_from, sessions_valid_from
from generator.template.parts import STACK_ID, ref, tags, unless, when

WANTED = str(Condition.WANT_SUPPORT_ROLE)
HOUR = 3600
"""Seconds: the minimum of MaxSessionDuration, and the maximum with role chaining (IAM user guide)."""


def external_id() -> If:
    """The external ID given; else the UUID in the stack's ARN, which is unique to it."""
    return when(Condition.NO_EXTERNAL_ID, Select(2, Split("/", STACK_ID)), ref(Parameter.SUPPORT_ROLE_EXTERNAL_ID))


def add_support_role(template: Template) -> None:
    """Add role and policy. Without a grant the role trusts nobody."""
    trusted = vendor_assumes(
        ref(Parameter.VENDOR_ACCOUNTS), ref(Parameter.VENDOR_PRINCIPALS), external_id(), expiry(), role_assumable_from()
    )
    template.add_resource(
        Role(
            str(Resource.SUPPORT_ROLE),
            Condition=WANTED,
            RoleName=unless(Condition.NO_ROLE_NAME, ref(Parameter.SUPPORT_ROLE_NAME)),
            MaxSessionDuration=HOUR,
            ManagedPolicyArns=[ref(Resource.SUPPORT_SESSION_POLICY)],
            PermissionsBoundary=ref(Resource.SUPPORT_SESSION_POLICY),
            AssumeRolePolicyDocument=document([when(Condition.WANT_VENDOR_ROLE, trusted, nobody_assumes())]),
            Tags=tags({REASON_TAG_KEY: ref(Parameter.SUPPORT_ACCESS_REASON)}),
        )
    )
    template.add_resource(
        PolicyType(
            str(Resource.SUPPORT_ROLE_POLICY),
            Condition=WANTED,
            PolicyName="deepsql-support-ssm",
            Roles=[ref(Resource.SUPPORT_ROLE)],
            PolicyDocument=document([no_older_sessions(sessions_valid_from())]),
        )
    )
