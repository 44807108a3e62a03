"""What a template's values come to in one stack: parameters, conditions, and the names and ARNs of resources. Pure.

For counting characters: a name that CloudFormation has yet to make up is stood in for by one of the same length.
Values are those of `yaml_document.plain`, where a function is a pair of `!Name` and operand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from generator.template.yaml_document import Entries, entries, plain

Value = Any  # text, lists and mappings; a pair where a function is not resolved yet
NO_VALUE = object()
SUFFIX = "0A1B2C3D4E5F"
"""What CloudFormation appends to a name that it makes up: 12 characters today, 13 in stacks of earlier years."""
UUID = "00000000-0000-0000-0000-000000000000"


class Unknown(LookupError):
    """Something whose value only CloudFormation knows."""


@dataclass(frozen=True)
class StackPlace:
    """Where a stack is, and what it is called; an account that is not known yet has twelve digits too."""

    stack_name: str
    region: str
    partition: str = "aws"
    account: str = "0" * 12

    @property
    def url_suffix(self) -> str:
        """The domain of AWS's services in that partition."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


@dataclass(frozen=True)
class _Kind:
    """How resources of a type are named: their property for it, the most characters, and what their ARN is made of."""

    property: str
    longest: int
    service: str
    resource: str


_KINDS = {
    "AWS::IAM::User": _Kind("UserName", 64, "iam", "user/{}"),
    "AWS::IAM::Role": _Kind("RoleName", 64, "iam", "role/{}"),
    "AWS::IAM::InstanceProfile": _Kind("InstanceProfileName", 128, "iam", "instance-profile/{}"),
    "AWS::IAM::ManagedPolicy": _Kind("ManagedPolicyName", 128, "iam", "policy/{}"),
    "AWS::SecretsManager::Secret": _Kind("Name", 512, "secretsmanager", "secret:{}-AbCdEf"),
    "AWS::SSM::Document": _Kind("Name", 128, "ssm", "document/{}"),
    "AWS::SSM::Parameter": _Kind("Name", 1011, "ssm", "parameter/{}"),
    "AWS::Logs::LogGroup": _Kind("LogGroupName", 512, "logs", "log-group:{}"),
    "AWS::Lambda::Function": _Kind("FunctionName", 64, "lambda", "function:{}"),
    "AWS::Events::Rule": _Kind("Name", 64, "events", "rule/{}"),
    "AWS::KMS::Key": _Kind("", 36, "kms", "key/{}"),
    "AWS::EC2::Instance": _Kind("", 19, "ec2", "instance/{}"),
}
_REF_IS_ARN = ("AWS::SecretsManager::Secret", "AWS::IAM::ManagedPolicy")
_IDS = {"AWS::KMS::Key": UUID, "AWS::EC2::Instance": "i-00000000000000000"}


