"""A bucket is fit when everybody reads what is below the prefix, over TLS, and nothing else; any doubt is a finding."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from generator.model.command_line import CommandLine
from generator.model.release import BucketSettings, LifecycleRule
from generator.operations.publishing.bucket import checks, remedies
from generator.policies.bucket import publishing_policy

ARN = "arn:aws:s3:::b"
OWN, OTHER = "111122223333", "444455556666"


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
    judged = checks(given, "eu-west-1", "aws", "b", "deepsql", OWN)
    return {each.subject for each in judged if not each.holds}


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
        *(
            ({"lifecycle": (LifecycleRule("old", prefix),)}, "nothing expires")
            for prefix in ("", "deep", "deepsql/", "deepsql/1.0.0/deepsql-stack.yaml")
        ),
    ],
)
def test_each_setting_is_a_finding(settings: dict[str, Any], subject: str) -> None:
    assert failing(publishing_policy("aws", "b", "deepsql"), **settings) == {subject}


def test_a_rule_for_other_objects_is_none() -> None:
    rules = (LifecycleRule("logs", "logs/"), LifecycleRule("beta", "deepsql-beta/"))
    assert failing(publishing_policy("aws", "b", "deepsql"), lifecycle=rules) == set()


def changed(**changes: object) -> Callable[[list[dict[str, Any]]], None]:
    def apply(statements: list[dict[str, Any]]) -> None:
        statements[0].update(changes)

    return apply


def added(**statement: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements.append({"Effect": "Allow", "Principal": "*", **statement})


def denial(**changes: object) -> Callable[[list[dict[str, Any]]], None]:
    return lambda statements: statements[1].update(changes)


SETTINGS = {
    "region": {"region": "us-east-1"},
    "versioning": {"versioning": ""},
    "no ACLs": {"ownership": "ObjectWriter"},
    "public policy in force": {"blocks_public_policy": True},
    "nothing expires": {"lifecycle": (LifecycleRule("old", ""),)},
}
SAYS = {
    "region": "--region",
    "versioning": "put-bucket-versioning --bucket b --versioning-configuration Status=Enabled",
    "no ACLs": "put-bucket-ownership-controls --bucket b --ownership-controls",
    "public policy in force": "delete-public-access-block --bucket b",
    "nothing expires": "get-bucket-lifecycle-configuration --bucket b",
}


@pytest.mark.parametrize("subject", SETTINGS)
def test_each_finding_has_its_own_remedy_and_the_policy_one_for_all_of_it(subject: str) -> None:
    fit = {
        "region": "eu-west-1",
        "versioning": "Enabled",
        "ownership": "BucketOwnerEnforced",
        "blocks_public_policy": False,
    }
    policy = json.dumps(publishing_policy("aws", "b", "deepsql"))
    [one] = proposed(BucketSettings(**{**fit, "policy": policy, **SETTINGS[subject]}))
    assert SAYS[subject] in one
    first, second = proposed(BucketSettings(**{**fit, "policy": "", **SETTINGS[subject]}))
    assert first == one and second.startswith("deployer publish policy --bucket b --prefix deepsql")
    assert "put-bucket-policy --bucket b --policy file://policy.json" in second
    assert proposed(BucketSettings(**fit, policy=policy)) == ()


def proposed(settings: BucketSettings) -> tuple[str, ...]:
    judged = checks(settings, "eu-west-1", "aws", "b", "deepsql")
    return remedies(judged, CommandLine("a-stack", "eu-west-1", "p"), "b", "deepsql")


@pytest.mark.parametrize(
    ("blocks", "holds", "says"),
    [
        (True, False, f"that of {OWN} stops the policy"),
        (False, True, "none that stops the policy"),
        (None, True, "is not known"),
    ],
)
def test_the_account_s_own_block_is_a_finding_where_it_is_known(blocks: bool | None, holds: bool, says: str) -> None:
    policy = json.dumps(publishing_policy("aws", "b", "deepsql"))
    given = BucketSettings("eu-west-1", "Enabled", policy, "BucketOwnerEnforced", False)
    judged = checks(given, "eu-west-1", "aws", "b", "deepsql", OWN, account_blocks=blocks)
    [one] = [each for each in judged if each.subject == "no Block Public Access of the account"]
    assert (one.holds, says in one.answer) == (holds, True), one
    proposed = remedies(judged, CommandLine("a-stack", "eu-west-1", "p"), "b", "deepsql", OWN)
    assert [f"get-public-access-block --account-id {OWN}" in each for each in proposed] == [True] * (not holds)


READS, ELSE, TLS = "everybody reads it", "and nothing else", "only over TLS"
DENIED = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": f"{ARN}/deepsql/*"}
POLICIES: dict[str, tuple[Callable[[list[dict[str, Any]]], None], set[str]]] = {
    "nobody reads": (lambda statements: statements.pop(0), {READS}),
    "another prefix": (changed(Resource=f"{ARN}/other/*"), {READS, ELSE}),
    "the whole bucket": (changed(Resource=f"{ARN}/*"), {READS, ELSE}),
    "a part of the prefix": (changed(Resource=f"{ARN}/deepsql/1.0.0/*"), {READS}),
    "reading no version": (changed(Action="s3:GetObject"), {READS}),
    "only some read": (changed(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), {READS}),
    "one account reads": (changed(Principal={"AWS": "444455556666"}), {READS}),
    "writing": (changed(Action=["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"]), {ELSE}),
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
    "a denial the wrong way round": (denial(Condition={"Bool": {"aws:SecureTransport": "true"}}), {TLS, READS}),
    "a denial under two conditions": (
        denial(Condition={"Bool": {"aws:SecureTransport": "false", "aws:ViaAWSService": "true"}}),
        {TLS, READS},
    ),
    "reading denied to all": (added(**DENIED), {READS}),
    "reading denied over TLS": (added(**DENIED, Condition={"Bool": {"aws:SecureTransport": "true"}}), {READS}),
    "reading denied elsewhere": (added(**DENIED, Condition={"StringNotEquals": {"aws:SourceVpce": "v"}}), {READS}),
    **{
        f"a file denied as {pattern}": (added(**{**DENIED, "Resource": f"{ARN}/{pattern}"}), {READS})
        for pattern in (
            "deepsql/1.0.0/deepsql-stack.yaml",
            "*.yaml",
            "*/SHA256SUMS",
            "deep?ql/latest.sigstore.json",
            "${aws:username}/x",
        )
    },
    **{
        f"{action} for {principal}": (
            added(Principal=principal, Action=action, Resource=resource),
            {ELSE},
        )
        for principal, action, resource in (
            ({"AWS": OTHER}, "s3:*", f"{ARN}/*"),
            ({"AWS": f"arn:aws:iam::{OTHER}:root"}, "s3:PutObject", f"{ARN}/deepsql/*"),
            ({"AWS": f"arn:aws:iam::{OTHER}:role/{OWN}"}, "s3:DeleteObject", f"{ARN}/deepsql/*"),
            ({"AWS": [OWN, OTHER]}, "s3:DeleteObjectVersion", f"{ARN}/deepsql/*"),
            ({"AWS": "AROAEXAMPLEOFADEADROLE"}, "s3:PutBucketPolicy", ARN),
            ({"CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"}, "s3:*", ARN),
            ({"Service": "logging.s3.amazonaws.com"}, "s3:PutObject", f"{ARN}/*"),
            ({"Federated": "accounts.example.com"}, "s3:PutObject", f"{ARN}/*"),
        )
    },
    "a version denied": (added(**{**DENIED, "Resource": f"{ARN}/deepsql/1.0.0/*"}), {READS}),
    "the bucket denied": (added(**{**DENIED, "Action": "s3:*", "Resource": [ARN, f"{ARN}/*"]}), {READS}),
    "all denied but listing": (
        added(Effect="Deny", NotAction="s3:ListBucket", Resource=f"{ARN}/*"),
        {READS},
    ),
    "an allowance for TLS": (denial(Effect="Allow", Action="s3:GetObject", Resource=f"{ARN}/deepsql/*"), {TLS}),
}


@pytest.mark.parametrize("name", POLICIES)
def test_each_other_policy_is_a_finding(name: str) -> None:
    change, findings = POLICIES[name]
    document: Any = copy.deepcopy(publishing_policy("aws", "b", "deepsql"))
    change(document["Statement"])
    assert failing(document) == findings


@pytest.mark.parametrize(
    "more",
    [
        {**DENIED, "Principal": {"AWS": "444455556666"}},
        {**DENIED, "Resource": f"{ARN}/private/*"},
        {**DENIED, "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"]},
        {**DENIED, "Action": "s3:*", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}},
    ],
    ids=["to one account", "below another prefix", "of deletion", "of old versions of TLS"],
)
def test_a_denial_that_stops_no_reader_is_none(more: dict[str, Any]) -> None:
    document: Any = copy.deepcopy(publishing_policy("aws", "b", "deepsql"))
    added(**more)(document["Statement"])
    assert failing(document) == set()


@pytest.mark.parametrize("principal", [OWN, f"arn:aws:iam::{OWN}:root", [f"arn:aws:iam::{OWN}:role/release", OWN]])
def test_the_owner_s_own_account_may_be_named(principal: object) -> None:
    document: Any = copy.deepcopy(publishing_policy("aws", "b", "deepsql"))
    added(Principal={"AWS": principal}, Action="s3:*", Resource=[ARN, f"{ARN}/*"])(document["Statement"])
    assert failing(document) == set()
    given = BucketSettings("eu-west-1", "Enabled", json.dumps(document), "BucketOwnerEnforced", False)
    unknown = checks(given, "eu-west-1", "aws", "b", "deepsql")
    assert [each.subject for each in unknown if not each.holds] == [ELSE], "where the account is not known"


@pytest.mark.parametrize("policy", ["", "{}", "[]", "junk"])
def test_a_bucket_without_a_policy(policy: str) -> None:
    assert {READS, TLS} <= failing(policy)
    assert ELSE in failing("junk") and ELSE in failing("[]")
