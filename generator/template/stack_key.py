"""The stack's one customer managed key, and the session log it encrypts."""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.kms import Key
from troposphere.logs import LogGroup

from generator.model.contract import Condition, Parameter, Resource
from generator.policies.document import document
from generator.policies.key import account_administers_the_key, logs_encrypt_the_session_log
from generator.policies.vendor import vendor_decrypts_via_secrets_manager
from generator.template.conditions import expiry
from generator.template.parts import arn, arn_of, ref, regional_service, when

SECRET_PATTERN = f"secret:*{Resource.SUPPORT_SECRET}-*"


def add_stack_key(template: Template) -> None:
    """One key for the two secrets and the session log (docs/decisions/0005-one-key.md).

    Name patterns are used where a reference would be circular: the secrets and the log group refer to the key.
    """
    template.add_resource(
        Key(
            str(Resource.STACK_KEY),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            Description=Sub("${AWS::StackName}: support secret, admin secret and session log"),
            EnableKeyRotation=True,
            KeyPolicy=document(
                [
                    account_administers_the_key(Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")),
                    logs_encrypt_the_session_log(
                        regional_service("logs"),
                        arn("logs", f"log-group:${{AWS::StackName}}-{Resource.SESSION_LOG_GROUP}-*"),
                    ),
                    when(Condition.WANT_VENDOR_READ, _vendor_decrypts()),
                ]
            ),
        )
    )


def _vendor_decrypts() -> object:
    return vendor_decrypts_via_secrets_manager(
        ref(Parameter.VENDOR_ACCOUNTS),
        ref(Parameter.VENDOR_PRINCIPALS),
        expiry(),
        service=regional_service("secretsmanager"),
        secret_arns=arn("secretsmanager", SECRET_PATTERN),
    )


def add_session_log(template: Template) -> None:
    """Add the log group. It is evidence, so it outlives the stack, unless creating the stack failed."""
    template.add_resource(
        LogGroup(
            str(Resource.SESSION_LOG_GROUP),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            RetentionInDays=ref(Parameter.SESSION_LOG_RETENTION_DAYS),
            KmsKeyId=arn_of(Resource.STACK_KEY),
        )
    )
