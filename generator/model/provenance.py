"""Where a published template comes from, as a signed statement: in-toto with the SLSA provenance predicate."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.model.signature import Statement

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "tag:deepsql.ai,2026:deployer/generate/v1"
BUILDER = "tag:deepsql.ai,2026:deployer/publish"
SOURCE = "tag:deepsql.ai,2026:deployer/source"
"""The name of the source, which is the same wherever its repository lies."""
LOCK = "requirements.lock"
UNKNOWN = "not known"


@dataclass(frozen=True)
class Source:
    """What a version was made from: the commit of this program, and the SHA-256 of its lock file; "" for not known."""

    commit: str = ""
    lock: str = ""

    @property
    def sentence(self) -> str:
        """It in words."""
        return f"commit {self.commit or UNKNOWN}, {LOCK} {self.lock or UNKNOWN}"


def provenance(version: str, subjects: Mapping[str, str], source: Source = Source()) -> Statement:
    """The statement that this program published the files `subjects` (name to SHA-256) as one version.

    It names no time and no machine, so that it is the same for the same files from the same source. Source: SLSA
    provenance v1, in-toto's ResourceDescriptor and DigestSet.
    """
    built = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"version": version},
            "internalParameters": {},
            "resolvedDependencies": [*_dependencies(source)],
        },
        "runDetails": {"builder": {"id": BUILDER, "version": {"deployer": version}}},
    }
    return Statement(PREDICATE_TYPE, dict(subjects), built)


def _dependencies(source: Source) -> Iterator[dict[str, object]]:
    if source.commit:
        yield {"uri": SOURCE, "digest": {"gitCommit": source.commit}}
    if source.lock:
        yield {"name": LOCK, "digest": {"sha256": source.lock}}


def version_of(statement: Statement) -> str:
    """The version that a provenance is of; "" where it is not one of this program's, or names none."""
    given = _definition(statement).get("externalParameters")
    version = given.get("version") if isinstance(given, dict) else None
    return version if isinstance(version, str) else ""


def source_of(statement: Statement) -> Source:
    """What a provenance says that its version was made from; nothing where it is not one of this program's."""
    listed = _definition(statement).get("resolvedDependencies")
    entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    commits = [_digest(each, "gitCommit") for each in entries if each.get("uri") == SOURCE]
    locks = [_digest(each, "sha256") for each in entries if each.get("name") == LOCK]
    return Source(*("".join(each) if len(each) == 1 else "" for each in (commits, locks)))


def _digest(dependency: Mapping[str, object], kind: str) -> str:
    digests = dependency.get("digest")
    digest = digests.get(kind) if isinstance(digests, dict) else None
    return digest if isinstance(digest, str) and re.fullmatch("[0-9a-f]{40,64}", digest) else ""


def _definition(statement: Statement) -> Mapping[str, object]:
    """What was built, and how; empty where it is not this program's way."""
    definition = statement.predicate.get("buildDefinition")
    return definition if isinstance(definition, dict) and definition.get("buildType") == BUILD_TYPE else {}


def sentence(statement: Statement) -> str:
    """What a provenance says, in words; "" where it is not one of this program's."""
    version = version_of(statement)
    return f"deployer {version} published it" if version else ""
