"""How long a grant lasts: `8h`, `30m`, `1h30m`, `2d`, `1w`; and the times it is written in."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from generator.errors import UsageError
from generator.model.contract import NO_END

END_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
LONGEST = timedelta(days=366)
_PART = re.compile(r"(\d{1,6})([smhdw])")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> timedelta:
    """Read a duration: numbers with s, m, h, d or w. Raises UsageError, also for zero and for more than a year."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text or len(text) > 20:
        raise UsageError(f"{text} is not a duration.", "Write it like 8h, 30m, 1h30m or 2d.", code="duration")
    length = sum((timedelta(**{_UNIT[unit]: int(number)}) for number, unit in parts), timedelta())
    if not timedelta() < length <= LONGEST:
        raise UsageError(
            f"{text} is out of range: it must be more than zero and at most a year.",
            "For a grant without an end: --no-expiry",
            code="duration",
        )
    return length


def parse_end(text: str) -> datetime | None:
    """Read an end time as the stack records it (UTC). None for no end, and for what is no such time."""
    if text == NO_END:
        return None
    try:
        return datetime.strptime(text, END_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return None


def end_after(now: datetime, length: timedelta) -> datetime:
    """The end of a grant that begins now: rounded up to a whole minute."""
    end = (now + length).astimezone(UTC)
    return (
        end if not end.second and not end.microsecond else end.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )
