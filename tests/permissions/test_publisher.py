"""Whoever publishes, with exactly the policy that is printed, and without each action of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from generator.gateway.aws import Gateway
from generator.model.deployment import Deployment
from generator.model.permissions import PUBLISH, call_actions, verbs
from tests.embedded import Outcome, environment, run
from tests.permissions.conftest import Employ
from tests.publishing_bucket import BUCKET, make_bucket
from tests.signing.conftest import PASSPHRASE

BLOCK = "s3:GetAccountPublicAccessBlock"  # whose lack leaves one check unanswered
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bucket(leads: dict[str, str]) -> Iterator[str]:
    with environment(leads):
        make_bucket(Gateway(Deployment()).client("s3"))
    yield BUCKET


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    monkeypatch.setenv("DEPLOYER_SIGNING_PASSPHRASE", PASSPHRASE)

    def publish(*argv: str) -> Outcome:
        files = ("--lock", str(ROOT / "requirements.lock"), "--changelog", str(ROOT / "CHANGELOG.md"))
        return run("publish", "--bucket", BUCKET, *files, "--yes", *argv)

    return publish


def test_it_succeeds_with_exactly_its_policy_and_a_key_in_kms(
    bucket: str, publish: Any, employ: Employ, leads: dict[str, str]
) -> None:
    kms = Gateway(Deployment()).client("kms")
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signer = ("--key", f"awskms:///{key}")
    person = employ("s", "publish", "--s3-bucket", bucket, "--signing-key", f"awskms:///{key}")
    for action in (*sorted(call_actions(PUBLISH) - {BLOCK}), "kms:Sign", "kms:GetPublicKey"):
        with person.acting(action):
            refused = publish(*signer, "--prefix", "deepsql")
        assert refused.code == 1 and action in refused.err and "Something between" not in refused.err, (
            action,
            refused.err,
        )
    with person.acting(BLOCK):
        unknown = publish(*signer, "--plan")
        assert unknown.code == 0 and "own block is not known" in unknown.out, (unknown.out, unknown.err)
    with person.acting():
        done = publish(*signer)
        assert done.code == 0, done.err
        assert publish(*signer, "--prefix", "elsewhere").code != 0


def test_its_statements_name_the_bucket_the_prefix_and_the_key() -> None:
    key = "awskms:///arn:aws:kms:us-east-1:111122223333:key/k-1"
    argv = ("--s3-bucket", "templates", "--prefix", "p/q", "--signing-key", key)
    printed = run("permissions", "publish", *argv, "--account", "111122223333", "--output", "json").result
    [policy] = printed["policies"]
    assert printed["verbs"] == [PUBLISH] and policy["name"] == "deepsql-publisher-1"
    assert {each["Sid"]: each["Resource"] for each in policy["document"]["Statement"]} == {
        "WriteWhatIsPublished": "arn:aws:s3:::templates/p/q/*",
        "CheckTheBucket": "arn:aws:s3:::templates",
        "CheckTheAccount": "*",
        "SignWithTheKey": "arn:aws:kms:us-east-1:111122223333:key/k-1",
    }


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("publish",), "--s3-bucket NAME"),
        (("publish", "--s3-bucket", "templates", "--signing-key", "awskms:///alias/a"), "awskms:///ID"),
        (("publish", "keys"), "There is no command"),
    ],
)
def test_what_it_cannot_say_is_refused(argv: tuple[str, ...], says: str) -> None:
    done = run("permissions", *argv, "--account", "111122223333")
    assert (done.code, says in done.err) == (2, True), done.err


@pytest.mark.parametrize(("key", "listed"), [("awskms:///k-1", True), ("ours.key", False)])
def test_a_key_that_signs_reports_is_listed_where_it_is_in_kms(key: str, listed: bool) -> None:
    argv = ("--account", "111122223333", "--signing-key", key, "--output", "json")
    printed = run("permissions", "access", "revoke", *argv).result["policies"]
    assert ("kms:Sign" in json.dumps(printed)) is listed


def test_all_is_everything_about_a_stack() -> None:
    assert PUBLISH not in verbs()
    assert run("permissions", "all", "--account", "111122223333").code == 0
