"""The log of what is typed and shown in support shells, and whether it would be written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.model.contract import Resource
from generator.model.json_text import parse_json

STREAMING_AGENT = (3, 0, 284, 0)
"""The first SSM agent that streams session data to CloudWatch Logs (Session Manager user guide, "Streaming logs")."""

STANDARD = "STANDARD"
"""The class of log groups whose lines can be read (CloudWatch Logs API, CreateLogGroup)."""


@dataclass(frozen=True)
class LogGroup:
    """A log group as CloudWatch has it; `retention_days` 0 is for ever."""

    name: str
    arn: str
    kms_key: str = ""
    retention_days: int = 0
    log_class: str = STANDARD


def is_name(text: str) -> bool:
    """Whether a log group can have this name (CloudWatch Logs API, CreateLogGroup)."""
    return re.fullmatch(r"[\w./#-]{1,512}", text, re.ASCII) is not None


def holds_evidence(name: str) -> bool:
    """Whether this is the log group of a stack's function, in which revocations are recorded."""
    return re.search(rf"-{Resource.KEEPER_LOG_GROUP}-\w+$", name) is not None


@dataclass(frozen=True)
class ShellLogging:
    """What a session document says about logging."""

    session_type: str
    log_group: str
    streaming: bool
    encrypted: bool

    @classmethod
    def of(cls, content: str) -> ShellLogging:
        """Read a document's content (JSON); what is not there is off."""
        try:
            parsed = parse_json(content)
        except ValueError:
            parsed = {}
        inputs = parsed.get("inputs", {}) if isinstance(parsed, dict) else {}
        return cls(
            str(parsed.get("sessionType", "")) if isinstance(parsed, dict) else "",
            str(inputs.get("cloudWatchLogGroupName", "")),
            inputs.get("cloudWatchStreamingEnabled") is True,
            inputs.get("cloudWatchEncryptionEnabled") is True,
        )


def streams(agent_version: str) -> bool:
    """Whether this agent streams session data. A version that cannot be read counts as too old."""
    numbers = re.findall(r"\d+", agent_version)
    return tuple(int(number) for number in numbers[:4]) >= STREAMING_AGENT
