"""Helpers shared by the template's parts: references, ARNs, conditions, custom resources."""

from __future__ import annotations

from collections.abc import Mapping

from troposphere import AWSObject, GetAtt, If, Join, NoValue, Ref, Sub, Tags
from troposphere.cloudformation import CustomResource

from generator.model.contract import Condition, Parameter, Resource

REGION = Ref("AWS::Region")
ACCOUNT = Ref("AWS::AccountId")
STACK_ID = Ref("AWS::StackId")
NO_VALUE = NoValue
_HERE = "${AWS::Region}:${AWS::AccountId}"
NAMED_ARNS = {
    Resource.STACK_KEY: f"kms:{_HERE}:key/",
    Resource.SESSION_LOG_GROUP: f"logs:{_HERE}:log-group:",
    Resource.KEEPER_LOG_GROUP: f"logs:{_HERE}:log-group:",
    Resource.KEEPER_FUNCTION: f"lambda:{_HERE}:function:",
    Resource.ACCESS_END_RULE: f"events:{_HERE}:rule/",
    Resource.INSTANCE_ROLE: "iam::${AWS::AccountId}:role/",
    Resource.KEEPER_ROLE: "iam::${AWS::AccountId}:role/",
    Resource.SUPPORT_USER: "iam::${AWS::AccountId}:user/",
}
"""What stands between the partition and the name in the ARN of a resource whose `Ref` is its name."""


def ref(name: Parameter | Resource) -> Ref:
    """`Ref` of a parameter (its value) or of a resource (its physical ID, mostly)."""
    return Ref(str(name))


def get_att(resource: Resource, attribute: str) -> GetAtt:
    """`Fn::GetAtt`, for outputs only. When a resource changes at all, CloudFormation treats its attributes as changed
    and lists every resource that uses one as affected (docs/decisions/0010-identity-by-ref.md)."""
    return GetAtt(str(resource), attribute)


def arn_of(resource: Resource, more: str = "") -> Sub:
    """The ARN of a resource whose `Ref` is its name, built from that name; `more` is appended."""
    form = NAMED_ARNS[resource]
    return Sub(f"arn:${{AWS::Partition}}:{form}${{{resource}}}{more}")


def when(condition: Condition, yes: object, otherwise: object = NO_VALUE) -> If:
    """`Fn::If`: `yes` when the condition is true, else `otherwise`, by default `AWS::NoValue`."""
    return If(str(condition), yes, otherwise)


def unless(condition: Condition, otherwise: object) -> If:
    """`Fn::If`: nothing (`AWS::NoValue`) when the condition is true, else `otherwise`."""
    return If(str(condition), NO_VALUE, otherwise)


def arn(service: str, resource: str) -> Sub:
    """An ARN of the stack's partition, region and account."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def regional_service(name: str) -> Sub:
    """A service as `kms:ViaService` spells it: name, region, and the partition's own suffix."""
    return Sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}")


def tags(values: Mapping[str, object]) -> Tags:
    """Tags in the order of their keys."""
    return Tags(dict(values))


def joined(*pieces: object) -> Join:
    """The pieces joined without a separator."""
    return Join("", list(pieces))


def custom_resource(
    name: Resource, seconds: int, condition: Condition | None, properties: Mapping[str, object], **attributes: object
) -> AWSObject:
    """A custom resource of type `Custom::<name>`, handled by the keeper, with a timeout of that many seconds.

    CloudFormation's own timeout is an hour.
    """
    allowed = {**CustomResource.props, **dict.fromkeys(properties, (str, True))}
    kind = type(str(name), (CustomResource,), {"resource_type": f"Custom::{name}", "props": allowed})
    resource: AWSObject = kind(
        str(name),
        ServiceToken=arn_of(Resource.KEEPER_FUNCTION),
        ServiceTimeout=seconds,
        **({"Condition": str(condition)} if condition else {}),
        **properties,
        **attributes,
    )
    return resource
