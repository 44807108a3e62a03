"""What shall be true after a revocation, and how to name what is still to do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from generator.model.command_line import CommandLine
from generator.model.contract import GRANT_PARAMETERS
from generator.model.duration import parse_end
from generator.model.grant import Grant
from generator.model.principal import Principal
from generator.operations.access.stack_access import StackAccess


def knows_grants(access: StackAccess) -> bool:
    """Whether the stack's template has the parameters of a grant."""
    return all(name in access.stack.parameters for name in GRANT_PARAMETERS)


@dataclass(frozen=True)
class Expectation:
    """The stack as it was found and the grant that remains of it.

    `keys` are the ids of the keys the user had before (None: they could not be listed): those who leave may know them.
    `began` is when the revocation began (UTC): what was issued before is not theirs any more.
    """

    access: StackAccess
    after: Grant
    commands: CommandLine
    keys: frozenset[str] | None = frozenset()
    began: datetime | None = None

    @property
    def everybody(self) -> bool:
        """Whether nobody shall be left."""
        return not self.after.principals

    @property
    def leaving(self) -> tuple[Principal, ...]:
        """The principals that lose access."""
        return tuple(p for p in self.access.grant.principals if p not in self.after.principals)

    @property
    def refused_since(self) -> datetime | None:
        """The time before which temporary credentials were issued that must be refused; None where none is known."""
        recorded = parse_end(self.after.not_before) if knows_grants(self.access) else None
        return recorded or self.began

    @property
    def again(self) -> str:
        """The command that does this revocation once more."""
        named = [word for p in self.leaving for word in ("--principal", p.arn)]
        return self.commands.deployer("access", "revoke", *(["--all"] if self.everybody else named))

    def stays(self, pattern: str) -> bool:
        """Whether somebody of this pattern or ARN may stay in."""
        asked = Principal.from_pattern(pattern)
        return any(p.covers(asked) for p in self.after.principals)
