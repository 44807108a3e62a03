"""Who may enter: access keys, principals, grants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class AccessKey:
    """An IAM user's access key: its id and status, never its secret. Statuses AWS adds count as unusable."""

    key_id: str
    user: str
    status: str
    created: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the key can be used."""
        return self.status == "Active"
