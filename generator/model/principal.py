"""Whom a grant lets in: an account, a role or a user of any partition, and why anything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from generator.errors import UsageError
from generator.model.wildcards import arn_like

_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):(?P<service>iam|sts)::(?P<account>\d{12}):(?P<rest>.+)")
# Paths and names as IAM allows them (IAM user guide, "IAM identifiers"), without the comma: a list parameter of
# CloudFormation could not carry it.
_NAMED = re.compile(r"(role|user)/(?:[A-Za-z0-9+=.@_/:-]*/)?[A-Za-z0-9+=.@_-]{1,128}")


@dataclass(frozen=True, order=True)
class Principal:
    """A principal as the stack records it. `name` is `role/…` or `user/…` with its path; empty: the whole account.

    Without an account `name` is the text as it stands there: no ARN of IAM, typed by a person into the console.
    """

    partition: str
    account: str
    name: str = ""

    @property
    def arn(self) -> str:
        """The principal's ARN; of a whole account its root."""
        return self.name if not self.account else f"arn:{self.partition}:iam::{self.account}:{self.name or 'root'}"

    @property
    def pattern(self) -> str:
        """What `ArnLike aws:PrincipalArn` compares with: the ARN, or every role and user of the account."""
        return self.name if not self.account else f"arn:{self.partition}:iam::{self.account}:{self.name or '*'}"

    @property
    def covers_account(self) -> bool:
        """Whether everyone whom that account lets may enter."""
        return not self.name

    def covers(self, other: Principal) -> bool:
        """Whether letting this one in lets the other in too.

        The account's root covers all of it, a wildcard what it matches. A role or user of the same name is the same one
        whatever its path and case: IAM has only one of that name in an account.
        """
        return arn_like(self.pattern, other.pattern) or self._same_name(other)

    def _same_name(self, other: Principal) -> bool:
        return bool(self.account and self.name) and self._identity == other._identity

    @property
    def _identity(self) -> tuple[str, ...]:
        """What IAM tells a role or user by: account, kind and name."""
        return self.partition, self.account, self.name.partition("/")[0], self.name.rpartition("/")[2].lower()

    @classmethod
    def from_pattern(cls, pattern: str) -> Principal:
        """Back from what the stack records (no checks: the stack may hold what a person typed into the console)."""
        parts = pattern.split(":", 5)
        if len(parts) < 6 or (parts[0], parts[2], parts[3]) != ("arn", "iam", "") or not parts[4]:
            return cls("", "", pattern)
        return cls(parts[1], parts[4], "" if parts[5] in ("*", "root") else parts[5])


def parse_recorded(text: str) -> Principal:
    """Read a principal that is to be revoked: as `parse_principal`, and wildcards as a stack may hold them."""
    return Principal.from_pattern(text.strip()) if "*" in text or "?" in text else parse_principal(text)


def parse_principal(text: str) -> Principal:
    """Read an account root, role or user ARN. Raises UsageError that suggests the right ARN where there is one."""
    found = _ARN.fullmatch(text)
    if found is None:
        _refuse_unlike_an_arn(text)
    partition, account, rest = found["partition"], found["account"], found["rest"]
    if found["service"] == "sts":
        _refuse_session(partition, account, rest)
    if rest == "root":
        return Principal(partition, account)
    if "*" in rest or "?" in rest:
        _refuse(f"The principal {text} has a wildcard, so it would let in whoever takes such a name.", _NAME_IT)
    if "," in rest:
        _refuse(
            f"The principal {text} has a comma in its name, which a CloudFormation list cannot carry.",
            "Let the vendor use a role without a comma in its name.",
        )
    if _NAMED.fullmatch(rest) is None:
        _refuse(f"The principal {text} is neither an account, a role nor a user.", _NAME_IT)
    return Principal(partition, account, rest)


_NAME_IT = (
    "Name a role (arn:aws:iam::444455556666:role/NAME), a user (…:user/NAME) or a whole account (…:root); "
    "the vendor sees its own with: aws sts get-caller-identity"
)


def _refuse(message: str, hint: str) -> NoReturn:
    raise UsageError(message, hint, code="principal")


def _refuse_unlike_an_arn(text: str) -> NoReturn:
    if text == "*":
        _refuse("The principal * would let every AWS account in.", _NAME_IT)
    if re.fullmatch(r"\d{12}", text):
        _refuse(
            f"The principal {text} is an account id, not an ARN.",
            f"For everyone whom that account lets, give: arn:aws:iam::{text}:root",
        )
    if re.match(r"(AROA|AIDA|ASIA|AKIA)[A-Z0-9]{8,}", text):
        _refuse(f"The principal {text} is an internal id of AWS, which nobody can review.", _NAME_IT)
    if text.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        _refuse(f"The principal {text} is an AWS service, not a vendor.", _NAME_IT)
    _refuse(f"The principal {text} is not the ARN of an account, a role or a user.", _NAME_IT)


def _refuse_session(partition: str, account: str, rest: str) -> NoReturn:
    """A session's ARN is not what `aws:PrincipalArn` holds for it: that is the role's."""
    kind, _, name = rest.partition("/")
    role = name.split("/")[0]
    if kind != "assumed-role" or not role:
        _refuse(f"The principal {rest} is a session of account {account}, which lives for hours.", _NAME_IT)
    if role.startswith("AWSReservedSSO_"):
        role = f"aws-reserved/sso.amazonaws.com/REGION/{role}"
        more = " (fill in the Region of the vendor's Identity Center; in us-east-1 the part REGION/ is left out)"
    else:
        more = " (with the role's path, if it has one: aws iam get-role shows it)"
    _refuse(
        f"The principal {role.rsplit('/', 1)[-1]} is given as the ARN of a session, which lives for hours; "
        "a grant names the role.",
        f"Give: arn:{partition}:iam::{account}:role/{role}{more}",
    )
