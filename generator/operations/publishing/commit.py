"""The commit that this program is of: the build puts it into the package, and in a checkout git knows it."""

from __future__ import annotations

from pathlib import Path

from generator.host.checkout import commit_of, is_commit

PACKAGE = Path(__file__).parents[2]


def source_commit(package: Path = PACKAGE) -> str:
    """The commit, as git writes it; "" where neither the package nor a clean checkout says one."""
    try:
        built_in = (package / "commit.txt").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return commit_of(package.parent)
    return built_in if is_commit(built_in) else ""
