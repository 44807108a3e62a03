"""The software bill of materials of this program: CycloneDX 1.6, from a lock file of pip's."""

from __future__ import annotations

import json
import re

from generator.errors import UsageError

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;\\]+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def sbom(lock: str, name: str, version: str) -> str:
    """The document, the same bytes each time. `lock` is a requirements file with hashes. Raises UsageError for another.

    It has no serial number and no time, which CycloneDX leaves open. Source: CycloneDX 1.6 JSON reference, package-url.
    """
    components = [_component(entry) for entry in _entries(lock)]
    if not components:
        raise UsageError("The lock file pins nothing.", "Give requirements.lock of the checkout: --lock FILE")
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": name, "name": name, "version": version}},
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [each["bom-ref"] for each in components]}],
    }
    return json.dumps(document, indent=1) + "\n"


def _entries(lock: str) -> list[str]:
    """Each pin with the lines of its hashes."""
    joined = lock.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _component(entry: str) -> dict[str, object]:
    pin, hashes = _PIN.match(entry), _HASH.findall(entry)
    if pin is None or not hashes:
        raise UsageError(
            f"The lock file has a line that pins nothing by hash: {entry[:60].strip()!r}.",
            "Give requirements.lock of the checkout: --lock FILE",
            code="not-a-lock",
        )
    name, version = re.sub(r"[-_.]+", "-", pin[1]).lower(), pin[2]
    purl = f"pkg:pypi/{name}@{version}"
    # Each hash is of one of the files that the version has, for one platform or another.
    references = [
        {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": digest}]} for digest in hashes
    ]
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "externalReferences": references,
    }
