"""Where a published template comes from, as a signed statement: in-toto with the SLSA provenance predicate."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.signature import Statement

PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "tag:deepsql.ai,2026:deployer/generate/v1"
BUILDER = "tag:deepsql.ai,2026:deployer/publish"


def provenance(version: str, template: str, subjects: Mapping[str, str]) -> Statement:
    """The statement that this program, in a version, emitted the files `subjects` (name to SHA-256) of a template.

    It names no time and no machine, so that it is the same for the same files. Source: SLSA provenance v1.
    """
    built = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {"template": template, "version": version},
            "internalParameters": {},
            "resolvedDependencies": [],
        },
        "runDetails": {"builder": {"id": BUILDER, "version": {"deployer": version}}},
    }
    return Statement(PREDICATE_TYPE, dict(subjects), built)


def sentence(statement: Statement) -> str:
    """What a provenance says, in words; "" where it is not one of this program's."""
    definition = statement.predicate.get("buildDefinition")
    if not isinstance(definition, dict) or definition.get("buildType") != BUILD_TYPE:
        return ""
    given = definition.get("externalParameters")
    if not isinstance(given, dict):
        return ""
    return f"deployer {given.get('version')} made it, as the template {given.get('template')}"
