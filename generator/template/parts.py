"""Small words shared by the template's parts."""

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
    Resource.INSTANCE_ROLE: "iam::${AWS::AccountId}:role/",
    Resource.KEEPER_ROLE: "iam::${AWS::AccountId}:role/",
    Resource.SUPPORT_USER: "iam::${AWS::AccountId}:user/",
}
"""Between the partition and the name."""


def ref(name: Parameter | Resource) -> Ref:
    """The value of a parameter, or what `Ref` of a resource gives."""
    return Ref(str(name))


def att(resource: Resource, attribute: str) -> GetAtt:
    """An attribute of a resource, for outputs. In a resource it would be a trap: whenever the resource referred to
    changes at all, CloudFormation takes its attributes for changed too and lists whoever uses one
    (docs/decisions/0010-identity-by-ref.md)."""
    return GetAtt(str(resource), attribute)


def arn_of(resource: Resource, more: str = "") -> Sub:
    """The ARN of a resource whose `Ref` is its name, built from that name; `more` goes on behind it."""
    form = NAMED_ARNS[resource]
    return Sub(f"arn:${{AWS::Partition}}:{form}${{{resource}}}{more}")


def when(condition: Condition, yes: object, otherwise: object = NO_VALUE) -> If:
    """`yes` where the condition holds; else `otherwise`, by default nothing at all."""
    return If(str(condition), yes, otherwise)


def arn(service: str, resource: str) -> Sub:
    """An ARN of this account and region, in whatever partition the stack stands."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def regional_service(name: str) -> Sub:
    """A service as `kms:ViaService` spells it: name, region, and the partition's own suffix."""
    return Sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}")


def tags(values: Mapping[str, object]) -> Tags:
    """Tags in the order of their keys."""
    return Tags(dict(values))


def joined(*pieces: object) -> Join:
    """The pieces one after another. Where a piece holds IAM's own `${...}`, `Sub` would need an escape that some
    readers of templates do not know."""
    return Join("", list(pieces))


def kept(
    name: Resource, seconds: int, condition: Condition, properties: Mapping[str, object], **attributes: object
) -> AWSObject:
    """A custom resource of type `Custom::<name>`, served by the keeper within that many seconds.

    By default CloudFormation would wait an hour for an answer.
    """
    allowed = {**CustomResource.props, **dict.fromkeys(properties, (str, True))}
    kind = type(str(name), (CustomResource,), {"resource_type": f"Custom::{name}", "props": allowed})
    resource: AWSObject = kind(
        str(name),
        Condition=str(condition),
        ServiceToken=arn_of(Resource.KEEPER_FUNCTION),
        ServiceTimeout=seconds,
        **properties,
        **attributes,
    )
    return resource
