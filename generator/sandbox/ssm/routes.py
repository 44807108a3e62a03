"""The operations of SSM and EC2 Instance Connect that the sandbox answers; MiniStack keeps the others.

MiniStack authenticates these calls (key, signature, status). Each operation then checks its own permissions, because
AWS checks several resources in one call (StartSession: the instance and the document).
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app as ministack
from ministack.core import iam_actions, router
from ministack.core.responses import error_response_json, json_response
from ministack.services import ssm

from generator.errors import DeployerError
from generator.sandbox import authorization
from generator.sandbox.ssm import command_api, document_api, instance_connect, node_api, session_api
from generator.sandbox.ssm.api_call import Call, Operation

SSM: dict[str, Operation] = {
    **document_api.OPERATIONS,
    **session_api.OPERATIONS,
    **node_api.OPERATIONS,
    **command_api.OPERATIONS,
}
_CONNECT = "ec2-instance-connect"
_original_handler = ssm.handle_request
_original_iam_action = iam_actions.extract_iam_action


def install() -> None:
    """Serve these operations of SSM, and EC2 Instance Connect, which MiniStack lacks."""
    ssm.handle_request = handle_ssm
    iam_actions.extract_iam_action = iam_action
    router.SERVICE_PATTERNS[_CONNECT] = {
        "target_prefixes": ["AWSEC2InstanceConnectService"],
        "credential_scope": _CONNECT,
    }
    ministack.SERVICE_HANDLERS[_CONNECT] = handle_connect


def iam_action(service: str, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    """None for our own operations: MiniStack then only authenticates."""
    if service == "ssm" and _find(headers, body):
        return None
    return _original_iam_action(service, method, path, headers, body, query)


async def handle_ssm(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    """Answer an SSM call, or leave it to MiniStack."""
    operation = _find(headers, body)
    if operation is None:
        return await _original_handler(method, path, headers, body, query)
    return _run(operation, headers, body)


async def handle_connect(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
    """Answer a call of EC2 Instance Connect."""
    operation = instance_connect.OPERATIONS.get(_target(headers))
    if operation is None:
        return error_response_json("InvalidAction", f"The sandbox does not offer {_target(headers)}.", 400)
    return _run(operation, headers, body)


def _run(operation: Operation, headers: dict[str, str], body: bytes) -> Any:
    try:
        return json_response(operation(Call(json.loads(body or b"{}"), authorization.caller(headers), headers["host"])))
    except DeployerError as refusal:
        return error_response_json(refusal.code, refusal.message, 400)


def _find(headers: dict[str, str], body: bytes) -> Operation | None:
    name = _target(headers)
    if name in document_api.TAGGING:
        try:
            return document_api.TAGGING[name] if json.loads(body)["ResourceType"] == "Document" else None
        except (ValueError, KeyError, TypeError):
            return None
    return SSM.get(name)


def _target(headers: dict[str, str]) -> str:
    return headers.get("x-amz-target", "").rpartition(".")[2]
