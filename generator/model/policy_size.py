"""How long a policy is as AWS counts it, and how long it may be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

INLINE_OF_A_USER: Final = 2_048
"""All inline policies of one user together (IAM quotas)."""
INLINE_OF_A_ROLE: Final = 10_240
"""All inline policies of one role together (IAM quotas)."""
INLINE_OF_A_GROUP: Final = 5_120
"""All inline policies of one group together (IAM quotas)."""
MANAGED: Final = 6_144
"""A managed policy (IAM quotas)."""
TRUST: Final = 2_048
"""A role's trust policy (IAM quotas); AWS raises it on request."""
OF_A_SECRET: Final = 20_480
"""The resource policy of a secret (Secrets Manager API, PutResourcePolicy)."""
OF_A_KEY: Final = 32_768
"""A key policy (KMS API, PutKeyPolicy: 32 kilobytes)."""


@dataclass(frozen=True)
class Quota:
    """How long policies of one kind may be: `what` in words, and the entry of IAM's account summary that has the
    account's own number ("" for what is the same everywhere)."""

    what: str
    characters: int
    summary_key: str = ""

    def of(self, account: Mapping[str, int]) -> int:
        """The number that holds in an account whose summary this is."""
        return account.get(self.summary_key, self.characters)


TRUST_OF_A_ROLE: Final = Quota("in the trust policy of a role", TRUST, "AssumeRolePolicySizeQuota")
INLINE: Final = {
    "Users": Quota("in all inline policies of a user", INLINE_OF_A_USER, "UserPolicySizeQuota"),
    "Roles": Quota("in all inline policies of a role", INLINE_OF_A_ROLE, "RolePolicySizeQuota"),
    "Groups": Quota("in all inline policies of a group", INLINE_OF_A_GROUP, "GroupPolicySizeQuota"),
}
"""By the property of AWS::IAM::Policy that names who has the policy."""
A_MANAGED_POLICY: Final = Quota("in a managed policy", MANAGED, "PolicySizeQuota")
A_SECRETS_POLICY: Final = Quota("in the resource policy of a secret", OF_A_SECRET)
A_KEY_POLICY: Final = Quota("in a key policy", OF_A_KEY)


@dataclass(frozen=True)
class PolicySize:
    """How long the policies of these resources are, which share one quota."""

    resources: tuple[str, ...]
    quota: Quota
    characters: int

    def exceeds(self, account: Mapping[str, int]) -> bool:
        """Whether it is longer than that account takes."""
        return self.characters > self.quota.of(account)


def characters(document: object) -> int:
    """The characters of a policy document as JSON; IAM does not count white space between its parts."""
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False, default=str))
