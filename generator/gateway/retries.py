"""How often botocore tries a call: what the environment or the AWS config says of it, checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from generator.errors import UsageError

RETRY_MODES = ("legacy", "standard", "adaptive")


def retries_of(profile: Mapping[str, Any]) -> dict[str, Any]:
    """What the environment or the `profile`'s settings say of retries, in the form that botocore's Config takes.

    Standard mode with five attempts where they are silent.

    Raises UsageError for values that botocore does not take (AWS SDKs and Tools reference guide, retry behavior).
    """
    mode = os.environ.get("AWS_RETRY_MODE") or profile.get("retry_mode") or "standard"
    attempts = os.environ.get("AWS_MAX_ATTEMPTS") or profile.get("max_attempts") or "5"
    _require(mode in RETRY_MODES, "AWS_RETRY_MODE", "retry_mode", f"one of {', '.join(RETRY_MODES)}", mode)
    whole = attempts.isascii() and attempts.isdigit() and len(attempts) < 10 and int(attempts) > 0
    _require(whole, "AWS_MAX_ATTEMPTS", "max_attempts", "a whole number from 1", attempts)
    return {"mode": mode, "total_max_attempts": int(attempts)}


def _require(holds: bool, variable: str, setting: str, wanted: str, value: str) -> None:
    """Raise UsageError for a setting of the environment or the AWS config that is not what is wanted."""
    if not holds:
        name, place = (variable, "") if os.environ.get(variable) else (setting, " in your AWS config")
        raise UsageError(
            f"{name}{place} must be {wanted}, not {value[:40]!r}.", "Correct it, or take it out.", code="retries"
        )
