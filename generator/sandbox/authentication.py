"""Authenticate each request before anything else sees it: it must be signed with a key that the sandbox issued.

AWS verifies the signature of every request. MiniStack takes any 12-digit key for the root user of that account,
whatever the signature, and serves some paths to everybody. Here a request is signed (Signature Version 4) with a key of
a root user (`root_keys`) or one that IAM or STS of the sandbox issued, or it is refused. A root key is passed on as the
account's number, by which MiniStack knows it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from ministack.core import iam_evaluator as engine
from ministack.core import lambda_runtime, sigv4
from ministack.services import lambda_svc, sts

from generator.model.arn import Arn
from generator.model.sandbox_key import is_sandbox_key
from generator.sandbox import partitions, public_objects, root_keys

Scope = MutableMapping[str, Any]  # ASGI's
CONTROL = "/_sandbox/"
# Addresses that CloudFormation makes up, with 122 random bits, for the answer of a function: presigned ones on AWS.
_ANSWERS = re.compile(r"/_ministack/cfn-(response|signal)/[0-9a-f-]{36}")
_OWN_PATHS = ("/_ministack/", "/_localstack/", "/_aws/")
_ALGORITHM = "AWS4-HMAC-SHA256"
_LONGEST = 7 * 86_400  # seconds a presigned request may live
_NOT_CHECKED = object()
_SIGNATURE_PARAMETERS = frozenset(
    f"x-amz-{name}"
    for name in ("algorithm", "credential", "date", "expires", "signedheaders", "signature", "security-token")
)


def is_answer(path: str) -> bool:
    """Whether a path is where a function answers CloudFormation."""
    return bool(_ANSWERS.fullmatch(path))


class NotAuthenticated(Exception):
    """The request is not authenticated. `code` is MiniStack's; each service's protocol has its own form of it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Authenticator:
    """Checks requests against the keys of one sandbox; its own keys are derived from `secret`."""

    secret: str

    def install(self) -> None:
        """Give functions secret credentials; MiniStack derives theirs from the functions' names."""
        lambda_runtime.execution_credentials = self.execution_credentials
        lambda_svc.execution_credentials = self.execution_credentials

    def authenticate(self, scope: Scope, body: bytes) -> Scope:
        """The scope to serve, with the account's number in the place of a root key. Raises NotAuthenticated."""
        headers = _headers(scope)
        path = scope["path"]
        if path.startswith(CONTROL):
            self._check_token(headers)
            return scope
        if scope.get("method") == "PUT" and is_answer(path):
            return scope
        if path.startswith(_OWN_PATHS):
            raise NotAuthenticated("MissingAuthenticationToken", "Request is missing Authentication Token")
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        if public_objects.may_be_public(scope.get("method", ""), path, headers, query):
            return scope
        signature, presigned = _signature(headers, query)
        token = _first(query, "X-Amz-Security-Token") if presigned else headers.get("x-amz-security-token", "")
        credential = self.credential(signature.access_key_id, token)
        _check_time(signature, query if presigned else None)
        _check_signature(scope, body, headers, query, signature, credential.secret_access_key, presigned=presigned)
        if credential.access_key_id == signature.access_key_id:
            return scope
        return _renamed(scope, signature, credential.account_id, presigned=presigned)

    def credential(self, access_key_id: str, token: object = _NOT_CHECKED) -> engine.ResolvedCredential:
        """The owner of a key; the session token is checked when it is passed. Raises NotAuthenticated.

        A root key's `access_key_id` is the account's number.
        """
        if root := root_keys.find_root_key(self.secret, access_key_id):
            if token and token is not _NOT_CHECKED:
                raise NotAuthenticated("InvalidToken", "The security token included in the request is invalid.")
            arn = str(Arn("aws", "iam", "", root.account, "root"))
            return engine.ResolvedCredential(
                root.account, root.secret_access_key, root.account, arn, root.account, "Root"
            )
        try:
            account = _session_account(access_key_id) or engine.find_iam_access_key_account(access_key_id)
        except engine.AmbiguousAccessKeyError:
            account = None
        checked = () if token is _NOT_CHECKED else (token,)
        credential = engine.resolve_credential(access_key_id, account, *checked) if account else None
        if isinstance(credential, engine.CredentialResolutionError):
            raise NotAuthenticated(credential.code, credential.message)
        if credential is None:
            raise _unknown(access_key_id)
        return credential

    def execution_credentials(self, config: dict[str, Any]) -> dict[str, str]:
        """The environment variables of a function's credentials: a session of its role."""
        variables = _original_execution_credentials(config)
        key_id = variables["AWS_ACCESS_KEY_ID"]
        password, token = root_keys.function_secret(self.secret, key_id)
        sts.register_session(key_id, {**sts._sessions[key_id], "SecretAccessKey": password, "SessionToken": token})
        own = (config.get("Environment") or {}).get("Variables") or {}
        secrets = {"AWS_SECRET_ACCESS_KEY": password, "AWS_SESSION_TOKEN": token}
        return {**partitions.variables(own, Arn.parse(config["FunctionArn"]).region), **variables, **secrets}

    def _check_token(self, headers: dict[str, str]) -> None:
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(token.encode(), root_keys.control_token(self.secret).encode()):
            raise NotAuthenticated("MissingAuthenticationToken", "This endpoint needs the token of the sandbox.")


