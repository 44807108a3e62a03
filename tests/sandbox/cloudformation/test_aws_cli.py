"""The plain aws CLI on the sandbox: what the vendor's page tells a customer to type."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.sandbox.state import SandboxState, environment
from tests.sandbox.cloudformation.conftest import Stacks
from tests.sandbox.cloudformation.published import ADMIN_PASSWORD, PUBLISHED, previous

Aws = Callable[..., str]
NAME = ("--stack-name", "deepsql-selfhost")


@pytest.fixture
def aws(sandbox: SandboxState) -> Aws:
    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("aws")), *arguments],
            env={**os.environ, **environment(sandbox)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_deploy_share_disable_and_remove(aws: Aws, stacks: Stacks, tmp_path: Path) -> None:
    # the CLI's own waiters look every 30 seconds, so it plans (as `deploy` does) and executes, and we wait
    stacks.name = "deepsql-selfhost"
    template = tmp_path / "stack.yaml"
    template.write_text(PUBLISHED)
    network = ("VpcId=vpc-00000001", "SubnetId=subnet-00000002", f"AdminPassword={ADMIN_PASSWORD}")
    how = ("--capabilities", "CAPABILITY_NAMED_IAM", "--no-execute-changeset")
    deploy = ("cloudformation", "deploy", *NAME, "--template-file", str(template))
    aws(*deploy, *how, "--parameter-overrides", *network)
    waiting = aws(
        "cloudformation", "list-change-sets", *NAME, "--query", "Summaries[0].ChangeSetId", "--output", "text"
    )
    aws("cloudformation", "execute-change-set", "--change-set-name", waiting.strip())
    assert stacks.settled() == "CREATE_COMPLETE"
    query = "Stacks[0].Outputs[?OutputKey=='SupportSecretArn'].OutputValue"
    secret = aws("cloudformation", "describe-stacks", *NAME, "--query", query, "--output", "text").strip()
    key = json.loads(
        aws("secretsmanager", "get-secret-value", "--secret-id", secret, "--query", "SecretString", "--output", "text")
    )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws("secretsmanager", "put-resource-policy", "--secret-id", secret, "--resource-policy", policy)
    user = ("--user-name", "deepsql-support")
    aws("iam", "update-access-key", *user, "--access-key-id", key["AccessKeyId"], "--status", "Inactive")
    status = aws("iam", "list-access-keys", *user, "--query", "AccessKeyMetadata[0].Status", "--output", "text")
    assert status.strip() == "Inactive"
    flip = json.dumps(previous("VpcId", "SubnetId", "AdminPassword", CreateSupportUser="No"))
    aws(
        "cloudformation", "update-stack", *NAME, "--use-previous-template", "--parameters", flip, "--capabilities",
        "CAPABILITY_NAMED_IAM",
    )  # fmt: skip
    assert stacks.settled() == "UPDATE_COMPLETE"
    assert json.loads(aws("iam", "list-users", "--output", "json"))["Users"] == []
