"""The keeper, the stack's key-management function: its role, its log group and its code."""

from __future__ import annotations

from functools import cache
from importlib import resources

from troposphere import Sub, Template
from troposphere.awslambda import Code, Function, LoggingConfig
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup

from generator.model.contract import Parameter, Resource
from generator.policies.keeper import keeper_policy
from generator.policies.trust import service_assumes
from generator.template.parts import STACK_ID, arn_of, ref

SOURCE = "index.py"
PUBLIC_IMAGES = "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/ami-amazon-linux-latest/*"


@cache
def source() -> str:
    """The keeper's code, which stands in the template as it is. It cannot change while a process runs."""
    return resources.files("generator.keeper").joinpath(SOURCE).read_text(encoding="utf-8")


def add_keeper(template: Template) -> None:
    """Add log group, role and function. The log also records revocations: it is evidence and outlives the stack."""
    template.add_resource(
        LogGroup(
            str(Resource.KEEPER_LOG_GROUP),
            DeletionPolicy="RetainExceptOnCreate",
            UpdateReplacePolicy="Retain",
            RetentionInDays=ref(Parameter.SESSION_LOG_RETENTION_DAYS),
        )
    )
    template.add_resource(
        Role(
            str(Resource.KEEPER_ROLE),
            AssumeRolePolicyDocument=service_assumes("LambdaAssumes", "lambda.amazonaws.com"),
            Policies=[
                Policy(
                    PolicyName="keeper",
                    PolicyDocument=keeper_policy(
                        streams=arn_of(Resource.KEEPER_LOG_GROUP, ":*"),
                        images=Sub(PUBLIC_IMAGES),
                        stack=STACK_ID,
                    ),
                )
            ],
        )
    )
    template.add_resource(
        Function(
            str(Resource.KEEPER_FUNCTION),
            Runtime="python3.12",
            Handler="index.handler",
            Timeout=300,
            MemorySize=256,
            Role=arn_of(Resource.KEEPER_ROLE),
            LoggingConfig=LoggingConfig(LogGroup=ref(Resource.KEEPER_LOG_GROUP)),
            Code=Code(ZipFile=source()),
        )
    )
