"""TemplateURL with `?versionId=`: that version of the object is the template, as S3 keeps it.

MiniStack passes over the query of such an address, and takes the current version: an object that was exchanged would
become the stack, and a version that does not exist too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from ministack.services import cloudformation, s3
from ministack.services.cloudformation import helpers

from generator.sandbox.service_api import Answer, Params, parameters, run_now, xml_error


def install() -> None:
    """Answer every operation that takes a template."""
    original = cloudformation.handle_request

    async def handle_request(method: str, path: str, headers: dict[str, str], body: bytes, query: Params) -> Answer:
        version = _version(str(parameters(headers, body, query).get("TemplateURL", "")))
        if version is None:
            answer: Answer = await original(method, path, headers, body, query)
            return answer
        content = _content(*version)
        if content is None:
            return xml_error("cloudformation", "ValidationError", "S3 error: The specified version does not exist.")
        with _as_long_as_at_an_address():
            return run_now(original(method, path, headers, _with_body(body, content), query))

    cloudformation.handle_request = handle_request


def _version(url: str) -> tuple[str, str] | None:
    """Path of the object and ID of its version, where an address names one."""
    parts = urlsplit(url)
    version = parse_qs(parts.query).get("versionId", [""])[0]
    return (unquote(parts.path), version) if version else None


def _content(path: str, version: str) -> bytes | None:
    request = s3.handle_request("GET", path, {}, b"", {"versionId": [version]}, internal=True)
    status, _, body = run_now(request)
    return body if status == 200 else None


def _with_body(body: bytes, content: bytes) -> bytes:
    """The request with the template in it, in the place of its address."""
    form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    del form["TemplateURL"]
    return urlencode({**form, "TemplateBody": [content.decode("utf-8")]}, doseq=True).encode()


@contextmanager
def _as_long_as_at_an_address() -> Iterator[None]:
    """While the call runs, which never waits, a template may be as long as one at an address."""
    shortest, helpers.TEMPLATE_BODY_MAX_BYTES = helpers.TEMPLATE_BODY_MAX_BYTES, helpers.TEMPLATE_URL_MAX_BYTES
    try:
        yield
    finally:
        helpers.TEMPLATE_BODY_MAX_BYTES = shortest
