"""What a value of a policy says, however it is spelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from generator.lint.traverse import Tree, mapping
from generator.lint.values import OPEN, Known, branches, is_function, texts
from generator.model.arn import Arn

PARTITIONS = ("aws", "aws-cn", "aws-us-gov", "aws-eusc", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f")
UNLIKE = (
    Arn("", "s3", "", "", "b"),
    Arn("", "iam", "", "444455556666", "role/r"),
    Arn("", "ec2", "eu-west-1", "777788889999", "instance/i"),
    Arn("", "sqs", "ap-south-1", "0", "q"),
)
"""ARNs that share nothing but a partition, which is left open: a pattern for all of them is for everything."""


def is_everything(value: object, known: Known) -> bool:
    """Whether a value, one of a list, or one branch of a condition is `*`, or a pattern that fits as much."""
    return any(map(fits_all, texts(value, known)))


def fits_all(pattern: str, arns: Sequence[Arn] = UNLIKE) -> bool:
    """Whether these ARNs, in one partition or another, are all like the pattern of a policy."""
    exact = pattern.replace("[", "[[]")  # in a policy a bracket is a character like others
    return "*" in pattern and any(
        all(fnmatchcase(str(replace(arn, partition=name)), exact) for arn in arns) for name in PARTITIONS
    )


def may_allow(statement: Tree, known: Known) -> bool:
    """Whether its effect is Allow, or may come to be."""
    return any(effect in ("Allow", OPEN) for effect in texts(statement.get("Effect"), known))


def anyone(principal: object, known: Known) -> bool:
    """Whether a principal, by itself, among others, or in a branch of a condition, is whoever asks."""
    for branch, inner in branches(principal, known):
        named = [branch] if is_function(branch) else mapping(branch).values() or [branch]
        if any(is_everything(each, inner) for each in named):
            return True
    return False
