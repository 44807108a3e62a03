"""The form of a row in the table of AWS's error texts, and where a text is known from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from generator.errors import DeployerError

COMMANDS = "(commands)"  # likewise the CommandLine of the gateway that made the client
REGION = "(region)"  # the key under which a row finds the client's region among the call's parameters
Builder = Callable[[str, Mapping[str, Any]], DeployerError]


class Source(Enum):
    """Where the text of a row is known from."""

    RECORDED = "an answer of AWS, quoted in a public report or in a recorded test"
    DOCUMENTED = "AWS's documentation or botocore's service model"
    UNCONFIRMED = "from memory, or made up by the sandbox: AWS's own text for this refusal was not seen"


@dataclass(frozen=True)
class ErrorRow:
    """One refusal of AWS: its code, a regular expression that its text contains, and the error to raise for it."""

    code: str
    pattern: str
    build: Builder
    source: Source

    def covers(self, code: str, message: str) -> bool:
        """Whether this row is about an error of that code and text."""
        return code == self.code and re.search(self.pattern, message) is not None


LONGEST = 2000  # characters; what AWS says is shorter, but for a stack's reasons


def shortened(text: str) -> str:
    """The text, cut where it is longer than a person reads."""
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def sentence(text: str) -> str:
    """The text on one line, with an end."""
    text = shortened(" ".join(text.split())).rstrip(" :,;")
    return text if text.endswith((".", "?", "!", "…")) or not text else text + "."
