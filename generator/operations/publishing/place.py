"""Whether a signed file is in its own place: the vendor signed every version, and one may lie where another belongs."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from generator.model.provenance import version_of
from generator.model.publishing import PROVENANCE_SUFFIX, is_address, without_query
from generator.model.release import is_version
from generator.model.signature import NotVerified, Statement


class Place(NamedTuple):
    """The last two parts of an address of the published form: PREFIX/VERSION/NAME."""

    version: str
    name: str


def published_place(source: str) -> Place | None:
    """The place that an address names; None for an address of another form, and for a file on this computer."""
    if not is_address(source):
        return None
    folder, _, name = unquote(urlsplit(without_query(source)).path).rpartition("/")
    version = folder.rpartition("/")[2]
    return Place(version, name) if "." in version and is_version(version) else None


def require_its_place(source: str, sha256: str, version: str, statement: Statement | None) -> None:
    """Raise NotVerified for one published file in the place of another: both are signed, and one may be old.

    `version` is what the content itself says, "" where it says none. At an address of the published form the provenance
    has to name that version and that file; elsewhere what it names must not contradict what is there.
    """
    if (place := published_place(source)) is not None:
        _require_version(source, version or place.version, place.version)
        require_published(without_query(source), place, sha256, statement)
    if statement is None:
        return
    stated, name = version_of(statement), without_query(source).replace("\\", "/").rpartition("/")[2]
    if version and stated and version != stated:
        raise NotVerified(
            f"Not verified: {source} says that it is of version {version}, and its provenance that it is of {stated}.",
            "Ask the vendor: it may be the provenance of another version.",
        )
    _require_name(source, statement.subjects.get(name, sha256), sha256)


def require_published(what: str, place: Place, sha256: str, statement: Statement | None) -> None:
    """Raise NotVerified unless a provenance says that this content is that file of that version."""
    if statement is None:
        raise NotVerified(
            f"Not verified: there is no provenance beside {what}, so nothing says that it is of version "
            f"{place.version}.",
            f"It is published with the file, as FILE{PROVENANCE_SUFFIX}. If it is not there, ask the vendor.",
        )
    _require_version(what, version_of(statement) or "no number", place.version)
    _require_name(what, statement.subjects.get(place.name, ""), sha256)


def published_name(source: str, sha256: str, statement: Statement) -> str:
    """The name under which the content was published: the file's own where it has that one."""
    own = without_query(source).replace("\\", "/").rpartition("/")[2]
    names = [name for name, digest in statement.subjects.items() if digest == sha256]
    return own if own in names or not names else names[0]


def _require_version(what: str, version: str, expected: str) -> None:
    if version != expected:
        raise NotVerified(
            f"Not verified: what is at {without_query(what)} is of version {version}.",
            "Ask the vendor: it may be an old one that was put there.",
        )


def _require_name(what: str, listed: str, sha256: str) -> None:
    if listed != sha256:
        raise NotVerified(
            f"Not verified: {without_query(what)} is another file of its version, by the signed statement.",
            "Ask the vendor: somebody put it there.",
        )
