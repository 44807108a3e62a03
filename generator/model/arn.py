"""Amazon Resource Names: the one parser and the one builder (IAM user guide, "Amazon Resource Names (ARNs)")."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_NUMBERED = re.compile(r"[0-9]{12}")
_PARTITION = re.compile(r"aws[a-z-]*")
_KIND = re.compile(r"([^/:]+)[/:](.+)", re.S)


@dataclass(frozen=True, order=True)
class Arn:
    """An ARN by its parts; `str()` puts them together again.

    `region` and `account` are empty where the service is global or the resource is nobody's: a user has no region, a
    document of AWS's own no account. Parts may hold wildcards where the ARN is a pattern.
    """

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @classmethod
    def find(cls, text: str) -> Arn | None:
        """The ARN that `text` is; None when it is none. What the parts may be is not checked here."""
        parts = text.split(":", 5)
        whole = len(parts) == 6 and parts[0] == "arn" and parts[1] and parts[2] and parts[5]
        return cls(*parts[1:]) if whole and text.isprintable() else None

    @classmethod
    def parse(cls, text: str) -> Arn:
        """The ARN that `text` is. Raises ValueError when it is none."""
        arn = cls.find(text)
        if arn is None:
            raise ValueError(f"{text!r} is not an ARN")
        return arn

    @property
    def kind(self) -> str:
        """What kind of thing the resource is: user, assumed-role, secret; "" for a resource of one word, like root."""
        parts = _KIND.fullmatch(self.resource)
        return parts[1] if parts else ""

    @property
    def name(self) -> str:
        """The resource without its kind, a path included; the whole of it where there is no kind."""
        parts = _KIND.fullmatch(self.resource)
        return parts[2] if parts else self.resource

    @property
    def last_name(self) -> str:
        """What is behind the last slash: a user's name without its path, the name of a role's session."""
        return self.resource.rpartition("/")[2]

    @property
    def principal_arn(self) -> Arn:
        """What `aws:PrincipalArn` holds for whoever has this ARN: for a role's session the role, else the ARN itself.

        The ARN of a session does not show the role's path, so the answer for a role with a path lacks it.
        """
        if (self.service, self.kind) != ("sts", "assumed-role"):
            return self
        return replace(self, service="iam", resource=f"role/{self.name.split('/')[0]}")

    def beside(self, service: str, resource: str) -> Arn:
        """The ARN of another resource in the same partition, region and account."""
        return replace(self, service=service, resource=resource)

    def in_iam(self, resource: str) -> Arn:
        """The ARN of a user, role or policy of the same partition and account; IAM has no regions."""
        return replace(self, service="iam", region="", resource=resource)

    @property
    def names_account(self) -> bool:
        """Whether partition and account are written out: no wildcard, no placeholder, no resource of AWS's own."""
        return bool(_PARTITION.fullmatch(self.partition) and _NUMBERED.fullmatch(self.account))
