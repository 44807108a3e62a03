"""One call of the SSM API: its parameters, its caller, and whether the caller is allowed to make it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from generator.errors import DeployerError
from generator.model.arn import Arn
from generator.sandbox import authorization
from generator.sandbox.authorization import Caller


@dataclass(frozen=True)
class Call:
    """An authenticated call. `host` is the Host header: where the caller reached the sandbox."""

    data: dict[str, Any] = field(repr=False)
    caller: Caller
    host: str

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a resource of SSM in the caller's account and region."""
        return str(Arn("aws", "ssm", self.caller.region, self.caller.account, f"{kind}/{name}"))

    def allow(self, action: str, arn: str = "*", context: dict[str, Any] | None = None) -> None:
        """Raise DeployerError (AccessDeniedException) unless the caller is allowed `action` on `arn`."""
        if sentence := authorization.check(self.caller, action, arn, context):
            raise DeployerError(sentence, code="AccessDeniedException")

    def allowed(self, action: str, arn: str, context: dict[str, Any] | None = None) -> bool:
        """Whether the caller is allowed `action` on `arn`."""
        return not authorization.check(self.caller, action, arn, context)


Operation = Callable[[Call], dict[str, Any]]


def page(items: list[Any], data: dict[str, Any], most: int) -> tuple[list[Any], dict[str, str]]:
    """One page of a listing and its NextToken, by MaxResults and NextToken; refuses with InvalidNextToken."""
    token = str(data.get("NextToken") or "0")
    if not token.isdigit():
        raise DeployerError("The specified token is not valid.", code="InvalidNextToken")
    start, size = int(token), min(int(data.get("MaxResults") or most), most)
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return items[start : start + size], more
