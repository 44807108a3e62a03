"""A web page that knows the sandbox's credentials, as everybody does, gets nothing from it."""

from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from generator.sandbox.origin_guard import is_from_web_page
from generator.sandbox.state import SandboxState
from tests.sandbox_keys import root

PAGES = [
    {"Origin": "https://example.com"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Host": "rebound.example.com:4566"},
]


@pytest.mark.parametrize("headers", PAGES, ids=str)
def test_a_signed_call_of_a_page_is_refused(sandbox: SandboxState, headers: dict[str, str]) -> None:
    client = botocore.session.Session().create_client(
        "secretsmanager",
        "us-east-1",
        endpoint_url=sandbox.endpoint,
        **root(sandbox),
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )
    assert client.list_secrets()["SecretList"] == []

    def as_a_page(request: Any, **_: object) -> None:
        for name, value in headers.items():
            request.headers[name] = value

    client.meta.events.register("before-sign.secretsmanager", as_a_page)
    with pytest.raises(ClientError, match="does not answer web pages"):
        client.list_secrets()


@pytest.mark.parametrize(
    "navigation",
    [
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
        {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"},  # of an older browser
        {"accept": "Text/HTML"},
    ],
    ids=["fetch metadata", "older browser", "curl"],
)
@pytest.mark.parametrize("path", ["/", "/_ministack/health", "/any?Action=ListUsers"])
def test_a_person_at_a_browser_reads_what_this_is_and_nothing_else(
    sandbox: SandboxState, path: str, navigation: dict[str, str]
) -> None:
    with pytest.raises(HTTPError) as answer:
        urlopen(Request(sandbox.endpoint + path, headers=navigation))
    assert (answer.value.code, answer.value.headers["Content-Type"]) == (403, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.value.headers["Content-Security-Policy"]
    assert "<h1>This is a sandbox of deployer</h1>" in answer.value.read().decode()


@pytest.mark.parametrize("kind", ["image", "iframe", "empty"])
def test_an_image_or_a_frame_of_a_page_gets_no_page(sandbox: SandboxState, kind: str) -> None:
    asked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": kind, "Accept": "text/html"}
    with pytest.raises(HTTPError) as answer:
        urlopen(Request(sandbox.endpoint, headers=asked))
    assert "html" not in answer.value.headers["Content-Type"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/xml, text/plain"])
def test_an_unsigned_client_that_asks_for_no_page_gets_the_refusal_of_aws(sandbox: SandboxState, accept: str) -> None:
    with pytest.raises(HTTPError) as answer:
        urlopen(Request(f"{sandbox.endpoint}/?Action=ListUsers&Version=2010-05-08", headers={"Accept": accept}))
    assert "html" not in answer.value.headers["Content-Type"] and b"MissingAuthenticationToken" in answer.value.read()


def test_what_is_signed_is_answered_although_it_asks_for_html(sandbox: SandboxState) -> None:
    """In a header, as clients do, and in the query, as a link to an object."""
    session = botocore.session.Session()
    client = session.create_client("s3", "us-east-1", endpoint_url=sandbox.endpoint, **root(sandbox))

    def as_html(request: Any, **_: object) -> None:
        request.headers["Accept"] = "text/html"

    client.create_bucket(Bucket="pages")
    client.put_object(Bucket="pages", Key="a.html", Body=b"an object")
    client.meta.events.register("before-sign.s3", as_html)
    assert client.get_object(Bucket="pages", Key="a.html")["Body"].read() == b"an object"
    signs = Config(signature_version="s3v4")
    plain = session.create_client("s3", "us-east-1", endpoint_url=sandbox.endpoint, config=signs, **root(sandbox))
    link = plain.generate_presigned_url("get_object", {"Bucket": "pages", "Key": "a.html"})
    assert urlopen(Request(link, headers={"Accept": "text/html"})).read() == b"an object"
    plain.delete_object(Bucket="pages", Key="a.html")
    plain.delete_bucket(Bucket="pages")


@pytest.mark.parametrize("path", ["/v1/data-channel/none", "/mqtt", "/_ministack/x", "/event/realtime"])
@pytest.mark.parametrize("headers", [{}, *PAGES[:1]], ids=["stranger", "page"])
def test_a_page_opens_no_websocket(sandbox: SandboxState, headers: dict[str, str], path: str) -> None:
    address = sandbox.endpoint.replace("http", "ws") + path
    with pytest.raises(InvalidStatus) as refused:
        connect(address, additional_headers=headers, proxy=None)
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("host", "page"),
    [
        ("127.0.0.1:4566", False),
        ("localhost:4566", False),
        ("LOCALHOST", False),
        ("127.0.0.1.example.com:4566", True),
        ("localhost.example.com", True),
        ("[::1]:4566", True),
        ("", True),
    ],
)
def test_whose_name_it_is_called_by(host: str, page: bool) -> None:
    assert is_from_web_page([(b"Host", host.encode())]) is page
