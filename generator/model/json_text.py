"""JSON that somebody else wrote: what cannot be read is one kind of error, however it is spoilt."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:
    """The value that a text is in JSON. Raises ValueError for what is none, and for what is nested too deeply to read.

    Python raises RecursionError for the latter, which who expects junk does not expect.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
