"""What botocore, boto3, urllib3 and their parsers raise is one sentence, with the profile or the address at fault."""

from __future__ import annotations

import ast
import http.client
import inspect
import json
import re
import socket
import ssl
import string
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from getpass import GetPassWarning
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import ParseError

import boto3.exceptions
import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.parsers import ResponseParserError

from generator.errors import DeployerError
from generator.gateway import concerned
from generator.gateway.credentials import _explained, _take_no_code_from_nowhere
from generator.gateway.translate import settings_read, translated

SECRET = "hunter2"
ENDPOINT, PROXY = f"https://me:{SECRET}@sts.example.com/", f"http://me:{SECRET}@proxy.example.com:3128"
CARRIED = {
    "endpoint_url": ENDPOINT,
    "proxy_url": PROXY,
    "profile": "other",
    "source_profile": "other",
    "region_name": "eu-nowhere-1",
    "path": "/etc/aws/config",
    "error": OSError("odd\nthing"),
    "msg": "odd\nthing",
    "error_msg": "odd\nthing.",
}


def children(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.partition(".")[0] in ("botocore", "boto3", "urllib3"):
            yield from children(child)


def botocores() -> dict[str, Exception]:
    """One exception of each kind that botocore has, with what its text wants."""
    made = {}
    for kind in children(botocore.exceptions.BotoCoreError):
        if issubclass(kind, boto3.exceptions.Boto3Error):
            continue  # what boto3 says of its own models, of which nothing here asks for any
        fields = [field for _, field, _, _ in string.Formatter().parse(kind.fmt) if field]
        if issubclass(kind, botocore.exceptions.WaiterError):
            fields.append("last_response")
        made[kind.__name__] = kind(**{field: CARRIED.get(field, f"odd {field}") for field in fields})
    return made


def others() -> dict[str, Exception]:
    """The kinds that are not botocore's own, as instances: an exception is what it is, however it was filled in."""
    kinds = [
        *children(boto3.exceptions.Boto3Error),
        *children(urllib3.exceptions.HTTPError),
        *(each for _, each in inspect.getmembers(http.client, inspect.isclass) if issubclass(each, Exception)),
        *(ResponseParserError, json.JSONDecodeError, UnicodeDecodeError, ParseError, zlib.error, RecursionError),
        *(ssl.SSLError, socket.gaierror, TimeoutError, KeyError, TypeError, AttributeError, ValueError),
    ]
    made = {}
    for kind in kinds:
        if issubclass(kind, botocore.exceptions.BotoCoreError):
            continue
        error = kind.__new__(kind)
        error.args = (f"odd {SECRET}",)
        made[f"{kind.__module__}.{kind.__name__}"] = error
    return made


BOTOCORES, OTHERS = botocores(), others()


def client() -> Any:
    meta = SimpleNamespace(endpoint_url=ENDPOINT, region_name="eu-west-3")
    made = SimpleNamespace(meta=meta)
    concerned.remember(made, "profile work")
    return made


@contextmanager
def credentials() -> Iterator[None]:
    with concerned.about_profile("work"), translated("AWS", "credentials", {}), _explained("work"):
        yield


PLACES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "a call": lambda: translated("STS", "GetCallerIdentity", {}, client()),
    "settings": lambda: settings_read("work"),
    "credentials": credentials,
}


def told(place: str, error: Exception) -> DeployerError:
    with pytest.raises(DeployerError) as caught, PLACES[place]():
        raise error
    said = caught.value
    assert "\n" not in said.message and re.search(r"[\w/][)\"'\]]*[.?!…]$", said.message), said.message
    assert "None" not in said.message
    assert 1 <= said.exit_code <= 4 and said.code != "defect" and "bug" not in said.message
    assert said.hint and SECRET not in said.message + said.hint, (said.message, said.hint)
    return said


def test_there_are_as_many_as_botocore_has() -> None:
    assert len(BOTOCORES) > 90 and {"SSLError", "SSOTokenLoadError", "ProxyConnectionError"} <= BOTOCORES.keys()
    assert len(OTHERS) > 50


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", BOTOCORES.values(), ids=BOTOCORES)
def test_each_of_botocores_names_what_it_carries_or_what_is_known(error: Exception, place: str) -> None:
    said, fields = told(place, error).message, error.kwargs  # type: ignore[attr-defined]
    carried = {"proxy_url": "http://***@proxy.example.com", "endpoint_url": "https://***@sts.example.com"}
    names = next((shown for field, shown in carried.items() if field in fields), "")
    network = isinstance(error, botocore.exceptions.HTTPClientError | botocore.exceptions.ConnectionError)
    if network and place == "a call":
        names = names or carried["endpoint_url"]
    elif place != "a call" or re.search("Credential|Token|SSO|Login|MFA|Metadata", type(error).__name__):
        places = ("https://***@", "http://***@", "profile work", "Profile work", "other", "eu-nowhere-1", "/etc/aws/")
        assert any(each in said for each in places) or isinstance(error, botocore.exceptions.NoRegionError), said
    assert names in said


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_what_is_not_botocores_is_no_defect_and_not_repeated(error: Exception, place: str) -> None:
    said = told(place, error).message
    assert ("sts.example.com" if place == "a call" else "rofile work") in said


def test_every_call_is_made_where_its_client_is_known() -> None:
    """Else its sentence could name neither the endpoint nor whose credentials were renewed."""
    unknown = set()
    for path in Path(concerned.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "translated":
                unknown |= {path.name} if len(node.args) < len(["service", "operation", "params", "client"]) else set()
    assert unknown == {"credentials.py"}, "there is no client before there are credentials"


def test_an_mfa_code_that_a_long_command_needs_again_is_asked_of_nobody_but_a_terminal() -> None:
    said = told("a call", GetPassWarning("Can not control echo on the terminal."))
    assert said.message == "Profile work needs an MFA code, and there is no terminal to ask for it."
    _take_no_code_from_nowhere()
    with pytest.raises(GetPassWarning):
        warnings.warn("as getpass does", GetPassWarning, stacklevel=1)


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "AuthFailure", "SignatureDoesNotMatch"])
def test_credentials_that_aws_does_not_take_are_named(code: str) -> None:
    answer: Any = {"Error": {"Code": code, "Message": "The security token is invalid."}}
    assert "(profile work)." in told("a call", botocore.exceptions.ClientError(answer, "GetCallerIdentity")).message
    denied: Any = {"Error": {"Code": "AccessDenied", "Message": "User x is not authorized."}}
    assert "work" not in told("a call", botocore.exceptions.ClientError(denied, "GetCallerIdentity")).message
