"""Who has access until when, as the stack records it in its parameters, and how a grant or a revocation changes it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from generator.errors import Refused, UsageError
from generator.model.contract import NO_END, PAUSED, Parameter
from generator.model.duration import END_FORMAT, parse_end
from generator.model.principal import Principal

PARAMETER_LIMIT_BYTES = 4096  # CloudFormation quotas, "Parameter value"
SAME_END = timedelta(minutes=10)
"""A grant repeated with an end this close to the recorded one changes nothing."""

LONGEST_REASON, _REASON_MARKS = 256, frozenset("_.:/=+-@")  # with letters, digits and spaces: a tag's value in IAM


@dataclass(frozen=True)
class Grant:
    """Who has access. `until` None is no end; the one end holds for all principals and for the key itself.

    `via` is the access path they may use: secret, role, or all that the stack has. `not_before` is the time (UTC) from
    which role sessions count, as the stack has it: PAUSED while the role is paused, empty while none were cut off.
    """

    principals: tuple[Principal, ...] = ()
    until: datetime | None = None
    reason: str = ""
    via: str = "all"
    not_before: str = ""

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Grant:
        """Read a stack's parameters. An end that is no time counts as ended: IAM would not match it either."""
        until = parameters.get(Parameter.SUPPORT_ACCESS_UNTIL, "")
        patterns = [p.strip() for p in parameters.get(Parameter.VENDOR_PRINCIPALS, "").split(",")]
        return cls(
            tuple(sorted({Principal.from_pattern(p) for p in patterns if p})),
            _end(until),
            parameters.get(Parameter.SUPPORT_ACCESS_REASON, ""),
            parameters.get(Parameter.SUPPORT_ACCESS_VIA, "all"),
            parameters.get(Parameter.SUPPORT_SESSIONS_NOT_BEFORE, ""),
        )

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts of the principals, each once."""
        return tuple(sorted({principal.account for principal in self.principals if principal.account}))

    @property
    def until_text(self) -> str:
        """The end as people read it; empty for no end."""
        return "" if self.until is None else self.until.strftime(END_FORMAT)

    def covering(self, principals: Iterable[Principal]) -> tuple[Principal, ...]:
        """Its other principals that cover one of these, directly or through each other."""
        named = set(principals)
        while more := {p for p in self.principals if p not in named and any(p.covers(other) for other in named)}:
            named |= more
        return tuple(sorted(named - set(principals)))

    def parameters(self) -> dict[str, str]:
        """The grant as parameters of the stack, and no others."""
        return {
            Parameter.VENDOR_ACCOUNTS: ",".join(self.accounts),
            Parameter.VENDOR_PRINCIPALS: ",".join(principal.pattern for principal in self.principals),
            Parameter.SUPPORT_ACCESS_UNTIL: self.until_text or NO_END,
            Parameter.SUPPORT_ACCESS_REASON: self.reason,
            Parameter.SUPPORT_ACCESS_VIA: self.via,
            Parameter.SUPPORT_SESSIONS_NOT_BEFORE: self.not_before,
        }

    @property
    def paused(self) -> bool:
        """Whether access is paused: role sessions and temporary credentials count no longer."""
        return self.not_before == PAUSED

    def allows_path(self, path: str) -> bool:
        """Whether the principals may use the secret, or the role."""
        return self.via in ("all", path)

    def ended(self, now: datetime) -> bool:
        """Whether the end has come."""
        return self.until is not None and self.until <= now

    def live(self, now: datetime) -> tuple[Principal, ...]:
        """The principals that have access now."""
        return () if self.ended(now) else self.principals

    def joined(
        self,
        principals: Iterable[Principal],
        until: datetime | None,
        reason: str | None,
        now: datetime,
        via: str | None = None,
    ) -> Grant:
        """This grant with more principals, all of them until `until`.

        Another grant does not restore principals whose access has ended: only the live ones stay.
        The same principals until nearly the same end (SAME_END) are the same grant.
        """
        together = tuple(sorted({*self.live(now), *principals}))
        reason, via = self.reason if reason is None else reason, via or (self.via if self.live(now) else "all")
        wanted = replace(self, principals=together, until=until, reason=reason, via=via)
        same_end = self.until == until or (
            self.until is not None and until is not None and abs(self.until - until) < SAME_END
        )
        if same_end and not self.ended(now) and replace(wanted, until=self.until) == self:
            return self
        return wanted

    def without(self, principals: Iterable[Principal], now: datetime) -> Grant:
        """This grant with fewer principals; with none left its end is now, so that the key stops working too."""
        left = tuple(p for p in self.principals if p not in set(principals))
        if left:
            return replace(self, principals=left)
        return self.closed(now)

    def closed(self, now: datetime) -> Grant:
        """Nobody, and an end in the past; a grant that is closed already stays as it is."""
        end = self.until if self.until is not None and self.until <= now else now.replace(microsecond=0)
        return replace(self, principals=(), until=end)

    def cut(self, moment: datetime) -> Grant:
        """The same, but role sessions begun before count no longer; a pause stays one."""
        return self if self.paused else replace(self, not_before=moment.strftime(END_FORMAT))


def _end(text: str) -> datetime | None:
    if text in ("", NO_END):
        return None
    return parse_end(text) or datetime.fromtimestamp(0, UTC)


def check_reason(reason: str) -> None:
    """Raise UsageError unless the reason can be a tag's value."""
    if len(reason) > LONGEST_REASON:
        raise UsageError(
            f"The reason has {len(reason)} characters; an IAM tag has at most {LONGEST_REASON}.",
            "Give the ticket, or a shorter text.",
            code="reason",
        )
    if wrong := sorted({char for char in reason if not _may_be_in_a_tag(char)}):
        raise UsageError(
            f"The reason has {', '.join(map(ascii, wrong))}, which an IAM tag does not allow.",
            "Use only letters, digits, spaces and _ . : / = + @ -",
            code="reason",
        )


def _may_be_in_a_tag(char: str) -> bool:
    """Whether IAM's pattern for a tag's value allows it: letters, digits, spaces and _.:/=+-@ (API reference, Tag)."""
    return char in _REASON_MARKS or unicodedata.category(char)[0] in "LNZ"


def check_sizes(grant: Grant) -> None:
    """Raise Refused when a parameter of the grant would be longer than CloudFormation takes (4096 bytes)."""
    for key, value in grant.parameters().items():
        if len(value.encode()) > PARAMETER_LIMIT_BYTES:
            raise Refused(
                f"With {len(grant.principals)} principals the parameter {key} would be {len(value.encode())} bytes; "
                f"CloudFormation takes {PARAMETER_LIMIT_BYTES}.",
                "Grant a role that the vendor's people assume, or revoke principals that are done.",
                code="too-many-principals",
            )
