"""The clipboard of this computer: written on request, and cleared afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from generator.errors import NotFound
from generator.host.clients import ending_politely


@dataclass(frozen=True)
class _Tool:
    copy: tuple[str, ...]
    paste: tuple[str, ...]
    needs: str = ""  # the variable without which the tool has no display to reach


_TOOLS = (
    _Tool(("pbcopy",), ("pbpaste",)),
    _Tool(("wl-copy",), ("wl-paste", "--no-newline"), "WAYLAND_DISPLAY"),
    _Tool(("xclip", "-selection", "clipboard"), ("xclip", "-selection", "clipboard", "-o"), "DISPLAY"),
    _Tool(("xsel", "--clipboard", "--input"), ("xsel", "--clipboard", "--output"), "DISPLAY"),
    _Tool(("clip.exe",), ("powershell.exe", "-NoProfile", "-Command", "Get-Clipboard -Raw")),
)
_SECONDS = 10.0
_WITHOUT = "Leave --copy out and take the token from standard output: deployer db token"


@dataclass
class Clipboard:
    """What was copied, so that it can be removed again."""

    tool: _Tool
    text: str = field(repr=False)

    def clear(self) -> bool:
        """Clear the clipboard if it still contains what was copied; False if it has other content by now."""
        content = subprocess.run(self.tool.paste, capture_output=True, text=True, timeout=_SECONDS, check=False).stdout
        if content.strip() != self.text.strip():
            return False
        _feed(self.tool, "")
        return True


def copy(text: str) -> Clipboard:
    """Put `text` on the clipboard, by standard input, never as an argument. Raises NotFound without a tool for it."""
    for tool in _TOOLS:
        if shutil.which(tool.copy[0]) and (not tool.needs or os.environ.get(tool.needs)):
            _feed(tool, text)
            return Clipboard(tool, text)
    raise NotFound(
        "There is no clipboard: no pbcopy, wl-copy, xclip, xsel or clip.exe that reaches a display.",
        _WITHOUT,
        code="no-clipboard",
    )


@contextmanager
def on_clipboard(text: str, say: Callable[[str], None]) -> Iterator[None]:
    """Keep `text` on the clipboard while the block runs; clear it afterwards, unless it has other content by then.

    `say` gets the outcome. An empty text leaves the clipboard alone. Raises NotFound without a clipboard.
    """
    if not text:
        yield
        return
    copied = copy(text)
    try:
        with ending_politely():
            yield
    finally:
        cleared = copied.clear()
        say("The clipboard was cleared." if cleared else "The clipboard has other content by now and was not cleared.")


def _feed(tool: _Tool, text: str) -> None:
    # The tools stay behind to serve the selection, so none of our streams may be left open in them.
    try:
        subprocess.run(
            tool.copy,
            input=text,
            text=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):  # its own text is no help, and may hold what was copied
        raise NotFound(
            f"{tool.copy[0]} did not accept the text: its display may be gone.",
            _WITHOUT,
            code="no-clipboard",
        ) from None
