"""The partition of a region: ARNs, and the domain of AWS's addresses, in China and in GovCloud.

MiniStack writes `arn:aws:` in every region. So at the edge of the sandbox, in requests for a region of another
partition and in their answers, that partition's name and `aws` change places. Inside all is one partition; outside
`arn:aws-cn:` is what a client sees and may say, and an `arn:aws:` that it says is as foreign there as on AWS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from ministack.core import sigv4

from generator.sandbox.http_messages import Message, Request, Response

_OTHERS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
_ARN = re.compile(rb"(?:(?<=%[0-9A-Fa-f]{2})|(?<![A-Za-z0-9]))(arn)(:|%3A|%3a|%253A)(aws(?:-cn|-us-gov)?)(?=\2)")
_Text = TypeVar("_Text", bytes, str)
_changed: ContextVar[bool] = ContextVar("changed", default=False)
_check_signature = sigv4.header_signature_failure


def partition_of(region: str) -> str:
    """aws, aws-cn or aws-us-gov."""
    return next((name for prefix, name in _OTHERS.items() if region.startswith(prefix)), "aws")


def dns_suffix(region: str) -> str:
    """The domain of AWS's addresses in the region: `AWS::URLSuffix`."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


def exchanged(text: _Text, partition: str) -> _Text:
    """The text with `partition` and `aws` in each other's place in its ARNs, percent-encoded ones too."""
    if partition == "aws":
        return text
    if isinstance(text, str):
        return exchanged(text.encode("utf-8", "surrogateescape"), partition).decode("utf-8", "surrogateescape")
    places = {b"aws": partition.encode(), partition.encode(): b"aws"}
    return _ARN.sub(lambda match: match[1] + match[2] + places.get(match[3], match[3]), text)


def inward(scope: Message, body: bytes, partition: str) -> tuple[Message, bytes]:
    """A request as the sandbox reads it. Its signature, checked before, is not that of the changed text."""
    if partition == "aws":
        return scope, body
    raw_path = exchanged(scope.get("raw_path") or b"", partition)
    changed = {
        **scope,
        "path": exchanged(scope["path"], partition),
        "query_string": exchanged(scope.get("query_string", b""), partition),
        **({"raw_path": raw_path} if raw_path else {}),
    }
    body = exchanged(body, partition)
    _changed.set(True)  # for this request: each is served in a context of its own
    return {**changed, "headers": [_with_length(name, value, len(body)) for name, value in scope["headers"]]}, body


def _with_length(name: bytes, value: bytes, length: int) -> tuple[bytes, bytes]:
    return name, str(length).encode() if name.lower() == b"content-length" else value


def outward(request: Request, response: Response, partition: str) -> Response:
    """An answer as the client reads it. What is stored in a bucket is handed out as it was put there."""
    if partition == "aws" or is_content(request):
        return response
    headers = {name: exchanged(value, partition) for name, value in response.headers.items()}
    return Response(response.status, headers, exchanged(response.body, partition))


def is_content(request: Request) -> bool:
    """Whether a request is about an object of a bucket: its body is the user's own, and is not changed."""
    return request.service == "s3" and "policy" not in request.query


def answers(body: bytes) -> str:
    """The partition of a function's answer to CloudFormation, which is not signed for any region."""
    match = _ARN.search(body)
    return match[3].decode() if match else "aws"


def variables(environment: Mapping[str, str], region: str) -> dict[str, str]:
    """The environment variables of a function as the function reads them."""
    return {name: exchanged(value, partition_of(region)) for name, value in environment.items()}


def install() -> None:
    """Have MiniStack check no signature of a request whose text was changed after it had been checked."""
    sigv4.header_signature_failure = _signature_failure


def _signature_failure(*arguments: Any, **options: Any) -> Any:
    return None if _changed.get() else _check_signature(*arguments, **options)
