"""What the two generated tables of permissions share: written by `make permissions`, held current by `make check`."""

from __future__ import annotations

import sys
from pathlib import Path


def keep_current(file: Path, text: str, argv: list[str]) -> int:
    """Write the file when `--write` is asked for; else 3 when it is stale, and say so."""
    if "--write" in argv:
        file.write_text(text)
        return 0
    if file.read_text() == text:
        return 0
    print(f"{file} is stale: make permissions", file=sys.stderr)
    return 3
