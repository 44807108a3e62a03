"""`db policy`: with the policy it prints, and nothing else, a person is in; as another access level's user not."""

from __future__ import annotations

import json
import uuid

import pytest
import yaml

from .test_revoke import LOCAL, Client, as_root, aws, bundle, client_program, deployer  # noqa: F401 - fixtures
from .test_revoke import Deployer as Deployed


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_the_policy_printed_is_enough_for_its_own_access_level_and_no_other(
    form: str,
    aws: Client,  # noqa: F811
    deployer: Deployed,  # noqa: F811
    bundle: str,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    iam, identity = aws("iam"), f"user{uuid.uuid4().hex[:6]}"
    with as_root(monkeypatch):
        assert deployer("db", "bootstrap", *LOCAL, "--for", f"{identity}=rw", "--yes").code == 0
        printed = Deployed("deepsql-selfhost")("db", "policy", "--user", f"{identity}_r", "--format", form)
    assert printed.code == 0, printed.err
    policy = yaml.safe_load(printed.out) if form == "yaml" else json.loads(printed.out)
    iam.create_user(UserName=identity)
    iam.put_user_policy(UserName=identity, PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=identity)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    asked = deployer("db", "connect", *LOCAL, "-c", "SELECT current_user")
    assert asked.code == 0, asked.out
    assert f"{identity}_r" in asked.result["output"]
    refused = deployer("db", "connect", *LOCAL, "--permission", "w", "-c", "SELECT 1")
    assert (refused.code, refused.error["code"]) == (1, "iam-refused")
