"""Templates that were found clean today: an unchanged one need not be checked again, which takes over a second.

Only a digest is kept, as the name of an empty file in the user's cache directory; nothing of the template. It covers
all that a verdict hangs on: the text, cfn-lint's version, the product's own rules as they are on the disk, and the day,
because some of cfn-lint's rules look at the date.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

from generator import directories
from generator.operations.clock import SYSTEM, Clock

PACKAGE = Path(__file__).parent.parent
RULES = ("lint", "model")  # the rooms a verdict is made of
MAX_AGE = 86_400  # seconds; a digest of an earlier day is of no use


def known(template: str, clock: Clock = SYSTEM) -> bool:
    """Whether this text was found clean today, by what would check it now."""
    try:
        return _file(template, clock).exists()
    except directories.NoHome:
        return False


def remember(template: str, clock: Clock = SYSTEM) -> None:
    """Note a text that is clean. Where there is no place to note it, it is checked again the next time."""
    with suppress(OSError, directories.NoHome):
        file = _file(template, clock)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in file.parent.iterdir():
            if old.stat().st_mtime < clock.now().timestamp() - MAX_AGE:
                old.unlink(missing_ok=True)
        file.touch(mode=0o600)


def _file(template: str, clock: Clock) -> Path:
    return directories.cache() / "clean-templates" / _digest(template, clock)


def _digest(template: str, clock: Clock) -> str:
    rules = [path for room in RULES for path in sorted((PACKAGE / room).glob("*.py"))]
    code = [(path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in rules]
    judged_by = (version("cfn-lint"), clock.now().date().isoformat(), code)
    return hashlib.sha256(f"{judged_by}\0{template}".encode()).hexdigest()
