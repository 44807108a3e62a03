"""The values of properties in a change set (IncludePropertyValues), without what may be a secret.

CloudFormation masks the value of a NoEcho parameter; what a property makes of it, or what else a property holds, it
shows. So a value passes only if nothing about it speaks of a secret: not its name, not its type, not its cause.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from generator.model.change_set import PropertyChange
from generator.model.json_text import parse_json
from generator.model.stack import MASK

Raw = dict[str, Any]
LONGEST = 256  # characters; what is longer is a document, which nobody reads in a plan
_PREFIX = "/Properties/"
_SECRET_NAME = re.compile(
    r"secret|pass(word|phrase|code)|token|credential|private|api.?key|auth|cert|pin\b|userdata|environment|"
    r"connection.?string|definition|parameters|payload|content|command|script|metadata",
    re.IGNORECASE,
)
_SECRET_TYPE = re.compile(
    r"^(Custom::|AWS::CloudFormation::|AWS::SecretsManager::Secret$|AWS::SSM::Parameter$|AWS::IAM::AccessKey$)"
)


def masked_parameters(answer: Raw) -> frozenset[str]:
    """The parameters of a change set whose value CloudFormation masks (NoEcho)."""
    given = answer.get("Parameters", ())
    return frozenset(p["ParameterKey"] for p in given if str(p.get("ParameterValue", "")).startswith(MASK))


def properties_after(change: Raw) -> dict[str, Any]:
    """The resource's properties after the update as CloudFormation shows them; empty where it does not."""
    try:
        context = parse_json(change.get("AfterContext", "{}"))
        return dict(context.get("Properties", {}))
    except (ValueError, TypeError, AttributeError):  # cut off, as it may be, or no object
        return {}


def values(change: Raw, masked: Collection[str]) -> tuple[PropertyChange, ...]:
    """The changed values of a resource that may be shown, by path; `masked` are the parameters that are not shown."""
    if _SECRET_TYPE.search(change["ResourceType"]) or change["Action"] != "Modify":
        return ()
    details = change.get("Details", ())
    hidden = {d["Target"].get("Name") for d in details if "Target" in d and d.get("CausingEntity") in masked}
    shown = {each.path: each for each in _values(details, hidden)}
    return tuple(shown[path] for path in sorted(shown))


def _values(details: Sequence[Raw], hidden: Collection[str | None]) -> Iterator[PropertyChange]:
    for target in (detail.get("Target", {}) for detail in details):
        path = str(target.get("Path") or f"{_PREFIX}{target.get('Name', '')}").removeprefix(_PREFIX)
        before, after = target.get("BeforeValue"), target.get("AfterValue")
        if target.get("Attribute") != "Properties" or target.get("Name") in hidden or before == after:
            continue
        if not _SECRET_NAME.search(path) and all(map(_may_be_shown, (before, after))):
            yield PropertyChange(path, before, after)


def _may_be_shown(value: str | None) -> bool:
    """Whether it is one short value, and nothing in it is masked."""
    if value is None:
        return True
    one_value = not value.lstrip().startswith(("{", "[")) and "\n" not in value
    return one_value and len(value) <= LONGEST and MASK not in value
