"""Objects that everybody may read: the one request that needs no signature.

MiniStack evaluates the bucket's policy for it, and refuses what that does not permit, as S3 does for an anonymous
caller. Everything else without a signature is refused before MiniStack sees it (`authentication`).
"""

from __future__ import annotations

from ministack.services import s3

READING = frozenset({"GET", "HEAD"})
QUERY = frozenset({"versionId"})
"""What such a request may ask besides: a query names another operation, such as `acl` or a listing."""


def may_be_public(method: str, path: str, headers: dict[str, str], query: dict[str, list[str]]) -> bool:
    """Whether a request is unsigned and reads an object of a bucket that exists."""
    if method not in READING or "authorization" in headers or not set(query) <= QUERY:
        return False
    bucket, _, key = path.lstrip("/").partition("/")
    return bool(key) and bucket in _buckets()


def _buckets() -> set[str]:
    """The names of the buckets of every account."""
    return {name for _, name in s3.get_state()["buckets_meta"].to_dict()}
