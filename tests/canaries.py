"""Where a planted secret may turn up: arguments of child processes and of theirs, what was shown, files left behind."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from generator.host import this_program

STARTS = ("subprocess.Popen", "os.posix_spawn", "os.exec", "os.system", "os.spawn")
IN_CHILDREN = """\
import os, sys
def note(event, arguments):
    if event in {starts!r}:
        with open({log!r}, "a") as log:
            log.write(repr(arguments[:2]) + "\\n")
sys.addaudithook(note)
with open({log!r}, "a") as log:
    log.write(repr(sys.orig_argv) + "\\n")
"""
_listening: list[Callable[[str], None]] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _listening and event in STARTS:
        for listener in _listening:
            listener(repr(arguments[:2]))  # program and arguments; the environment stands behind them


sys.addaudithook(_hook)  # cannot be taken away again, so there is one for the whole run


@dataclass
class Watched:
    """What was seen while it watched. `home` is where the commands' files were."""

    home: Path
    shown: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    def places(self) -> dict[str, str]:
        """Everything that was seen, by where."""
        log = self.home / "argv"
        files = [path for path in self.home.rglob("*") if path.is_file() and path != log]
        seen = {str(path): path.read_bytes().decode("utf-8", "replace") for path in files}
        children = log.read_text() if log.exists() else ""
        return {**seen, "shown": "\n".join(self.shown), "arguments": "\n".join(self.arguments), "children": children}

    def where(self, *secrets: str) -> list[str]:
        """The places in which one of these is; the secrets themselves are not repeated."""
        assert secrets and all(len(secret) > 11 for secret in secrets), "too short to be looked for"
        return [place for place, text in self.places().items() if any(secret in text for secret in secrets)]


@contextlib.contextmanager
def watched(home: Path) -> Iterator[Watched]:
    """Watch every process that is started, here and in Python children; home and temporary files are under `home`."""
    (home / "tmp").mkdir(parents=True)
    (home / "site").mkdir()
    code = IN_CHILDREN.format(starts=STARTS, log=str(home / "argv"))
    (home / "site" / "sitecustomize.py").write_text(code)
    seen = Watched(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("TMPDIR", str(home / "tmp"))
        patch.setattr(tempfile, "tempdir", None)
        patch.setenv("PYTHONPATH", str(home / "site"), prepend=os.pathsep)
        patch.setattr(this_program, "_isolation", lambda: "-P")  # isolated children would not read PYTHONPATH
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            patch.delenv(name, raising=False)
        _listening.append(seen.arguments.append)
        try:
            yield seen
        finally:
            _listening.remove(seen.arguments.append)
