"""What ends support's open sessions at the end of their access, which the policies alone do not.

A policy's condition refuses new sessions from the end on; a session that is open then would go on. So while somebody is
let in until a set time, a rule calls the keeper every minute (docs/decisions/0034-sessions-end-with-access.md).
"""

from __future__ import annotations

from troposphere import Sub, Template
from troposphere.awslambda import Permission
from troposphere.events import InputTransformer, Rule, Target
from troposphere.iam import PolicyType

from generator.model.contract import ACCESS_END_SCHEDULE, Condition, Resource
from generator.policies.keeper import access_end_policy
from generator.template.parts import REGION, arn, arn_of, ref, when

WANTED = str(Condition.SESSIONS_END)
MESSAGE = '{"Until":"${SupportAccessUntil}","Instance":"${Instance}","User":"${User}","Role":"${Role}","Now":"<time>"}'


def add_access_end(template: Template) -> None:
    """Add the rule, its permission to call the keeper, and the keeper's permission to end sessions."""
    template.add_resource(
        PolicyType(
            str(Resource.ACCESS_END_POLICY),
            Condition=WANTED,
            PolicyName="access-end",
            Roles=[ref(Resource.KEEPER_ROLE)],
            PolicyDocument=access_end_policy(
                region=REGION, instance=ref(Resource.INSTANCE), sessions=arn("ssm", "session/*")
            ),
        )
    )
    template.add_resource(
        Rule(
            str(Resource.ACCESS_END_RULE),
            Condition=WANTED,
            ScheduleExpression=ACCESS_END_SCHEDULE,
            Targets=[
                Target(
                    Id="keeper",
                    Arn=arn_of(Resource.KEEPER_FUNCTION),
                    InputTransformer=InputTransformer(
                        InputPathsMap={"time": "$.time"}, InputTemplate=Sub(MESSAGE, **_values())
                    ),
                )
            ],
        )
    )
    template.add_resource(
        Permission(
            str(Resource.ACCESS_END_PERMISSION),
            Condition=WANTED,
            Action="lambda:InvokeFunction",
            FunctionName=ref(Resource.KEEPER_FUNCTION),
            Principal="events.amazonaws.com",
            SourceArn=arn_of(Resource.ACCESS_END_RULE),
        )
    )


def _values() -> dict[str, object]:
    """What in the message is not always there: a user or role that the stack does not have is nobody's name, empty."""
    return {
        "User": when(Condition.WANT_SUPPORT_USER, ref(Resource.SUPPORT_USER), ""),
        "Role": when(Condition.WANT_SUPPORT_ROLE, ref(Resource.SUPPORT_ROLE), ""),
    }
