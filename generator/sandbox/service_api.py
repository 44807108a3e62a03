"""MiniStack's services by their public entry: call one in this process, or answer operations in its place.

Each service module of MiniStack has one public function, `handle_request`. `call` goes through it as a client would,
without HTTP, signature or authorization, in the account and region of the running request. `serve` puts operations of
the sandbox before it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode
from xml.etree import ElementTree as ET

from ministack.core.responses import new_uuid

Answer = tuple[int, dict[str, str], bytes]  # status, headers, body: MiniStack's own form of a response
Params = dict[str, Any]  # parameters of a call: one text a name (query protocol), or JSON values
Proceed = Callable[[], Answer]
Operation = Callable[[Params, Proceed], Answer]
"""operation(params, proceed) answers a call; `proceed()` is the answer that MiniStack itself gives."""

NAMESPACES = {
    "autoscaling": "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    "cloudformation": "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    "ec2": "http://ec2.amazonaws.com/doc/2016-11-15/",
    "iam": "https://iam.amazonaws.com/doc/2010-05-08/",
}
"""The XML namespaces of the services that speak the query protocol (their API models)."""


def call(service: ModuleType, operation: str, params: Mapping[str, Any] | None = None) -> Any:
    """Call an operation of a service. Returns JSON values, or the XML document without its namespace.

    Raises ValueError with the service's message when it refuses.
    """
    query = service.__name__.rpartition(".")[2] in NAMESPACES
    if query:
        body = urlencode({"Action": operation, **(params or {})}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
    else:
        body = json.dumps(params or {}).encode()
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"Sandbox.{operation}"}
    status, _, answer = run_now(service.handle_request("POST", "/", headers, body, {}))
    return _xml(status, answer) if query else read_json((status, {}, answer))


def call_rest(service: ModuleType, method: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
    """Call an operation of a service with a REST protocol. Returns JSON values; ValueError as `call`."""
    return read_json(rest_answer(service, method, path, params))


def rest_answer(service: ModuleType, method: str, path: str, params: Mapping[str, Any] | None = None) -> Answer:
    """The answer of an operation with a REST protocol.

    Some of these work on threads of their own. They can be called where no event loop runs, as in CloudFormation's
    handlers; elsewhere RuntimeError says so.
    """
    coroutine = service.handle_request(method, path, {}, json.dumps(params or {}).encode(), {})
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        answer: Answer = asyncio.run(coroutine)
        return answer
    return run_now(coroutine)


def run_now(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """The result of a coroutine that never waits. Raises RuntimeError if it does."""
    try:
        coroutine.send(None)
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer
    coroutine.close()
    raise RuntimeError("this operation of MiniStack waits, and cannot be called from here")


def read_json(answer: Answer) -> Any:
    """The values of a JSON answer. Raises ValueError with the service's message when it refuses."""
    status, _, body = answer
    payload = json.loads(body) if body else {}
    if status >= 400:
        raise ValueError(payload.get("message") or payload.get("Message") or str(payload))
    return payload


def serve(service: ModuleType, operations: Mapping[str, Operation]) -> None:
    """Answer these operations of a service; the others stay MiniStack's."""
    original = service.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Params) -> Answer:
        params = parameters(headers, body, query)
        operation = operations.get(operation_name(headers, params))
        if operation is None:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        return operation(params, lambda: run_now(original(method, path, headers, body, query)))

    service.handle_request = handle_request  # type: ignore[attr-defined]


def replace(original: Callable[..., Any], own: Callable[..., Any]) -> None:
    """Replace a function of MiniStack in every one of its modules that imported it."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ministack."):
            for taken in [key for key, value in vars(module).items() if value is original]:
                setattr(module, taken, own)


def operation_name(headers: Mapping[str, str], params: Params) -> str:
    """X-Amz-Target of the JSON protocols, Action of the query protocol; "" where there is neither."""
    return headers.get("x-amz-target", "").rpartition(".")[2] or str(params.get("Action", ""))


def parameters(headers: Mapping[str, str], body: bytes, query: Params) -> Params:
    """A call's parameters: the JSON body, or the query string and the form body with the first value of each name."""
    if "json" in headers.get("content-type", ""):
        try:
            loaded = json.loads(body or b"{}")
        except ValueError:
            return {}
        return loaded if isinstance(loaded, dict) else {}
    form = parse_qs((body or b"").decode("utf-8", "replace"), keep_blank_values=True)
    named = {**query, **form}
    return {name: values[0] if isinstance(values, list) else values for name, values in named.items()}


def members(params: Params, prefix: str) -> list[str]:
    """The values of a list in the query protocol: `prefix.1`, `prefix.2` and so on."""
    values: list[str] = []
    while value := params.get(f"{prefix}.{len(values) + 1}"):
        values.append(str(value))
    return values


def xml_answer(service: str, operation: str, inner: str) -> Answer:
    """An answer of the query protocol; `inner` is its XML as text."""
    request = f"<requestId>{new_uuid()}</requestId>"
    if service != "ec2":
        request = f"<ResponseMetadata><RequestId>{new_uuid()}</RequestId></ResponseMetadata>"
    name, namespace = f"{operation}Response", NAMESPACES[service]
    text = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{namespace}">{inner}{request}</{name}>'
    return 200, {"Content-Type": "application/xml"}, text.encode()


def xml_error(service: str, code: str, message: str, status: int = 400) -> Answer:
    """A refusal of the query protocol; `message` is text that needs no escaping."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<ErrorResponse xmlns="{NAMESPACES[service]}">{error}<RequestId>{new_uuid()}</RequestId></ErrorResponse>'
    return status, {"Content-Type": "application/xml"}, text.encode()


def _xml(status: int, body: bytes) -> ET.Element:
    root = ET.fromstring(body)  # noqa: S314 - written by MiniStack in this process
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if status >= 400:
        raise ValueError(root.findtext(".//Message") or ET.tostring(root, encoding="unicode"))
    return root