_original_execution_credentials = lambda_runtime.execution_credentials


def _session_account(access_key_id: str) -> str:
    """The account of an STS session; "" for another key."""
    session = Arn.find(str(sts._sessions.get(access_key_id, {}).get("Arn", "")))
    return session.account if session else ""


def _unknown(access_key_id: str) -> NotAuthenticated:
    sentence = "The security token included in the request is invalid."
    if is_sandbox_key(access_key_id):
        sentence += ' The sandbox makes new keys at each start: eval "$(deployer sandbox env)"'
    return NotAuthenticated("InvalidClientTokenId", sentence)


def _headers(scope: Scope) -> dict[str, str]:
    """The headers in lower case; one on several lines as SigV4 signs it."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), sigv4.decode_header_value(value)
        headers[key] = f"{headers[key]},{text}" if key in headers else text
    return headers


def _first(query: dict[str, list[str]], name: str) -> str:
    return next(iter(query.get(name) or query.get(name.lower()) or [""]))


def _signature(headers: dict[str, str], query: dict[str, list[str]]) -> tuple[Any, bool]:
    """The parts of the request's one signature, and whether it is in the query string."""
    authorization, algorithm = headers.get("authorization", ""), _first(query, "X-Amz-Algorithm")
    if not authorization and not algorithm:
        raise NotAuthenticated("MissingAuthenticationToken", "Request is missing Authentication Token")
    algorithms = [authorization.partition(" ")[0]] * bool(authorization) + [algorithm] * bool(algorithm)
    if algorithms != [_ALGORITHM]:
        raise NotAuthenticated("UnsupportedSignature", "The request signature does not conform to AWS standards.")
    presigned = bool(algorithm)
    signature = sigv4.parse_query_signature(query) if presigned else sigv4.parse_header_signature(headers)
    if isinstance(signature, tuple):
        raise NotAuthenticated(*signature)
    return signature, presigned


def _check_time(signature: Any, query: dict[str, list[str]] | None) -> None:
    """Refuse what was signed too long ago; for a presigned request, whose `query` is passed, X-Amz-Expires decides."""
    try:
        seconds = int(_first(query, "X-Amz-Expires")) if query is not None else None
        expired = seconds is not None and (
            not 0 < seconds <= _LONGEST or sigv4.presigned_request_is_expired(signature.amz_date, seconds)
        )
    except ValueError:
        expired = True
    if expired:
        raise NotAuthenticated("RequestExpired", "Request has expired")
    skewed = sigv4.request_time_failure(signature)
    if skewed and (query is None or "not yet current" in skewed[1]):
        raise NotAuthenticated(*skewed)


def _check_signature(
    scope: Scope,
    body: bytes,
    headers: dict[str, str],
    query: dict[str, list[str]],
    signature: Any,
    secret: str,
    *,
    presigned: bool,
) -> None:
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1").partition("?")[0]
    method = scope.get("method", "GET")
    if "host" not in signature.signed_headers.split(";"):
        raise NotAuthenticated("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)
    wrong = sigv4.header_signature_failure(
        signature, secret, method, raw_path, query, headers, body, presigned=presigned
    )
    if wrong or not _covers(headers, body, presigned=presigned):
        raise NotAuthenticated(*(wrong or ("SignatureDoesNotMatch", sigv4.SIGNATURE_MISMATCH)))


def _covers(headers: dict[str, str], body: bytes, *, presigned: bool) -> bool:
    """Whether the body is the one that was signed, where its digest is part of the signature."""
    digest = headers.get("x-amz-content-sha256", "")
    if presigned or not re.fullmatch(r"[0-9a-f]{64}", digest):
        return True
    return hmac.compare_digest(digest, hashlib.sha256(body).hexdigest())


def _renamed(scope: Scope, signature: Any, account: str, *, presigned: bool) -> Scope:
    """The request with the account's number as its key: MiniStack takes that for root and checks no signature."""
    named = f"Credential={account}/{signature.date_stamp}/{signature.region}/{signature.service}/aws4_request"
    value = f"{_ALGORITHM} {named}, SignedHeaders={signature.signed_headers}, Signature={signature.signature}"
    headers = [(name, text) for name, text in scope["headers"] if name.lower() != b"authorization"]
    headers.append((b"authorization", value.encode()))
    renamed = {**scope, "headers": headers}
    if presigned:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        remaining = [(name, text) for name, text in pairs if name.lower() not in _SIGNATURE_PARAMETERS]
        headers.append((b"x-amz-date", signature.amz_date.encode()))
        renamed["query_string"] = urlencode(remaining).encode()
    return renamed
