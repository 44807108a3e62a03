"""The evidence of a revocation: what was asked, what AWS answered, and when."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime

from generator.model.arn import Arn
from generator.model.duration import END_FORMAT
from generator.model.json_text import parse_json

STREAM = "revocations"
"""The stream of the keeper's log group in which revocations leave their lines."""
VERDICTS = {True: "proven", False: "NOT PROVEN", None: "does not apply"}


@dataclass(frozen=True)
class Evidence:
    """One step or one check. `proven` None: it does not apply, as there is nothing of the kind to prove.

    `left` is the next step where it is not proven: what to remove, or the permission to ask for.
    """

    step: str
    asked: str
    answered: str
    at: datetime
    proven: bool | None
    left: str = ""

    @property
    def verdict(self) -> str:
        """One word for a page."""
        return VERDICTS[self.proven]


@dataclass(frozen=True)
class Report:
    """The evidence of one revocation: whose, on what, by whom, and every step in order.

    `not_asked` names, in sentences, what no question to AWS can show, for a person to look at.
    """

    stack_name: str
    account: str
    region: str
    instance_id: str
    revoked: tuple[str, ...]
    by: str
    reason: str
    began: datetime
    ended: datetime
    evidence: tuple[Evidence, ...] = ()
    not_asked: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything that applies is proven, and anything did."""
        verdicts = {item.proven for item in self.evidence}
        return True in verdicts and False not in verdicts

    @property
    def verdict(self) -> str:
        """The whole report in a word: proven, or NOT PROVEN."""
        return VERDICTS[self.complete]

    @property
    def left(self) -> tuple[str, ...]:
        """What remains to be done, in order, each once."""
        return tuple(dict.fromkeys(item.left for item in self.evidence if item.proven is False and item.left))

    @property
    def document(self) -> dict[str, object]:
        """The whole report as values of JSON; times are UTC. What is printed, written and recorded is made from it."""
        head = {"version": 1, "verdict": self.verdict, "complete": self.complete, "left": list(self.left)}
        return {**head, **json.loads(json.dumps(asdict(self), default=_plain))}

    @property
    def text(self) -> str:
        """The content of the report's JSON file."""
        return json.dumps(self.document, indent=2) + "\n"

    @property
    def sha256(self) -> str:
        """The digest of that file, by which it can be held against the line in the stack's log."""
        return sha256_of(self.text.encode())


@dataclass(frozen=True)
class ReportSignature:
    """What became of the signature of a report: its `file` and the ID of the key, or `why` there is none."""

    file: str = ""
    key_id: str = ""
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether the report was signed."""
        return bool(self.file)


@dataclass(frozen=True)
class LogLine:
    """The line of one revocation in the stack's own log: stack, verdict, end and digest of its report.

    `accounts` are those whose principals lost access: they are the vendor's, and stay that (decision record 47).
    `recorded` is when CloudWatch Logs received it (UTC), which whoever writes the line cannot choose. `has_file`:
    whether the report was to be a file, which alone has that digest.
    """

    stack_name: str
    verdict: str
    ended: str
    sha256: str
    accounts: tuple[str, ...] = ()
    recorded: datetime | None = None
    has_file: bool = False

    @property
    def message(self) -> str:
        """The line as it is written."""
        named = {"stack": self.stack_name, "verdict": self.verdict, "ended": self.ended, "sha256": self.sha256}
        return json.dumps({"revocation": {**named, "accounts": list(self.accounts), "file": self.has_file}})


def log_line(report: Report, *, has_file: bool = False) -> LogLine:
    """The line that a report leaves in the log; `has_file`: it was to be written to a file."""
    named = (Arn.find(principal) for principal in report.revoked)
    accounts = tuple(sorted({arn.account for arn in named if arn and arn.account}))
    ended = report.ended.strftime(END_FORMAT)
    return LogLine(report.stack_name, report.verdict, ended, report.sha256, accounts, has_file=has_file)


def parse_line(message: str, recorded: datetime | None = None) -> LogLine | None:
    """A line of the log; None for one that is no revocation's."""
    try:
        named = parse_json(message)["revocation"]
        stack, verdict, ended, digest = (str(named[name]) for name in ("stack", "verdict", "ended", "sha256"))
        accounts = tuple(map(str, named.get("accounts", ())))  # lines of older versions have none
        has_file = named.get("file") is True
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return LogLine(stack, verdict, ended, digest, accounts, recorded, has_file)


def sha256_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _plain(value: object) -> object:
    return value.strftime(END_FORMAT) if isinstance(value, datetime) else str(value)
