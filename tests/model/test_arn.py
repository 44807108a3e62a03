"""ARNs taken apart, put together, and what they say of a resource."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from generator.model import arn
from generator.model.arn import Arn


@pytest.mark.parametrize(
    ("text", "kind", "name", "last_name"),
    [
        ("arn:aws:iam::111122223333:user/alice", "user", "alice", "alice"),
        ("arn:aws-cn:iam::111122223333:role/a/path/R", "role", "a/path/R", "R"),
        (
            "arn:aws:sts::111122223333:assumed-role/R/jo@example.com",
            "assumed-role",
            "R/jo@example.com",
            "jo@example.com",
        ),
        ("arn:aws:iam::111122223333:root", "", "root", "root"),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", "policy", "ReadOnlyAccess", "ReadOnlyAccess"),
        ("arn:aws:s3:::bucket", "", "bucket", "bucket"),
        ("arn:aws:secretsmanager:eu-west-1:111122223333:secret:a/b-AbCdEf", "secret", "a/b-AbCdEf", "b-AbCdEf"),
        (
            "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:log-stream:x",
            "log-group",
            "/a/b:log-stream:x",
            "b:log-stream:x",
        ),
        ("arn:aws:cloudformation:eu-west-1:111122223333:stack/s/0a1b", "stack", "s/0a1b", "0a1b"),
        ("arn:aws:iam::111122223333:*", "", "*", "*"),
    ],
)
def test_an_arn_is_taken_apart_and_put_together(text: str, kind: str, name: str, last_name: str) -> None:
    parsed = Arn.parse(text)
    assert (parsed.kind, parsed.name, parsed.last_name, str(parsed)) == (kind, name, last_name, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alice",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::111122223333:",
        "arn::iam::1:user/a",
        "ARN:aws:iam::1:x",
        "*",
    ],
)
def test_what_is_no_arn_is_not_read_as_one(text: str) -> None:
    assert Arn.find(text) is None
    with pytest.raises(ValueError, match="is not an ARN"):
        Arn.parse(text)


@pytest.mark.parametrize(
    ("caller", "principal"),
    [
        ("arn:aws:sts::111122223333:assumed-role/R/s", "arn:aws:iam::111122223333:role/R"),
        ("arn:aws-us-gov:sts::111122223333:assumed-role/R/a/b", "arn:aws-us-gov:iam::111122223333:role/R"),
        ("arn:aws:iam::111122223333:user/p/alice", "arn:aws:iam::111122223333:user/p/alice"),
        ("arn:aws:sts::111122223333:federated-user/f", "arn:aws:sts::111122223333:federated-user/f"),
        ("arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:root"),
        ("arn:aws:iam::111122223333:user/assumed-role/x", "arn:aws:iam::111122223333:user/assumed-role/x"),
    ],
)
def test_the_role_of_a_session_is_its_principal(caller: str, principal: str) -> None:
    assert str(Arn.parse(caller).principal_arn) == principal


def test_a_resource_beside_another_keeps_its_place() -> None:
    stack = Arn.parse("arn:aws-cn:cloudformation:cn-north-1:111122223333:stack/s/0a1b")
    assert str(stack.beside("ec2", "instance/i-1")) == "arn:aws-cn:ec2:cn-north-1:111122223333:instance/i-1"
    assert str(stack.in_iam("user/u")) == "arn:aws-cn:iam::111122223333:user/u"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("arn:aws:kms:eu-west-1:111122223333:key/k", True),
        ("arn:aws-us-gov:iam::111122223333:*", True),
        ("arn:aws:kms:eu-west-1::key/k", False),
        ("arn:aws:iam::aws:policy/p", False),
        ("arn:aws:kms:eu-west-1:11112222333\u0661:key/k", False),
        ("arn:aw*:kms:eu-west-1:111122223333:key/k", False),
        ("arn:aws:kms:eu-west-1:*:key/k", False),
    ],
)
def test_whether_an_account_is_written_out(text: str, named: bool) -> None:
    assert Arn.parse(text).names_account is named


ROOT = Path(arn.__file__).parent.parent
HAND_MADE_ARN = re.compile(r"""f["']arn:|split\(["']:["'](, ?5)?\)|["']:assumed-role/""")
# Comparing part by part is no parsing, the keeper travels alone, the sandbox's judge of databases is still to follow.
MAY = (
    "keeper/index.py",
    "model/wildcards.py",
    "model/arn.py",
    "sandbox/policy_evaluator.py",
    "sandbox/database/token_check.py",
)


def test_nobody_else_takes_an_arn_apart_or_puts_one_together() -> None:
    """The template is left out: its ARNs are CloudFormation's to fill in (Fn::Sub)."""
    files = {path.relative_to(ROOT).as_posix(): path.read_text() for path in ROOT.rglob("*.py")}
    found = {name for name, text in files.items() if HAND_MADE_ARN.search(text) and not name.startswith("template/")}
    assert not {name for name in found if not name.startswith(MAY)}
