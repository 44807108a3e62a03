"""Lambda: who may invoke a function, and whether it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.errors import NotFound
from generator.gateway.service import Service
from generator.model.access import FunctionUrl
from generator.model.policy import Policy, parse_policy

LATEST = "$LATEST"


class LambdaFunctions(Service):
    """Domain verbs over the Lambda API."""

    def function_exists(self, function: str) -> bool:
        """Whether there is a function of that name."""
        try:
            self._call("get_function_configuration", FunctionName=function)
        except NotFound:
            return False
        return True

    def reserved_concurrency(self, function: str) -> int | None:
        """How many of it may run at once; None where that is not set. 0 stops it. Raises NotFound."""
        answer = self._call("get_function_concurrency", FunctionName=function)
        return answer.get("ReservedConcurrentExecutions")

    def get_policy(self, function: str, qualifier: str = "") -> Policy:
        """The resource policy of a function, or of one version or alias of it; without statements where it has none."""
        which = {"Qualifier": qualifier} if qualifier else {}
        try:
            return parse_policy(self._call("get_policy", FunctionName=function, **which)["Policy"])
        except NotFound:
            return Policy()

    def list_qualifiers(self, function: str) -> list[str]:
        """Its published versions and its aliases (two calls): each may have a policy of its own. Raises NotFound."""
        versions = self._pages("list_versions_by_function", FunctionName=function)
        aliases = self._pages("list_aliases", FunctionName=function)
        named = [str(each["Version"]) for page in versions for each in page["Versions"]]
        return [name for name in named if name != LATEST] + [
            str(a["Name"]) for page in aliases for a in page["Aliases"]
        ]

    def list_function_urls(self, function: str) -> list[FunctionUrl]:
        """The addresses by which it, or an alias of it, can be called over the internet. Raises NotFound."""
        pages = self._pages("list_function_url_configs", FunctionName=function)
        return [_url(each) for page in pages for each in page["FunctionUrlConfigs"]]


def _url(answer: Mapping[str, Any]) -> FunctionUrl:
    """The ARN ends with the alias, where the URL is that of one: function:NAME:ALIAS."""
    alias = answer["FunctionArn"].partition(":function:")[2].partition(":")[2]
    return FunctionUrl(str(answer["FunctionUrl"]), answer["AuthType"] == "AWS_IAM", alias)
