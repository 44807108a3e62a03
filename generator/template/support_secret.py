"""The support secret, its resource policy, the key that the keeper stores in it, and its rotation."""

from __future__ import annotations

from troposphere import Template
from troposphere.awslambda import Permission
from troposphere.iam import RolePolicy
from troposphere.secretsmanager import ResourcePolicy, RotationRules, RotationSchedule, Secret

from generator.model.contract import USER_TAG_KEY, Condition, Parameter, Resource
from generator.policies.keeper import keeper_support_policy
from generator.policies.vendor import secret_policy
from generator.template.conditions import expiry
from generator.template.parts import ACCOUNT, REGION, arn_of, custom_resource, ref, regional_service, tags

WANTED = str(Condition.WANT_SUPPORT_USER)
ROTATION_DAYS = 90


def add_support_secret(template: Template) -> None:
    """Add them. The secret is created empty: a value given here would be visible in the stack's events.

    Its tag tells the keeper, on rotation, which user's key it is.
    """
    template.add_resource(
        Secret(
            str(Resource.SUPPORT_SECRET),
            Condition=WANTED,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
            Description="Access key of the DeepSQL support user",
            KmsKeyId=ref(Resource.STACK_KEY),
            Tags=tags({USER_TAG_KEY: ref(Resource.SUPPORT_USER)}),
        )
    )
    template.add_resource(
        ResourcePolicy(
            str(Resource.SUPPORT_SECRET_POLICY),
            Condition=str(Condition.WANT_VENDOR_READ),
            SecretId=ref(Resource.SUPPORT_SECRET),
            BlockPublicPolicy=True,
            ResourcePolicy=secret_policy(ref(Parameter.VENDOR_ACCOUNTS), ref(Parameter.VENDOR_PRINCIPALS), expiry()),
        )
    )
    _add_key_keeping(template)
    _add_rotation(template)


def _add_key_keeping(template: Template) -> None:
    template.add_resource(
        # Named after the user, so that it is replaced with it: the old user's keys are deleted under the old policy.
        RolePolicy(
            str(Resource.KEEPER_SUPPORT_POLICY),
            Condition=WANTED,
            PolicyName=ref(Resource.SUPPORT_USER),
            RoleName=ref(Resource.KEEPER_ROLE),
            PolicyDocument=keeper_support_policy(
                user=arn_of(Resource.SUPPORT_USER),
                secret=ref(Resource.SUPPORT_SECRET),
                key=arn_of(Resource.STACK_KEY),
                service=regional_service("secretsmanager"),
            ),
        )
    )
    key = {
        "UserName": ref(Resource.SUPPORT_USER),
        "SecretArn": ref(Resource.SUPPORT_SECRET),
        "Region": REGION,
        "InstanceId": ref(Resource.INSTANCE),
    }
    waits_for = [str(Resource.KEEPER_SUPPORT_POLICY)]
    template.add_resource(
        custom_resource(Resource.SUPPORT_KEY, 600, Condition.WANT_SUPPORT_USER, key, DependsOn=waits_for)
    )


def _add_rotation(template: Template) -> None:
    """Rotating the secret rotates the key: from the console, by API call, and automatically every 90 days."""
    template.add_resource(
        Permission(
            str(Resource.KEEPER_ROTATION_PERMISSION),
            Condition=WANTED,
            Action="lambda:InvokeFunction",
            FunctionName=ref(Resource.KEEPER_FUNCTION),
            Principal="secretsmanager.amazonaws.com",
            SourceAccount=ACCOUNT,
            SourceArn=ref(Resource.SUPPORT_SECRET),
        )
    )
    template.add_resource(
        RotationSchedule(
            str(Resource.SUPPORT_KEY_ROTATION),
            Condition=WANTED,
            DependsOn=[str(Resource.SUPPORT_KEY), str(Resource.KEEPER_ROTATION_PERMISSION)],
            SecretId=ref(Resource.SUPPORT_SECRET),
            RotationLambdaARN=arn_of(Resource.KEEPER_FUNCTION),
            RotateImmediatelyOnUpdate=False,
            RotationRules=RotationRules(AutomaticallyAfterDays=ROTATION_DAYS),
        )
    )
