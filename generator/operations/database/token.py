"""The readable part of a token: user, endpoint, expiry. Its signature is not checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class TokenFacts:
    """`host` is endpoint:port, `user` the database user, `access_key` the ID of the key that signed."""

    host: str
    user: str
    region: str
    access_key: str
    expires: datetime


def read_token(token: str) -> TokenFacts | None:
    """The readable part of an RDS token; None if the text is not a token."""
    parts = urlsplit(f"https://{token}")
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    try:
        signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        access_key, _, region, *_ = query["X-Amz-Credential"].split("/")
        expires = signed + timedelta(seconds=int(query["X-Amz-Expires"]))
        return TokenFacts(parts.netloc, query["DBUser"], region, access_key, expires)
    except (KeyError, ValueError):
        return None
