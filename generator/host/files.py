"""Files of the user's that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put `text` in the place of the file's content: at once, and readable by the user only (mode 0600).

    Where `path` is a symbolic link, the file that it leads to is replaced and the link stays. The folder is made if
    it is missing, with mode 0700. Raises OSError; the file is then as it was.
    """
    target = path.resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        _replace(target, text)
    except OSError as error:  # a full disk does not say which file it was about
        raise OSError(error.errno, error.strerror, str(path)) from error


def require_writable(path: Path) -> None:
    """Raise OSError where `write_private` could not write: its draft is made, and removed. Nothing else is changed."""
    try:
        target = path.resolve()
    except RuntimeError as error:  # links that lead to each other (Python before 3.13)
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    handle, draft = _draft(target)
    os.close(handle)
    Path(draft).unlink()


def _draft(target: Path) -> tuple[int, str]:
    return tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")


def _replace(target: Path, text: str) -> None:
    handle, draft = _draft(target)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise
