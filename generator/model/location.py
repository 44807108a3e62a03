"""Where a command works: which account, which region, and whose AWS."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Location:
    """An account and a region of AWS, or of something else that answers at `endpoint`.

    `account` is empty when AWS did not name it, `endpoint` when AWS itself answers. `sandbox`: this package's sandbox
    is what answers there.
    """

    account: str
    region: str
    endpoint: str = ""
    sandbox: bool = False

    def __str__(self) -> str:
        """Behind a verb and its object: `in account 111122223333, eu-west-1`."""
        account = f"account {self.account}" if self.account else "an account that AWS did not name"
        if self.sandbox:
            return f"in the sandbox ({account}, region {self.region})"
        return f"in {account}, {self.region}" + (f" at {self.endpoint}" if self.endpoint else "")

    @property
    def aside(self) -> str:
        """Behind an account and a region, where it is not AWS itself that answers: `, in the sandbox`."""
        return ", in the sandbox" if self.sandbox else f", at {self.endpoint}" if self.endpoint else ""
