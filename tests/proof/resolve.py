"""The policies of a template, as AWS would hold them once the stack exists.

CloudFormation's intrinsics are resolved with made-up but lifelike physical ids. What is not known here raises
`Unresolved`: a policy that was guessed at proves nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

ACCOUNT = "111122223333"
STACK = "deepsql-selfhost"
SUFFIX = "1A2B3C4D5E6F7"  # what CloudFormation appends to a name it makes up
CLUSTER = "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
URL_SUFFIX = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn"}
NO_VALUE = object()

Tree = Any  # JSON, with intrinsics before resolution and without afterwards


class Unresolved(LookupError):
    """The template uses something whose value is not known here."""


@dataclass(frozen=True)
class Place:
    """Where the stack is made."""

    region: str = "us-east-1"
    partition: str = "aws"


@dataclass
class Stack:
    """A template (`to_dict()`), its given parameters and its place; answers in resolved values."""

    template: Mapping[str, Tree]
    given: Mapping[str, str] = field(default_factory=dict)
    place: Place = Place()
    _known: dict[str, bool] = field(default_factory=dict, repr=False)

    @cached_property
    def parameters(self) -> dict[str, Tree]:
        declared = self.template.get("Parameters", {})
        if unknown := set(self.given) - set(declared):
            raise Unresolved(f"the template has no parameter {sorted(unknown)}")
        return {name: self._parameter(name, spec) for name, spec in declared.items()}

    def _parameter(self, name: str, spec: Mapping[str, Tree]) -> Tree:
        text = str(self.given.get(name, spec.get("Default", f"<{name}>")))
        is_list = spec["Type"] == "CommaDelimitedList" or spec["Type"].startswith("List<")
        return [part.strip() for part in text.split(",")] if is_list else text

    @cached_property
    def resources(self) -> dict[str, str]:
        """Logical id -> type of the resources that exist under the given parameters."""
        found = self.template["Resources"].items()
        return {name: body["Type"] for name, body in found if "Condition" not in body or self.holds(body["Condition"])}

    def of_type(self, *types: str) -> list[str]:
        return [name for name, kind in self.resources.items() if kind in types]

    def property(self, logical_id: str, name: str, default: Tree = None) -> Tree:
        value = self.resolve(self.template["Resources"][logical_id].get("Properties", {}).get(name, default))
        return default if value is NO_VALUE else value

    def holds(self, condition: str) -> bool:
        if condition not in self._known:
            self._known[condition] = self.is_true(self.template["Conditions"][condition])
        return self._known[condition]

    def is_true(self, node: Tree) -> bool:
        ((kind, body),) = node.items()
        if kind == "Condition":
            return self.holds(body)
        if kind == "Fn::Equals":
            left, right = (self.resolve(side) for side in body)
            return str(left) == str(right)
        if kind == "Fn::Not":
            return not self.is_true(body[0])
        if kind in ("Fn::And", "Fn::Or"):
            return (all if kind == "Fn::And" else any)([self.is_true(part) for part in body])
        raise Unresolved(f"condition function {kind}")

    def resolve(self, node: Tree) -> Tree:
        if isinstance(node, list):
            return [value for part in node if (value := self.resolve(part)) is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((kind, body),) = node.items()
            if kind == "Ref" or kind.startswith("Fn::"):
                return self._intrinsic(kind, body)
        return {key: value for key, part in node.items() if (value := self.resolve(part)) is not NO_VALUE}

    def _intrinsic(self, kind: str, body: Tree) -> Tree:
        known: dict[str, Callable[[Tree], Tree]] = {
            "Ref": self.ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": lambda join: join[0].join(self.resolve(join[1])),
            "Fn::If": lambda choice: self.resolve(choice[1] if self.holds(choice[0]) else choice[2]),
            "Fn::Select": lambda pick: self.resolve(pick[1])[int(pick[0])],
            "Fn::Split": lambda split: self.resolve(split[1]).split(split[0]),
            "Fn::Base64": self.resolve,
        }
        if kind not in known:
            raise Unresolved(f"intrinsic function {kind}")
        return known[kind](body)

    def _sub(self, body: Tree) -> str:
        text, extra = (body, {}) if isinstance(body, str) else body

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name.startswith("!"):  # ${!x} is the literal ${x}, as a policy variable needs it
                return "${" + name[1:] + "}"
            if name in extra:
                return str(self.resolve(extra[name]))
            return str(self._get_att(name) if "." in name else self.ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def ref(self, name: str) -> Tree:
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": self.place.region,
            "AWS::Partition": self.place.partition,
            "AWS::URLSuffix": URL_SUFFIX[self.place.partition],
            "AWS::StackName": STACK,
            "AWS::StackId": self.arn_in("cloudformation", f"stack/{STACK}/7c8d9e0f-1a2b-3c4d-5e6f-708192a3b4c5"),
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self.parameters:
            return self.parameters[name]
        kind = self._type(name)
        return self.arn(name) if kind in REF_IS_ARN else self.name(name)

    def _get_att(self, body: Tree) -> str:
        name, attribute = body.split(".", 1) if isinstance(body, str) else body
        kind = self._type(name)
        if attribute == "Arn":
            return self.arn(name) + (":*" if kind == "AWS::Logs::LogGroup" else "")
        if kind == "AWS::SecretsManager::Secret" and attribute == "Id":
            return self.arn(name)
        if kind == "AWS::RDS::DBCluster" and attribute == "DBClusterResourceId":
            return CLUSTER
        raise Unresolved(f"attribute {name}.{attribute}")

    def _type(self, name: str) -> str:
        if name not in self.resources:
            raise Unresolved(f"{name} is neither a parameter nor a resource that exists under {dict(self.given)}")
        return self.resources[name]

    def name(self, logical_id: str) -> str:
        """The physical name: the given one, or one as CloudFormation makes it up."""
        kind = self._type(logical_id)
        if kind in FIXED_ID:
            return FIXED_ID[kind]
        if kind not in NAMED_BY:
            raise Unresolved(f"the name of a resource of type {kind}")
        made_up = (
            f"{logical_id}-{SUFFIX}" if kind == "AWS::SecretsManager::Secret" else f"{STACK}-{logical_id}-{SUFFIX}"
        )
        return str(self.property(logical_id, NAMED_BY[kind], made_up))

    def arn(self, logical_id: str) -> str:
        """The ARN, in the form a request names the resource in."""
        kind = self._type(logical_id)
        if kind not in ARN_FORM:
            raise Unresolved(f"the ARN of a resource of type {kind}")
        service, form = ARN_FORM[kind]
        name = self.name(logical_id)
        return self.arn_in(service, form.format(name.lstrip("/") if service == "ssm" else name))

    def arn_in(self, service: str, rest: str) -> str:
        region = "" if service == "iam" else self.place.region
        return f"arn:{self.place.partition}:{service}:{region}:{ACCOUNT}:{rest}"


NAMED_BY = {
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::SSM::Document": "Name",
    "AWS::SSM::Parameter": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Events::Rule": "Name",
}
FIXED_ID = {
    "AWS::EC2::Instance": "i-0a1b2c3d4e5f60718",
    "AWS::KMS::Key": "1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809",
}
ARN_FORM = {
    "AWS::EC2::Instance": ("ec2", "instance/{}"),
    "AWS::IAM::User": ("iam", "user/{}"),
    "AWS::IAM::Role": ("iam", "role/{}"),
    "AWS::IAM::ManagedPolicy": ("iam", "policy/{}"),
    "AWS::IAM::InstanceProfile": ("iam", "instance-profile/{}"),
    "AWS::KMS::Key": ("kms", "key/{}"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "secret:{}-AbCdEf"),
    "AWS::SSM::Document": ("ssm", "document/{}"),
    "AWS::SSM::Parameter": ("ssm", "parameter/{}"),
    "AWS::Logs::LogGroup": ("logs", "log-group:{}"),
    "AWS::Lambda::Function": ("lambda", "function:{}"),
    "AWS::Events::Rule": ("events", "rule/{}"),
}
REF_IS_ARN = {"AWS::SecretsManager::Secret", "AWS::IAM::ManagedPolicy"}
