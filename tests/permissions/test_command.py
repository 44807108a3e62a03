"""`deployer permissions` as it is typed: the two parts, the files, and what it refuses."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.embedded import run

ACCOUNT = ("--account", "111122223333")


def test_a_service_role_takes_the_part_of_cloudformation(tmp_path: Path) -> None:
    done = run("permissions", "up", *ACCOUNT, "--service-role", "cfn", "--directory", str(tmp_path), "--output", "json")
    assert done.code == 0, done.err
    by_name = {each["name"]: each for each in done.result["policies"]}
    assert {each["whose"] for each in by_name.values()} == {"person", "service role"}
    for name, policy in by_name.items():
        text = json.dumps(policy["document"])
        assert json.loads((tmp_path / f"{name}.json").read_text()) == policy["document"]
        assert "aws:CalledVia" not in text
    person = json.dumps([each["document"] for each in by_name.values() if each["whose"] == "person"])
    assert "iam:CreateRole" not in person
    assert "arn:aws:iam::111122223333:role/cfn" in person
    trust = json.loads((tmp_path / "cfn-trust.json").read_text())
    assert trust["Statement"][0]["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def statements(*words: str) -> list[dict[str, object]]:
    policies = run("permissions", *words, *ACCOUNT, "--output", "json").result["policies"]
    return [statement for policy in policies for statement in policy["document"]["Statement"]]


def test_a_service_role_may_be_given_by_the_arn_that_up_takes() -> None:
    role = "arn:aws:iam::111122223333:role/cfn"
    (passed,) = (each for each in statements("up", "--service-role", role) if each["Sid"] == "PassTheServiceRole")
    assert passed["Resource"] == role


@pytest.mark.parametrize(("verb", "listed"), [("up", True), ("status", False)])
def test_a_bucket_for_the_template_is_listed_where_it_is_used(verb: str, listed: bool) -> None:
    chosen = [each for each in statements(verb, "--s3-bucket", "templates") if each["Sid"] == "UseTheTemplateBucket"]
    wanted = {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::templates/*", "Effect": "Allow"}
    assert chosen == ([{"Sid": "UseTheTemplateBucket", **wanted}] if listed else [])


def test_the_text_ends_with_commands_that_create_what_was_written(tmp_path: Path) -> None:
    done = run("permissions", "status", *ACCOUNT, "--directory", str(tmp_path))
    create = shlex.split(next(line for line in done.out.splitlines() if "create-policy" in line))
    assert create[:3] == ["aws", "iam", "create-policy"]
    assert Path(create[-1].removeprefix("file://")).read_text().startswith('{\n  "Version"')


def test_without_an_account_it_is_the_callers() -> None:
    assert run("permissions", "status", "--output", "json").result["account"] == "111122223333"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("lint",), "lint"),
        (("status", "--account", "12"), "12 cannot be the number of an account"),
        (("up", *ACCOUNT, "--service-role", "arn:aws:iam::111122223333:role/path/cfn"), "takes the name of a role"),
        (("up", *ACCOUNT, "--s3-bucket", "s3://templates"), "takes the name of a bucket"),
    ],
)
def test_what_is_no_command_or_no_account_is_refused(words: tuple[str, ...], names: str) -> None:
    done = run("permissions", *words)
    assert done.code == 2
    assert names in done.err
