"""A template with its parameters put in: references to resources become `<LogicalId>` or `<LogicalId.Attribute>`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from generator.template.adoption import adopt
from generator.template.emit import emit, template_dict
from tests.proof.resolve import Place, Stack, Tree, Unresolved
from tests.template.values import values_of

PUBLISHED_FILE = Path(__file__).parents[2] / "generator/sandbox/published-stack.yaml"
CLI_CREATES = {"VpcId": "vpc-1", "SubnetId": "subnet-1", "AdminEmail": "ops@example.com"}
PUBLISHED_STACK = {
    "VpcId": "vpc-1",
    "SubnetId": "subnet-1",
    "AdminEmail": "ops@example.com",
    "AdminPassword": "correct-horse-battery",
    "SupportUserName": "deepsql-support",
}


class Rendered(Stack):
    """Tells of every resource that exists, and of nothing else."""

    def ref(self, name: str) -> Tree:
        try:
            return super().ref(name)
        except Unresolved:
            return self._token(name)

    def arn(self, logical_id: str) -> str:
        return self._token(logical_id)

    def name(self, logical_id: str) -> str:
        return self._token(logical_id)

    def _get_att(self, body: Tree) -> str:
        name, attribute = body.split(".", 1) if isinstance(body, str) else body
        return self._token(name).replace(">", f".{attribute}>")

    def _token(self, name: str) -> str:
        assert name in self.resources, f"{name} is referred to and does not exist with {self.given}"
        return f"<{name}>"

    def properties(self, logical_id: str) -> dict[str, Tree]:
        return dict(self.resolve(self.template["Resources"][logical_id].get("Properties", {})))

    def outputs(self) -> dict[str, Tree]:
        found = self.template["Outputs"].items()
        remaining = {name: body for name, body in found if "Condition" not in body or self.holds(body["Condition"])}
        return {name: self.resolve(body["Value"]) for name, body in remaining.items()}


def ours(partition: str = "aws", region: str = "us-east-1", **given: str) -> Rendered:
    """Our template for these parameters."""
    return Rendered(_template(), given, Place(region, partition))


def adopted(**given: str) -> Rendered:
    """What an upgrade makes of a stack of the vendor's published template, for these parameters."""
    return Rendered(_adopted_template(), given, Place())


@cache
def _template() -> Tree:
    return template_dict()


@cache
def _adopted_template() -> Tree:
    return values_of(adopt(emit(), PUBLISHED_FILE.read_text()).text)


def published_template() -> Tree:
    return values_of(PUBLISHED_FILE.read_text())