@dataclass(frozen=True)
class ResolvedTemplate:
    """The sections of a template, the values of its parameters, its place, and the physical IDs that are known."""

    sections: Entries
    values: Mapping[str, str]
    place: StackPlace
    physical_ids: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def resources(self) -> dict[str, dict[str, Value]]:
        """Logical ID -> resource as plain values, of those that exist under these parameters."""
        listed = {name: plain(node) for name, node in entries(self.sections.get("Resources")).items()}
        return {
            name: body
            for name, body in listed.items()
            if isinstance(body, dict) and ("Condition" not in body or self._holds(body["Condition"]))
        }

    def resolve(self, value: Value) -> Value:
        """The value without functions. Raises Unknown where one cannot be resolved."""
        if isinstance(value, tuple):
            return self._called(*value)
        if isinstance(value, list):
            return [item for part in value if (item := self.resolve(part)) is not NO_VALUE]
        if isinstance(value, dict):
            return {key: item for key, part in value.items() if (item := self.resolve(part)) is not NO_VALUE}
        return value

    def _called(self, name: str, operand: Value) -> Value:
        functions: dict[str, Callable[[Value], Value]] = {
            "!Ref": self._ref,
            "!GetAtt": self._attribute,
            "!Sub": self._substituted,
            "!Join": lambda parts: str(parts[0]).join(map(str, self.resolve(parts[1]))),
            "!If": lambda parts: self.resolve(parts[1] if self._holds(parts[0]) else parts[2]),
            "!Select": lambda parts: self.resolve(parts[1])[int(parts[0])],
            "!Split": lambda parts: str(self.resolve(parts[1])).split(parts[0]),
        }
        if name not in functions:
            raise Unknown(name)
        return functions[name](operand)

    def holds(self, condition: str) -> bool | None:
        """Whether a condition holds under these parameters; None where only CloudFormation knows."""
        try:
            return self._holds(condition)
        except (Unknown, KeyError, IndexError, TypeError, ValueError):
            return None

    def _holds(self, condition: str) -> bool:
        node = entries(self.sections.get("Conditions")).get(condition)
        if node is None:
            raise Unknown(condition)
        return self._is_true(plain(node))

    def _is_true(self, value: Value) -> bool:
        name, operand = value if isinstance(value, tuple) else ("", value)
        match name:
            case "!Condition":
                return self._holds(operand)
            case "!Equals":
                left, right = (self.resolve(side) for side in operand)
                return bool(left == right)
            case "!Not":
                return not self._is_true(operand[0])
            case "!And":
                return all(self._is_true(each) for each in operand)
            case "!Or":
                return any(self._is_true(each) for each in operand)
        raise Unknown(name)

    def _substituted(self, operand: Value) -> str:
        text, own = (operand, {}) if isinstance(operand, str) else operand

        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            resolved = self.resolve(own[name]) if name in own else self._named(name)
            return str(resolved)

        return re.sub(r"\$\{([^}]+)\}", value, text)

    def _named(self, name: str) -> Value:
        return self._attribute(name) if "." in name else self._ref(name)

    def _ref(self, name: str) -> Value:
        pseudo: dict[str, Value] = {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": self.place.partition,
            "AWS::URLSuffix": self.place.url_suffix,
            "AWS::StackName": self.place.stack_name,
            "AWS::StackId": self._arn_in("cloudformation", f"stack/{self.place.stack_name}/{UUID}"),
            "AWS::NoValue": NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        declared = entries(self.sections.get("Parameters"))
        if name in declared:
            return self._parameter(name, plain(declared[name]))
        return self.arn(name) if self._type(name) in _REF_IS_ARN else self._name(name)

    def _parameter(self, name: str, declared: Value) -> Value:
        text = self.values.get(name, declared.get("Default"))
        if text is None:
            raise Unknown(name)
        kind = str(declared.get("Type", ""))
        is_list = kind == "CommaDelimitedList" or kind.startswith("List<")
        return [part.strip() for part in str(text).split(",")] if is_list else str(text)

    def _attribute(self, operand: str) -> str:
        name, _, attribute = str(operand).partition(".")
        if attribute == "Arn":
            return self.arn(name) + (":*" if self._type(name) == "AWS::Logs::LogGroup" else "")
        if attribute == "Id" and self._type(name) in _REF_IS_ARN:
            return self.arn(name)
        raise Unknown(operand)

    def _type(self, name: str) -> str:
        if name not in self.resources:
            raise Unknown(name)
        return str(self.resources[name].get("Type"))

    def arn(self, name: str) -> str:
        """The ARN of a resource by its logical ID. Raises Unknown for a type that is not known here."""
        kind, named = _KINDS.get(self._type(name)), self._name(name)
        if kind is None:
            raise Unknown(name)
        return named if named.startswith("arn:") else self._arn_in(kind.service, kind.resource.format(named))

    def _name(self, name: str) -> str:
        """Its physical ID, or one of the same length: the given name, or what CloudFormation would make up."""
        if name in self.physical_ids:
            return self.physical_ids[name]
        resource_type = self._type(name)
        kind = _KINDS.get(resource_type)
        if kind is None:
            raise Unknown(name)
        properties = self.resources[name].get("Properties") or {}
        given = self.resolve(properties[kind.property]) if kind.property in properties else NO_VALUE
        if given is not NO_VALUE:
            return str(given)
        if resource_type in _IDS:
            return _IDS[resource_type]
        made_up = f"{name}-{SUFFIX}"
        if resource_type != "AWS::SecretsManager::Secret":
            made_up = f"{self.place.stack_name[: max(kind.longest - len(made_up) - 1, 0)]}-{made_up}"
        return made_up

    def _arn_in(self, service: str, resource: str) -> str:
        region = "" if service == "iam" else self.place.region
        return f"arn:{self.place.partition}:{service}:{region}:{self.place.account}:{resource}"
