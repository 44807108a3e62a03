"""Custom resources whose function cannot start.

AWS waits for the response until ServiceTimeout (an hour by default), also when the function cannot even be loaded, and
so does MiniStack. Here such a function fails its resource at once with the function's own message, so that a stack
never hangs. Functions run as local processes.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import get_region
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from generator.sandbox.partitions import exchanged, partition_of

_execute = lambda_svc._execute_function_with_config_scope


def install() -> None:
    """Check how each function ends."""
    lambda_svc._execute_function_with_config_scope = execute


def execute(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    """Run the function; if it fails on an event of CloudFormation, answer FAILED in its place."""
    partition = partition_of(get_region())
    seen = json.loads(exchanged(json.dumps(event), partition))
    outcome: dict[str, Any] = json.loads(exchanged(json.dumps(_execute(function, seen)), partition))
    if isinstance(event, dict) and "ResponseURL" in event and outcome.get("error"):
        token = event["ResponseURL"].rpartition("/")[2]
        name = function["config"]["FunctionName"]
        custom_resource.deliver_response(
            token, {"Status": "FAILED", "Reason": f"Function {name}: {error_of(outcome.get('body'))}"}
        )
    return outcome


def error_of(body: object) -> str:
    """The message of a function that failed, from the body of its answer, in one line."""
    message = body.get("errorMessage") if isinstance(body, dict) else body
    return " ".join(str(message or "the function gave no message").split())[:500]
