"""Who signs a call where the shell's keys and an environment's profile name two: asked of the sandbox, by calls."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.embedded import Deployer, run


@pytest.fixture
def theirs(deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user `li` in profile theirs, which environment e names; the shell has the keys of root."""
    iam = deployer.gateway.client("iam")
    iam.create_user(UserName="li")
    key = iam.create_access_key(UserName="li")["AccessKey"]
    (tmp_path / "aws").write_text(
        f"[default]\n[profile theirs]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\nregion = {os.environ['AWS_REGION']}\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws"))
    assert run("config", "set", "--env", "e", "profile", "theirs").code == 0


SIGNERS = [
    ((), "root"),
    (("--env", "e"), "user/li"),
    (("--profile", "theirs"), "user/li"),
    (("--env", "e", "--profile", "theirs"), "user/li"),
]


@pytest.mark.parametrize(("typed", "signer"), SIGNERS, ids=lambda given: " ".join(given) if given else "nothing")
def test_the_call_is_signed_by_the_keys_of_what_was_typed(
    typed: tuple[str, ...], signer: str, theirs: None, deployer: Deployer
) -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"], (
        "the shell has keys, which botocore takes before a profile that is not named"
    )
    assert f":{signer}" in deployer("doctor", *typed).out, "the answer of GetCallerIdentity"
    looked = deployer("status", *typed)
    if signer == "root":
        assert looked.code == 0, looked.err
    else:  # li may nothing, and AWS says of whom it speaks
        assert looked.code == 1 and f":{signer} is not authorized" in looked.err, looked.err


@pytest.mark.parametrize("chosen", ["variable", "stored"])
def test_an_environment_that_was_not_typed_does_not_take_the_shells_keys_away(
    chosen: str, theirs: None, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if chosen == "variable":
        monkeypatch.setenv("DEPLOYER_ENV", "e")
    else:
        assert run("config", "set", "environment", "e").code == 0
    assert deployer("status").code == 0
    assert ":root" in deployer("doctor").out
