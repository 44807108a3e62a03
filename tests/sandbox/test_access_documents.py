"""What is refused about policy and session documents, as plain values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generator.errors import DeployerError
from generator.sandbox.policy_documents import Kind, fault, is_public
from generator.sandbox.ssm import session_documents
from generator.sandbox.ssm.shell import ImitatedShell

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(**change: Any) -> str:
    statement = {key: value for key, value in {**ALLOW, **change}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({}, Kind.IDENTITY, ""),
        ({"Principal": "*"}, Kind.RESOURCE, ""),
        ({"Principal": "*", "Resource": None}, Kind.TRUST, ""),
        ({"Effect": "allow"}, Kind.IDENTITY, "Effect must be"),
        ({"Action": None}, Kind.IDENTITY, "must contain actions"),
        ({"Action": "GetObject"}, Kind.IDENTITY, "prefaced by a vendor"),
        ({"NotAction": "s3:*"}, Kind.IDENTITY, "must contain actions"),
        ({"Resource": "bucket"}, Kind.IDENTITY, "ARN format"),
        ({"Principal": "*"}, Kind.IDENTITY, "should not specify a principal"),
        ({}, Kind.RESOURCE, "Missing required field Principal"),
        ({"Principal": "*"}, Kind.TRUST, "prohibited field Resource"),
        ({"Condition": {"BoolIfExist": {"a:b": "true"}}}, Kind.IDENTITY, "Invalid Condition type : BoolIfExist"),
        ({"Condition": {"ForAnyValue:StringLikeIfExists": {"a:b": "c"}}}, Kind.IDENTITY, ""),
        ({"Conditions": {}}, Kind.IDENTITY, "unknown element Conditions"),
    ],
)
def test_a_policy_document_is_refused_with_its_reason(change: dict[str, Any], kind: Kind, words: str) -> None:
    sentence = fault(policy(**change), kind)
    assert words in sentence if words else sentence == ""


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": []}', '{"Version": "2020-01-01", "Statement": []}'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    assert fault(text, Kind.IDENTITY).startswith("Syntax errors in policy")


@pytest.mark.parametrize(
    ("change", "public"),
    [
        ({"Principal": "*"}, True),
        ({"Principal": {"AWS": ["*"]}}, True),
        ({"Principal": {"AWS": "444455556666"}}, False),
        ({"Principal": "*", "Effect": "Deny"}, False),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/a"}}}, False),
        ({"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": "*"}}}, True),
        ({"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": "1"}}}, True),
    ],
)
def test_public_is_what_lets_anyone_in(change: dict[str, Any], public: bool) -> None:
    assert is_public(policy(**change)) is public


PORT = {
    "schemaVersion": "1.0",
    "sessionType": "Port",
    "parameters": {
        "portNumber": {"type": "String", "allowedPattern": "^(3035|5432)$"},
        "localPortNumber": {"type": "String", "default": "0"},
    },
    "properties": {"portNumber": "{{ portNumber }}", "localPortNumber": "{{localPortNumber}}", "host": "db"},
}


def test_parameters_fill_the_document_in() -> None:
    plan = session_documents.plan(PORT, {"portNumber": ["5432"]})
    assert plan.properties == {"portNumber": "5432", "localPortNumber": "0", "host": "db"}


@pytest.mark.parametrize("given", [{}, {"portNumber": ["22"]}, {"portNumber": ["5432"], "host": ["other"]}])
def test_parameters_outside_the_document_are_refused(given: dict[str, list[str]]) -> None:
    with pytest.raises(DeployerError) as caught:
        session_documents.plan(PORT, given)
    assert caught.value.code == "InvalidParameters"


@pytest.mark.parametrize(
    ("script", "code", "out"),
    [
        ("echo 'a b'; whoami", 0, "a b\nssm-user\n"),
        ("false && echo no || echo yes", 0, "yes\n"),
        ("exit 7; echo no", 7, ""),
        ("cat /etc/passwd", 1, ""),
        ("echo $(id)", 127, ""),
        ("echo x > /tmp/x", 127, ""),
        ("run", 127, ""),
        ("echo 'open", 2, ""),
    ],
)
def test_the_imitated_shell_knows_a_few_words_and_nothing_else(script: str, code: int, out: str) -> None:
    done = ImitatedShell("i-1").run(script)
    assert (done.code, done.out) == (code, out)
