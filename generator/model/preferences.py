"""The account's own Session Manager preferences of a region: the document used when a session names none.

Source: Systems Manager user guide, "Session document schema"; the console writes them to SSM-SessionManagerRunShell.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from generator.errors import UsageError
from generator.model.access import AccessFinding

DOCUMENT: Final = "SSM-SessionManagerRunShell"
Content = Mapping[str, object]

NEW: Final[Content] = {
    "schemaVersion": "1.0",
    "description": "Document to hold regional settings for Session Manager",
    "sessionType": "Standard_Stream",
    "inputs": {
        "s3BucketName": "",
        "s3KeyPrefix": "",
        "s3EncryptionEnabled": True,
        "cloudWatchLogGroupName": "",
        "cloudWatchEncryptionEnabled": True,
        "cloudWatchStreamingEnabled": True,
        "kmsKeyId": "",
        "runAsEnabled": False,
        "runAsDefaultUser": "",
        "idleSessionTimeout": "20",
        "maxSessionDuration": "",
        "shellProfile": {"windows": "", "linux": ""},
    },
}
"""What an account has that never saved any; the values are the console's."""

_MINUTES = {"idleSessionTimeout": 60, "maxSessionDuration": 1440}


@dataclass(frozen=True)
class Preferences:
    """The document as it is. `content` None: none was ever saved."""

    content: Content | None
    version: str = ""

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings by name."""
        inputs = (self.content or {}).get("inputs")
        return inputs if isinstance(inputs, dict) else {}


@dataclass(frozen=True)
class SettingChange:
    """One setting before and after."""

    name: str
    before: object
    after: object


@dataclass(frozen=True)
class PreferencesPlan:
    """What would be written, and what to look at before. `after` None: the document is deleted.

    `version` is an older version of the document whose content is exactly `after`; "" when none is known.
    """

    before: Preferences
    after: Content | None
    changes: tuple[SettingChange, ...]
    findings: tuple[AccessFinding, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class PreferencesResult:
    """The settings in force, and the file with what was in force before; "" when nothing was changed."""

    settings: Mapping[str, object]
    changes: tuple[SettingChange, ...]
    saved: str = ""


def changed(before: Content | None, given: Mapping[str, object]) -> Content:
    """The content with the settings given, and every other one as it was, known here or not. Raises UsageError."""
    for name, most in _MINUTES.items():
        value = given.get(name)
        if value not in (None, "") and not (str(value).isdigit() and 1 <= int(str(value)) <= most):
            hint = "See: deployer session-preferences set --help"
            raise UsageError(f"{name} is a number of minutes from 1 to {most}, not {value}.", hint)
    content = copy.deepcopy(dict(before if before is not None else NEW))
    inputs = content.get("inputs")
    merged = {**(inputs if isinstance(inputs, dict) else {}), **given}
    if isinstance(given.get("shellProfile"), dict) and isinstance(inputs, dict):
        merged["shellProfile"] = {**inputs.get("shellProfile", {}), **given["shellProfile"]}  # type: ignore[dict-item]
    content["inputs"] = merged
    return content


def differences(before: Content | None, after: Content) -> tuple[SettingChange, ...]:
    """The settings in which two contents differ."""
    old, new = Preferences(before).settings, Preferences(after).settings
    names = [*new, *(name for name in old if name not in new)]
    return tuple(SettingChange(n, old.get(n), new.get(n)) for n in names if old.get(n) != new.get(n))
