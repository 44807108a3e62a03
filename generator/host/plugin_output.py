"""What AWS's plugin prints, read as it comes: in pieces, with empty lines, banners, and either kind of line end.

The lines are those of github.com/aws/session-manager-plugin: src/sessionmanagerplugin/session (session.go,
sessionhandler.go), its portsession (muxportforwarding.go, basicportforwarding.go) and src/datachannel/streaming.go.
"""

from __future__ import annotations

import re

LONGEST_LINE = 8192  # characters; what is longer is cut into several
_LISTENING = re.compile(r"Port \d+ opened for sessionId \S+\.|Waiting for connections\.\.\.")
_ROUTINE = re.compile(
    rf"Starting session with SessionId: \S+|{_LISTENING.pattern}|Connection accepted for session .+"
    r"|Terminate signal received, exiting\."
)
_ENDED = re.compile(r"Exiting session with sessionId: \S+\.|Session: \S+ timed out\.|SessionId: \S+ : .*")


class Lines:
    """Cuts a stream of bytes into lines. Empty lines are dropped."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are complete now; a line of more than LONGEST_LINE characters counts as complete."""
        *whole, self._begun = re.split(rb"[\r\n]", self._begun + data)
        if len(self._begun) >= LONGEST_LINE:
            whole, self._begun = [*whole, self._begun], b""
        return [line for line in map(_text, whole) if line]

    def rest(self) -> list[str]:
        """What came after the last line end."""
        return self.feed(b"\n")


def is_listening(line: str) -> bool:
    """Whether the line says that the local port listens."""
    return _LISTENING.fullmatch(line) is not None


def is_routine(line: str) -> bool:
    """Whether the line says only what every session does."""
    return _ROUTINE.fullmatch(line) is not None


def is_end(line: str) -> bool:
    """Whether the line says that the session is over."""
    return _ENDED.fullmatch(line) is not None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()
