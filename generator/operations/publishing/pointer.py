"""The signed pointer to the latest version: written by `publish`, followed by whoever gives its address."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from generator import __version__
from generator.errors import DeployerError, Refused
from generator.gateway.aws import Gateway
from generator.model.latest import Latest, latest_statement, read_latest
from generator.model.release import version_key
from generator.model.signature import NotVerified, PublicKey, Statement, sha256_of
from generator.operations.clock import Clock
from generator.operations.publishing.release import Release

CONTENT_TYPE = "application/json"


def current(made: Release) -> Latest | None:
    """What the pointer says now; None where there is none, or a withdrawn key signed it, so that it says nothing.

    Raises Refused for one that no such key signed, and for one that names other content of this version.
    """
    if made.pointer is None or _signed_by(made.pointer.content, made.withdrawn):
        return None
    try:
        latest = read_latest(_statement(made.pointer.content, made.trusted))
    except NotVerified as error:
        raise Refused(
            f"{made.pointer_key} is there already, and does not verify with this key.",
            "If an earlier key of yours signed it, name that too: --also-trusted FILE. If that key is withdrawn, name "
            "it with --withdrawn-key FILE: what it signed is replaced, whatever version it names.",
            code="pointer-not-ours",
        ) from error
    _require_same(made, latest)
    return latest


def _statement(content: bytes, keys: Sequence[PublicKey]) -> Statement | None:
    from generator.signing.bundle import verify_statement

    return verify_statement(content.decode("utf-8", "replace"), keys).statement


def _signed_by(content: bytes, keys: Sequence[PublicKey]) -> bool:
    with suppress(NotVerified):
        return bool(keys) and _statement(content, keys) is not None
    return False


def _require_same(made: Release, latest: Latest) -> None:
    """Raise Refused where customers were told other digests of this version: it was published, and then deleted."""
    if latest.version == __version__ and latest.place in ("", made.place) and latest.files != _digests(made):
        raise Refused(
            f"Version {__version__} is published already, and {made.pointer_key} names other content of it.",
            "What was published is never replaced. Give this one another version.",
            code="published-otherwise",
        )


def moves(latest: Latest | None, made: Release, clock: Clock) -> bool:
    """Whether it is to be written: for a newer version than it names, in the place of one of another channel, and for
    the same version past half of its time, or if it is to end earlier."""
    if latest is None or version_key(latest.version) < version_key(__version__):
        return True
    if latest.place and latest.place != made.place:
        return True
    days, left = timedelta(days=made.request.days), latest.expires - clock.now()
    return latest.version == __version__ and (not latest.place or not days / 2 <= left <= days)


def signed(made: Release, clock: Clock) -> bytes:
    """The pointer to this version, from now on."""
    from generator.signing.bundle import sign_statement

    expires = clock.now() + timedelta(days=made.request.days)
    latest = Latest(__version__, _digests(made), expires, made.place)
    return sign_statement(latest_statement(latest), made.signer).encode()


def _digests(made: Release) -> dict[str, str]:
    return {f"{__version__}/{file.name}": sha256_of(file.content) for file in made.files}


def write(gateway: Gateway, made: Release, content: bytes) -> str:
    """Write it in the place of the one that was read; its key. Raises DeployerError where that is another by now."""
    bucket = made.request.bucket
    if made.pointer is None:
        written = gateway.s3.create(bucket, made.pointer_key, content, CONTENT_TYPE)
    else:
        written = gateway.s3.replace(bucket, made.pointer_key, content, CONTENT_TYPE, made.pointer.etag)
    if not written and not _ours_came_first(gateway, made, content):
        raise DeployerError(
            f"{made.pointer_key} was written by somebody else meanwhile; the version itself is published.",
            "Run it again.",
            code="pointer-moved",
        )
    return made.pointer_key


def _ours_came_first(gateway: Gateway, made: Release, content: bytes) -> bool:
    """Whether it was this very write that came first: its answer was lost, and the call repeated."""
    now = gateway.s3.read(made.request.bucket, made.pointer_key)
    return now is not None and now.content == content
