"""Verify an IAM authentication token as RDS does: a presigned GET of `rds-db` for this endpoint, port and user.

Source: Signature Version 4 for query parameters (IAM user guide, "Create a signed AWS API request").
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

SERVICE = "rds-db"
_FORMAT = "%Y%m%dT%H%M%SZ"


class TokenRefused(Exception):
    """The token is not valid for a connection; the text is the reason, which RDS does not tell its clients."""


@dataclass(frozen=True)
class Claim:
    """The content of a token. `session_token` belongs to temporary credentials."""

    access_key: str
    region: str
    user: str
    host: str
    signed: datetime
    seconds: int
    session_token: str = field(repr=False)


def verify(token: str, *, host: str, port: int, user: str, secret_of: Callable[[str], str], now: datetime) -> Claim:
    """Verify a token for an endpoint and a user; returns its content. Raises TokenRefused.

    `secret_of(access key)` returns the key's secret or raises KeyError.
    """
    parts = urlsplit(f"https://{token}")
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    claim = _claim(parts.netloc, dict(pairs))
    if claim.host != f"{host}:{port}":
        raise TokenRefused(f"signed for {claim.host}, presented at {host}:{port}")
    if claim.user != user:
        raise TokenRefused(f"signed for the user {claim.user}, presented for {user}")
    if not claim.signed - timedelta(minutes=5) <= now <= claim.signed + timedelta(seconds=min(claim.seconds, 900)):
        raise TokenRefused(f"expired: signed at {claim.signed:%H:%M:%S}Z for {claim.seconds} s")
    try:
        secret = secret_of(claim.access_key)
    except KeyError:
        raise TokenRefused(f"the access key {claim.access_key} does not exist") from None
    signature = dict(pairs).get("X-Amz-Signature", "")
    if not hmac.compare_digest(_signature(claim, pairs, secret), signature):
        raise TokenRefused("the signature is wrong")
    return claim


def _claim(host: str, query: dict[str, str]) -> Claim:
    try:
        key, _, region, service, end = query["X-Amz-Credential"].split("/")
        claim = Claim(
            access_key=key,
            region=region,
            user=query["DBUser"],
            host=host,
            signed=datetime.strptime(query["X-Amz-Date"], _FORMAT).replace(tzinfo=UTC),
            seconds=int(query["X-Amz-Expires"]),
            session_token=query.get("X-Amz-Security-Token", ""),
        )
    except (KeyError, ValueError):
        raise TokenRefused("this is not a token") from None
    if (service, end, query.get("Action")) != (SERVICE, "aws4_request", "connect"):
        raise TokenRefused("it is signed for another service or action")
    return claim


def _signature(claim: Claim, pairs: list[tuple[str, str]], secret: str) -> str:
    signed = sorted((quote(k, "-_.~"), quote(v, "-_.~")) for k, v in pairs if k != "X-Amz-Signature")
    query = "&".join(f"{key}={value}" for key, value in signed)
    empty = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{query}\nhost:{claim.host}\n\nhost\n{empty}"
    day, time = claim.signed.strftime("%Y%m%d"), claim.signed.strftime(_FORMAT)
    scope = f"{day}/{claim.region}/{SERVICE}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret}".encode()
    for part in (day, claim.region, SERVICE, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
