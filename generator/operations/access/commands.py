"""Command lines that a person can paste: with the stack, the region and the profile this call was made with."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from generator.gateway.aws import Gateway
from generator.model.stack import Stack


@dataclass(frozen=True)
class Commands:
    """How to name one stack to `deployer`, and its account and region to `aws`."""

    stack_name: str
    region: str
    profile: str = ""

    @classmethod
    def of(cls, gateway: Gateway, stack: Stack) -> Commands:
        """Those of a stack, with the profile this call was given."""
        return cls(stack.name, stack.region, gateway.deployment.profile or "")

    def deployer(self, *words: str) -> str:
        """A command of this program."""
        return shlex.join(["deployer", *words, "--stack-name", self.stack_name, *self._where()])

    def aws(self, *words: str) -> str:
        """A command of the AWS CLI."""
        return shlex.join(["aws", *words, *self._where()])

    def _where(self) -> list[str]:
        return ["--region", self.region, *(["--profile", self.profile] if self.profile else [])]
