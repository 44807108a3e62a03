"""What a stack has besides its template and parameters: tags, service role, notification topics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.errors import UsageError
from generator.model.stack import Stack

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")  # S3 user guide, "Bucket naming rules"
_TAG = re.compile(r"[\w .:/=+@-]*")  # IAM API, Tag: CloudFormation gives the stack's tags to its user and roles
MAXIMUM_TAGS = 50  # CloudFormation API, CreateChangeSet.Tags


@dataclass(frozen=True)
class StackSettings:
    """Settings of a stack as given with a command; what is None or empty keeps what the stack has.

    `tags` and `notification_arns` are the whole set: what the stack has and they lack is removed. CloudFormation keeps
    tags, role and topics that a change set omits (API reference: CreateChangeSet.RoleARN, UpdateStack.Tags).
    `disable_rollback` is of one update alone, and so are `bucket` and `prefix` (of the key), where the template goes.
    """

    tags: Mapping[str, str] | None = None
    role_arn: str = ""
    notification_arns: tuple[str, ...] | None = None
    disable_rollback: bool = False
    bucket: str = ""
    prefix: str = ""

    @property
    def given(self) -> bool:
        """Whether anything of it is a change that could be asked of a stack."""
        return self.tags is not None or bool(self.role_arn) or self.notification_arns is not None

    def retags(self, stack: Stack) -> bool:
        """Whether the stack's tags would change, which touches its resources."""
        return self.tags is not None and dict(self.tags) != dict(stack.tags)

    def differ(self, stack: Stack) -> bool:
        """Whether the stack has others."""
        role = bool(self.role_arn) and self.role_arn != stack.role_arn
        topics = self.notification_arns is not None and set(self.notification_arns) != set(stack.notification_arns)
        return self.retags(stack) or role or topics

    def notes(self, stack: Stack | None) -> Iterator[str]:
        """Sentences for the plan about what changes."""
        former = {} if stack is None else stack.tags
        if self.tags is not None and dict(self.tags) != dict(former):
            yield f"The stack's tags become: {', '.join(f'{key}={value}' for key, value in sorted(self.tags.items()))}."
            if lost := sorted(set(former) - set(self.tags)):
                yield f"These tags are removed, as they were not given: {', '.join(lost)}."
        if self.role_arn and (stack is None or stack.role_arn != self.role_arn):
            yield f"CloudFormation uses the role {self.role_arn}, for this and for every later operation on the stack."
        if self.disable_rollback:
            yield "If this fails, nothing is rolled back (--disable-rollback): the stack stays as it is then."


def checked_bucket(name: str, prefix: str, option: str = "--s3-bucket") -> str:
    """The bucket's name, "" for none. Raises UsageError for what is no name, and for a prefix without a bucket."""
    if prefix and not name:
        raise UsageError("--s3-prefix is given without a bucket.", "Give --s3-bucket NAME too.")
    if name and not _BUCKET.fullmatch(name):
        raise UsageError(f"{option} takes the name of a bucket, and {name!r} is none.", "Give the name alone.")
    return name


def parse_tags(pairs: Sequence[str]) -> dict[str, str]:
    """Tags from KEY=VALUE words. Raises UsageError for what CloudFormation would refuse."""
    tags: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--tags takes KEY=VALUE, and {pair!r} has no value.", "For example: --tags team=data")
        if key in tags:
            raise UsageError(f"The tag {key} is given twice.", "Keep one of them.")
        tags[key] = value
    return checked_tags(tags)


def checked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags. Raises UsageError for what CloudFormation would refuse (API reference, Tag)."""
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise UsageError(
                f"The tag {key!r} is too long or has no key.", "A key has 1 to 128 characters, a value up to 256."
            )
        if not _TAG.fullmatch(key + value):
            raise UsageError(
                f"The tag {key}={value} has a character that IAM takes in no tag, and the stack's roles get its tags.",
                "It takes letters, digits, spaces and _ . : / = + - @. Several tags: --tags team=data --tags cost=42",
                code="bad-tag",
            )
        if key.lower().startswith("aws:"):
            raise UsageError(f"The tag {key} begins with aws:, which AWS keeps for itself.", "Give it another key.")
    if len(tags) > MAXIMUM_TAGS:
        raise UsageError(f"A stack has up to {MAXIMUM_TAGS} tags, and {len(tags)} are given.", "Leave some out.")
    return dict(tags)
