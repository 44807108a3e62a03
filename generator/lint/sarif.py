"""Findings in the formats other tools read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from generator.lint.rules import rules
from generator.model.lint import Finding, Level

SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.INFO: "note"}
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def to_json(by_file: Sequence[tuple[str, Sequence[Finding]]]) -> list[dict[str, object]]:
    """The findings of several files (name, findings) as plain dictionaries."""
    return [{"file": name, **asdict(finding)} for name, findings in by_file for finding in findings]


def to_sarif(by_file: Sequence[tuple[str, Sequence[Finding]]], version: str) -> dict[str, object]:
    """The findings of files (URI, findings) as one SARIF 2.1.0 run; `version` is the product's."""
    titles = {rule.id: rule.title for rule in rules()}
    described = [
        {"id": rule, "shortDescription": {"text": titles.get(rule, rule)}}
        for rule in sorted({finding.rule for _, findings in by_file for finding in findings})
    ]
    driver = {"name": "deployer", "version": version, "rules": described}
    results = [_result(finding, uri) for uri, findings in by_file for finding in findings]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(finding: Finding, uri: str) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": uri}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    where: dict[str, object] = {"physicalLocation": place}
    if finding.path:
        where["logicalLocations"] = [{"fullyQualifiedName": finding.path}]
    return {
        "ruleId": finding.rule,
        "level": SARIF_LEVELS[finding.level],
        "message": {"text": finding.message},
        "locations": [where],
    }
