"""The principals of a grant: accounts, roles and users of any partition, and why anything else is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from generator.errors import UsageError
from generator.model.arn import Arn
from generator.model.deployment import OWN_LIST
from generator.model.wildcards import arn_like

# Paths and names as IAM allows them (IAM user guide, "IAM identifiers"), without the comma: a list parameter of
# CloudFormation could not carry it.
_NAMED = re.compile(r"(role|user)/(?:[A-Za-z0-9+=.@_/:-]*/)?[A-Za-z0-9+=.@_-]{1,128}")


@dataclass(frozen=True, order=True)
class Principal:
    """A principal as the stack records it. `name` is `role/…` or `user/…` with its path; empty: the whole account.

    Without an account `name` is the recorded text: not an IAM ARN, typed by a person into the console.
    """

    partition: str
    account: str
    name: str = ""

    @property
    def arn(self) -> str:
        """The principal's ARN; of a whole account its root."""
        return self._in_iam(self.name or "root")

    @property
    def pattern(self) -> str:
        """What `ArnLike aws:PrincipalArn` compares with: the ARN, or every role and user of the account."""
        return self._in_iam(self.name or "*")

    def _in_iam(self, resource: str) -> str:
        return str(Arn(self.partition, "iam", "", self.account, resource)) if self.account else self.name

    def covers(self, other: Principal) -> bool:
        """Whether access for this one is access for the other too.

        The account's root covers all of it, a wildcard what it matches. A role or user of the same name is the same one
        whatever its path and case: IAM has only one of that name in an account.
        """
        return arn_like(self.pattern, other.pattern) or self._same_name(other)

    def _same_name(self, other: Principal) -> bool:
        return bool(self.account and self.name) and self._identity == other._identity

    @property
    def _identity(self) -> tuple[str, ...]:
        """What identifies a role or user in IAM: account, kind and name."""
        return self.partition, self.account, self.name.partition("/")[0], self.name.rpartition("/")[2].lower()

    @classmethod
    def from_pattern(cls, pattern: str) -> Principal:
        """The principal of a recorded pattern, unchecked: a person may have typed it into the console."""
        arn = Arn.find(pattern)
        if arn is None or (arn.service, arn.region) != ("iam", "") or not arn.account:
            return cls("", "", pattern)
        return cls(arn.partition, arn.account, "" if arn.resource in ("*", "root") else arn.resource)


def parse_own(text: str) -> frozenset[str]:
    """Read the accounts and organizations that somebody says are their own, separated by commas; none for "".

    Raises UsageError for what is no such ID.
    """
    given = text.replace(" ", "")
    if given and re.fullmatch(OWN_LIST, given) is None:
        raise UsageError(
            f"'{text}' is no list of account IDs and organization IDs.",
            "For example: --own 111122223333,o-abcdefghij; see: aws organizations describe-organization",
            code="own",
        )
    return frozenset(filter(None, given.split(",")))


def parse_recorded(text: str) -> Principal:
    """Read a principal to revoke: as `parse_principal`, and the wildcards that a stack may record."""
    return Principal.from_pattern(text.strip()) if "*" in text or "?" in text else parse_principal(text)


def parse_principal(text: str) -> Principal:
    """Read an account root, role or user ARN, spaces around it left out.

    Raises UsageError that suggests the right ARN where there is one.
    """
    text = text.strip(" ")
    arn = Arn.find(text)
    if arn is None or arn.service not in ("iam", "sts") or arn.region or not arn.names_account:
        _refuse_unlike_an_arn(text)
    if arn.service == "sts":
        _refuse_session(arn)
    rest = arn.resource
    if rest == "root":
        return Principal(arn.partition, arn.account)
    if "*" in rest or "?" in rest:
        _refuse(f"The principal {text} has a wildcard, so it would let in whoever takes such a name.", _NAME_IT)
    if "," in rest:
        _refuse(
            f"The principal {text} has a comma in its name, which a CloudFormation list cannot carry.",
            "Let the vendor use a role without a comma in its name.",
        )
    if _NAMED.fullmatch(rest) is None:
        _refuse(f"The principal '{text}' is neither an account, a role nor a user.", _NAME_IT)
    return Principal(arn.partition, arn.account, rest)


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
            f"The principal {text} is an account ID, not an ARN.",
            f"To grant access to that whole account, give: arn:aws:iam::{text}:root",
        )
    if re.match(r"(AROA|AIDA|ASIA|AKIA)[A-Z0-9]{8,}", text):
        _refuse(f"The principal {text} is an internal ID of AWS, which nobody can review.", _NAME_IT)
    if text.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        _refuse(f"The principal {text} is an AWS service, not a vendor.", _NAME_IT)
    _refuse(f"The principal '{text}' is not the ARN of an account, a role or a user.", _NAME_IT)


def _refuse_session(session: Arn) -> NoReturn:
    """`aws:PrincipalArn` of a session is the role's ARN, not the session's."""
    role = session.principal_arn.name
    if session.principal_arn == session or not role:
        what = f"The principal {session.resource} is a session of account {session.account}, which lives for hours."
        _refuse(what, _NAME_IT)
    if role.startswith("AWSReservedSSO_"):
        role = f"aws-reserved/sso.amazonaws.com/REGION/{role}"
        more = " (fill in the Region of the vendor's Identity Center; in us-east-1 the part REGION/ is left out)"
    else:
        more = " (with the role's path, if it has one: aws iam get-role shows it)"
    _refuse(
        f"The principal {role.rsplit('/', 1)[-1]} is given as the ARN of a session, which lives for hours; "
        "a grant names the role.",
        f"Give: {session.in_iam(f'role/{role}')}{more}",
    )
