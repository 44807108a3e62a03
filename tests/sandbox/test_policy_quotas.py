"""IAM takes no longer policies than AWS does, by its API and in a stack, and counts without white space."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.sandbox.iam import policy_quotas
from generator.sandbox.iam.policy_quotas import TooLong, require_managed, require_trust


def document(length: int) -> dict[str, Any]:
    """One of so many characters."""
    empty = len(json.dumps({"Statement": [{"Sid": ""}]}, separators=(",", ":")))
    return {"Statement": [{"Sid": "x" * (length - empty)}]}


@pytest.fixture(autouse=True)
def iam(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user Ann with one inline policy of 1,000 characters."""
    have = {"Ann": {"first": json.dumps(document(1_000), indent=4)}}
    monkeypatch.setattr(policy_quotas, "_inline", lambda whose, name: iter(have.get(name, {}).items()))


@pytest.mark.parametrize(("require", "most", "says"), [
    (require_trust, 2_048, "Cannot exceed quota for ACLSizePerRole: 2048"),
    (require_managed, 6_144, "Cannot exceed quota for PolicySize: 6144"),
])  # fmt: skip
def test_one_character_too_many_is_refused(require: Any, most: int, says: str) -> None:
    require(json.dumps(document(most), indent=4))
    with pytest.raises(TooLong, match=says):
        require(document(most + 1))


def test_all_inline_policies_count_together_and_one_that_is_replaced_does_not() -> None:
    policy_quotas.require_inline("Users", "Ann", {"second": document(1_048)})
    policy_quotas.require_inline("Users", "Ann", {"first": document(2_048)})
    policy_quotas.require_inline("Users", "Bob", {"second": document(2_048)})
    with pytest.raises(TooLong, match="Maximum policy size of 2048 bytes exceeded for user Ann"):
        policy_quotas.require_inline("Users", "Ann", {"second": document(1_049)})
    with pytest.raises(TooLong, match="Maximum policy size of 10240 bytes exceeded for role Ann"):
        policy_quotas.require_inline("Roles", "Ann", {"second": document(10_000)})


def test_the_api_answers_as_iam_does() -> None:
    asked = {"UserName": "Ann", "PolicyName": "second", "PolicyDocument": json.dumps(document(2_000))}
    status, _, body = policy_quotas._asked(policy_quotas.API["PutUserPolicy"], asked, lambda: (200, {}, b""))
    assert status == 409 and b"<Code>LimitExceeded</Code>" in body
    small = {**asked, "PolicyDocument": json.dumps(document(100))}
    assert policy_quotas._asked(policy_quotas.API["PutUserPolicy"], small, lambda: (200, {}, b""))[0] == 200
