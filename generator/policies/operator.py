"""What a person may do who runs this program: the needs of commands as managed policies."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from awacs.aws import (
    Action,
    ArnLike,
    ConditionElement,
    ForAnyValueStringEquals,
    Statement,
    StringEquals,
    StringLike,
)

from generator.model.arn import Arn
from generator.model.permission_scopes import ANYWHERE, PROFILES, ROLES, USERS, Condition
from generator.model.permissions import Need, Part
from generator.model.publishing import DEFAULT_PREFIX
from generator.policies.document import Document, allow, document, plain

LONGEST: Final = 6_144
"""Characters of a managed policy, without whitespace (IAM quotas)."""
CUT: Final = 24
"""Characters of a stack's name that CloudFormation keeps where a resource's name would become too long."""

_Operator: TypeAlias = Callable[[str, object], ConditionElement]
_OPERATORS: Final[dict[str, _Operator]] = {"StringEquals": StringEquals, "StringLike": StringLike, "ArnLike": ArnLike}


@dataclass(frozen=True)
class Place:
    """Which stack, and where; names that a person chose for its user and roles, "" where CloudFormation makes them.

    `instance_name`: what an adopted stack's instance role and profile are named after, INSTANCE_NAME-….
    `prefix`: of what is published in the bucket. `signing_key`: key/ID, of a key in KMS. `documents`: the pattern
    of the names of session documents; the product's are named after the instance.
    """

    stack_name: str
    region: str
    account: str
    partition: str = "aws"
    user_name: str = ""
    role_name: str = ""
    service_role: str = ""
    instance_name: str = ""
    bucket: str = ""
    prefix: str = DEFAULT_PREFIX
    signing_key: str = ""
    documents: str = "deepsql-*"

    @property
    def names(self) -> str:
        """The pattern of the names that CloudFormation makes from the stack's: STACK-LogicalId-SUFFIX."""
        return f"{self.stack_name}-*" if len(self.stack_name) <= CUT else f"{self.stack_name[:CUT]}*"


def operator_policies(needs: Sequence[Need], place: Place, *, via_cloudformation: bool = True) -> list[Document]:
    """Few documents, each at most `LONGEST`, that allow these needs, ready for JSON: a statement goes where it fits.

    `via_cloudformation`: the handlers' part may be used through CloudFormation only (aws:CalledVia). A service role
    is used by CloudFormation itself, so its requests do not have that key.
    """
    documents: list[list[Statement]] = []
    for need in needs:
        statement = _statement(need, place, via_cloudformation)
        fits = (each for each in documents if characters(plain(document([*each, statement]))) <= LONGEST)
        if (room := next(fits, None)) is None:
            documents.append(room := [])
        room.append(statement)
    return [_plain(each) for each in documents]


def characters(policy: object) -> int:
    """How long a document is for IAM."""
    return len("".join(json.dumps(policy, separators=(",", ":")).split()))


def sid(need: Need) -> str:
    """The statement ID of a need. That the handlers' part is CloudFormation's is said by its condition."""
    return need.scope.sid


def _plain(statements: Sequence[Statement]) -> Document:
    made = plain(document(statements))
    assert isinstance(made, dict)
    return made


def _statement(need: Need, place: Place, via_cloudformation: bool) -> Statement:
    conditions = [_condition(each, place) for each in need.scope.conditions]
    if need.part is Part.HANDLERS and via_cloudformation:
        conditions.append(ForAnyValueStringEquals("aws:CalledVia", "cloudformation.amazonaws.com"))
    actions = [Action(*action.split(":", 1)) for action in need.actions]
    return allow(sid(need), actions, resources(need, place), *conditions)


def resources(need: Need, place: Place) -> list[str]:
    """The resource ARNs of a need's statement."""
    if need.scope.resources == ANYWHERE:
        return list(ANYWHERE)
    chosen = (
        (USERS, place.user_name and f"iam:user/{place.user_name}"),
        (ROLES, place.role_name and f"iam:role/{place.role_name}"),
        (ROLES, place.instance_name and f"iam:role/{place.instance_name}-*"),
        (PROFILES, place.instance_name and f"iam:instance-profile/{place.instance_name}-*"),
    )
    own = [arn for pattern, arn in chosen if arn and pattern in need.scope.resources]
    return [_arn(each, place) for each in (*need.scope.resources, *own)]


def _condition(condition: Condition, place: Place) -> ConditionElement:
    operator, key, values = condition
    written = [_arn(value, place) if value.startswith("iam:") else value for value in values]
    return _OPERATORS[operator](key, written[0] if len(written) == 1 else written)


def _arn(pattern: str, place: Place) -> str:
    """The ARN of `service:resource`; of AWS's own resources where the resource begins with a slash."""
    service, _, resource = pattern.partition(":")
    named = {"names": place.names, "stack": place.stack_name, "service_role": place.service_role}
    named["documents"] = place.documents
    published = {"bucket": place.bucket, "prefix": place.prefix, "signing_key": place.signing_key}
    filled = resource.format(**named, **published)
    if service == "s3":
        return str(Arn(place.partition, service, "", "", filled))
    region = "" if service == "iam" else place.region
    of_aws = filled.startswith("/")
    account = ("aws" if service == "iam" else "") if of_aws else place.account
    return str(Arn(place.partition, service, region, account, filled.removeprefix("/")))
