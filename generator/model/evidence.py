"""The evidence of a revocation: what was asked, what AWS answered, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
        return {True: "proven", False: "NOT PROVEN", None: "does not apply"}[self.proven]


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
    def left(self) -> tuple[str, ...]:
        """What remains to be done, in order, each once."""
        return tuple(dict.fromkeys(item.left for item in self.evidence if item.proven is False and item.left))
