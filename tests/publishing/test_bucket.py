"""A bucket is fit when everybody reads what is below the prefix, over TLS, and nothing else; any doubt is a finding."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from generator.model.release import BucketSettings
from generator.operations.publishing.bucket import checks
from generator.policies.bucket import publishing_policy

ARN = "arn:aws:s3:::b"


def failing(policy: object, **settings: Any) -> set[str]:
    given = BucketSettings(
        **{
            "region": "eu-west-1",
            "versioning": "Enabled",
            "policy": policy if isinstance(policy, str) else json.dumps(policy),
            "ownership": "BucketOwnerEnforced",
            "blocks_public_policy": False,
            **settings,
        }
    )
    return {each.subject for each in checks(given, "eu-west-1", "aws", "b", "deepsql") if not each.holds}


def test_the_printed_policy_is_fit() -> None:
    assert failing(publishing_policy("aws", "b", "deepsql")) == set()


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"region": "us-east-1"}, "region"),
        ({"versioning": ""}, "versioning"),
        ({"versioning": "Suspended"}, "versioning"),
        ({"ownership": ""}, "no ACLs"),
        ({"ownership": "ObjectWriter"}, "no ACLs"),
        ({"blocks_public_policy": True}, "public policy in force"),
    ],
)
def test_each_setting_is_a_finding(settings: dict[str, Any], subject: str) -> None:
    assert failing(publishing_policy("aws", "b", "deepsql"), **settings) == {subject}


def changed(**changes: object) -> Callable[[list[dict[str, Any]]], None]:
    def apply(statements: list[dict[str, Any]]) -> None:
        statements[0].update(changes)

    return apply


def added(**statement: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements.append({"Effect": "Allow", "Principal": "*", **statement})


def denial(**changes: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements[1].update(changes)


READS, ELSE, TLS = "everybody reads it", "and nothing else", "only over TLS"
POLICIES: dict[str, tuple[Callable[[list[dict[str, Any]]], None], set[str]]] = {
    "nobody reads": (lambda statements: statements.pop(0), {READS}),
    "another prefix": (changed(Resource=f"{ARN}/other/*"), {READS, ELSE}),
    "the whole bucket": (changed(Resource=f"{ARN}/*"), {READS, ELSE}),
    "a part of the prefix": (changed(Resource=f"{ARN}/deepsql/1.0.0/*"), {READS}),
    "only some read": (changed(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), {READS}),
    "one account reads": (changed(Principal={"AWS": "444455556666"}), {READS}),
    "writing": (changed(Action=["s3:GetObject", "s3:PutObject"]), {ELSE}),
    "everything": (changed(Action="s3:*"), {ELSE}),
    "listing": (added(Action="s3:ListBucket", Resource=ARN), {ELSE}),
    "listing by a list": (added(Principal={"AWS": ["*"]}, Action=["s3:List*"], Resource=[ARN]), {ELSE}),
    "all but some": (added(NotAction="s3:GetObject", Resource=f"{ARN}/deepsql/*"), {ELSE}),
    "all but somebody": (added(NotPrincipal={"AWS": "1"}, Action="s3:GetObject", Resource=f"{ARN}/*"), {ELSE}),
    "all resources but some": (added(Action="s3:GetObject", NotResource=f"{ARN}/x"), {ELSE}),
    "an effect that is none": (added(Effect="Maybe", Action="s3:GetObject", Resource=f"{ARN}/deepsql/*"), {ELSE}),
    "no denial without TLS": (lambda statements: statements.pop(1), {TLS}),
    "a denial for some": (denial(Principal={"AWS": "444455556666"}), {TLS}),
    "a denial of objects alone": (denial(Resource=f"{ARN}/*"), {TLS}),
    "a denial of reading alone": (denial(Action="s3:GetObject"), {TLS}),
    "a denial of a part": (denial(Resource=[ARN, f"{ARN}/deepsql/1.0.0/*"]), {TLS}),
    "a denial the wrong way round": (denial(Condition={"Bool": {"aws:SecureTransport": "true"}}), {TLS}),
    "a denial under two conditions": (
        denial(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "true"}}),
        {TLS},
    ),
    "an allowance for TLS": (denial(Effect="Allow", Action="s3:GetObject", Resource=f"{ARN}/deepsql/*"), {TLS}),
}


@pytest.mark.parametrize("name", POLICIES)
def test_each_other_policy_is_a_finding(name: str) -> None:
    change, findings = POLICIES[name]
    document: Any = copy.deepcopy(publishing_policy("aws", "b", "deepsql"))
    change(document["Statement"])
    assert failing(document) == findings


@pytest.mark.parametrize("policy", ["", "{}", "[]", "junk"])
def test_a_bucket_without_a_policy(policy: str) -> None:
    assert {READS, TLS} <= failing(policy)
    assert ELSE in failing("junk") and ELSE in failing("[]")
