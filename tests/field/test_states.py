"""An instance that is stopped, a document or log group that is deleted: each verb says so, and the way back."""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import pytest
from botocore.session import Session

from tests.api_calls import recorded
from tests.embedded import Deployer, Outcome, run
from tests.field.conftest import STACK

AWS = Path(sys.executable).with_name("aws")
SHELL, TUNNEL = ("connect",), ("connect", "-L", "0:localhost:3035", "--exec", "true")
RUN, PROXY = ("run", "true"), ("ssh-proxy", "INSTANCE")
COPY, COPY_BY_SSH = ("cp", "--via", "session", "FILE", ":/tmp/x"), ("cp", "--via", "ssh", "FILE", ":/tmp/x")
TO_APP = ("--dbname", "app", "--ca-bundle", certifi.where(), "--local-port", "0")
DB = ("db", "connect", "-c", "SELECT 1", *TO_APP)
BOOTSTRAP = ("db", "bootstrap", "--password-stdin", *TO_APP, "--yes")
Verb = tuple[str, ...]


def client(service: str) -> Any:
    return Session().create_client(service)


def physical(logical_id: str) -> str:
    return Deployer(STACK).physical_ids()[logical_id]


def document(*logical_ids: str) -> Callable[[], object]:
    return lambda: [client("ssm").delete_document(Name=physical(each)) for each in logical_ids]


def log_group_made_anew() -> None:
    logs, name = client("logs"), physical("SessionLogGroup")
    logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=name)


@dataclass(frozen=True)
class ByHand:
    """What a person did, the words that tell it, the command that restores it, and which verbs fail because of it."""

    act: Callable[[], object]
    words: str
    command: str
    verbs: Sequence[Verb]


START = "aws ec2 start-instances --instance-ids "
DRIFT = "aws cloudformation create-change-set .*--deployment-mode REVERT_DRIFT"
STATES = {
    "instance stopped": ByHand(
        lambda: client("ec2").stop_instances(InstanceIds=[physical("Instance")]),
        "The instance i-[0-9a-f]+ is stopped: no session or command can be started on it.",
        START,
        (SHELL, TUNNEL, COPY, COPY_BY_SSH, PROXY, RUN, DB, BOOTSTRAP),
    ),
    "instance terminated": ByHand(
        lambda: client("ec2").terminate_instances(InstanceIds=[physical("Instance")]),
        "The instance i-[0-9a-f]+ is terminated: no session or command can be started on it.",
        "deployer upgrade --replace-instance --allow-replacement Instance ",
        (SHELL, TUNNEL, COPY, COPY_BY_SSH, PROXY, RUN, DB, BOOTSTRAP),
    ),
    "role taken from the profile": ByHand(
        lambda: client("iam").remove_role_from_instance_profile(
            InstanceProfileName=physical("InstanceProfile"), RoleName=physical("InstanceRole")
        ),
        "The instance profile .* is without its role .*: the instance's agent loses its credentials",
        "aws iam add-role-to-instance-profile ",
        (SHELL, TUNNEL, COPY, RUN, DB, BOOTSTRAP),
    ),
    "port document deleted": ByHand(
        document("PortDocument"),
        "The session document deepsql-port-i-.* is deleted: sessions by it cannot be started.",
        DRIFT,
        (TUNNEL,),
    ),
    "SSH document deleted": ByHand(
        document("SshDocument"),
        "The session document deepsql-ssh-i-.* is deleted: sessions by it cannot be started.",
        DRIFT,
        (PROXY,),
    ),
    "shell documents deleted": ByHand(
        document("ShellDocument", "CustomerShellDocument"),
        "The session document deepsql-.*shell-i-.* is deleted: sessions by it cannot be started.",
        DRIFT,
        (SHELL, COPY),
    ),
    "database document deleted": ByHand(
        document("DatabaseDocument"),
        "The session document deepsql-database-i-.* is deleted: sessions by it cannot be started.",
        DRIFT,
        (DB, BOOTSTRAP),
    ),
    "session log group deleted": ByHand(
        lambda: client("logs").delete_log_group(logGroupName=physical("SessionLogGroup")),
        "The session log group .* is deleted: shells of support do not start, or are not logged.",
        "aws logs create-log-group ",
        (SHELL, COPY),
    ),
    "session log group made anew": ByHand(
        log_group_made_anew,
        "The session log group .* is without its key: shells of support do not start, or are not logged.",
        "aws logs associate-kms-key ",
        (SHELL, COPY),
    ),
}
CASES = [
    pytest.param(state, verb, id=f"{name}: {' '.join(verb[:2])}")
    for name, state in STATES.items()
    for verb in state.verbs
]
Type = Callable[[Verb], Outcome]


@pytest.fixture
def typed(deployer: Deployer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Types a verb; what carries SSH reads the standard input of its process, and is given one of its own."""
    (tmp_path / "file").write_text("x")
    words = {"FILE": str(tmp_path / "file"), "INSTANCE": physical("Instance")}

    def type_(verb: Verb) -> Outcome:
        argv = [words.get(word, word) for word in verb]
        if verb is not PROXY:
            monkeypatch.setattr("sys.stdin", io.StringIO("exit\n"))
            return run(*argv)
        command = [sys.executable, "-m", "generator", *argv]
        done = subprocess.run(command, input="", capture_output=True, text=True, timeout=60, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return type_


@pytest.mark.parametrize(("state", "verb"), CASES)
def test_each_verb_says_the_same_sentence_and_the_way_back(state: ByHand, verb: Verb, typed: Type) -> None:
    state.act()
    failed = typed(verb)
    assert failed.code in (1, 4), failed.err
    assert re.search(f"^error: {state.words}", failed.err, re.M), failed.err
    assert re.search(f"Restore it with: {state.command}", failed.err), failed.err


def commands(text: str) -> list[list[str]]:
    return [shlex.split(found) for found in re.findall(r"^ *(?:next: )?(?:Restore it with|Then): (.*)$", text, re.M)]


@pytest.mark.parametrize(
    ("name", "verb"),
    [("instance stopped", TUNNEL), ("session log group deleted", SHELL), ("session log group made anew", SHELL)],
)
def test_what_is_printed_restores_it(name: str, verb: Verb, typed: Type) -> None:
    STATES[name].act()
    for words in commands(typed(verb).err):
        subprocess.run([AWS, *words[1:]], check=True, capture_output=True, timeout=60)
    again = typed(verb)
    assert again.code == 0, again.err


def test_a_verb_that_succeeds_asks_about_no_resource(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    made = recorded(monkeypatch)
    for verb in (TUNNEL, SHELL, RUN):
        assert typed(verb).code == 0
    assert not {"DescribeInstances", "GetDocument", "DescribeLogGroups", "DescribeKey", "GetInstanceProfile"} & set(
        made
    )


def test_an_agent_that_is_offline_on_an_instance_as_it_was_made_is_called_that(typed: Type) -> None:
    role = physical("InstanceRole")
    for policy in client("iam").list_role_policies(RoleName=role)["PolicyNames"]:
        client("iam").delete_role_policy(RoleName=role, PolicyName=policy)
    for policy in client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        client("iam").detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    failed = typed(TUNNEL)
    assert failed.code == 1 and "is not connected to Systems Manager" in failed.err, failed.err


def test_a_document_that_was_mistyped_is_not_blamed_on_another_that_is_gone(typed: Type) -> None:
    document("PortDocument")()
    failed = typed(("connect", "--document", "deepsql-shel"))
    assert "There is no session document deepsql-shel in" in failed.err and "REVERT_DRIFT" not in failed.err, failed.err


@pytest.mark.parametrize("state", ["stop_instances", "terminate_instances"])
def test_another_host_of_the_customers_is_told_by_its_own_state(state: str, typed: Type) -> None:
    ec2 = client("ec2")
    image = {"ImageId": "ami-00000001", "InstanceType": "t4g.medium", "MinCount": 1, "MaxCount": 1}
    host = ec2.run_instances(**image)["Instances"][0]["InstanceId"]
    getattr(ec2, state)(InstanceIds=[host])
    failed = typed(("connect", host))
    word, way = ("stopped", START + host) if state.startswith("stop") else ("terminated", "or name another instance.")
    assert f"The instance {host} is {word}: no session or command can be started on it." in failed.err, failed.err
    assert way in failed.err and "upgrade --replace-instance" not in failed.err, failed.err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("i-0123456789abcdef0", "The instance i-0123456789abcdef0 is not in this account and region: no session"),
        ("mi-0123456789abcdef0", "The agent of mi-0123456789abcdef0 is not connected to Systems Manager."),
    ],
)
def test_an_id_that_is_mistyped_or_no_instance_of_ec2s_is_not_called_terminated(
    target: str, said: str, typed: Type
) -> None:
    failed = typed(("connect", target))
    assert failed.code == 1 and said in failed.err and "terminated" not in failed.err, failed.err


def test_support_is_not_asked_for_what_it_may_not_read(
    typed: Type, deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refused call would be an entry in the customer's trail."""
    key = json.loads(deployer.gateway.secretsmanager.get_secret_value(deployer.outputs["SupportSecretArn"]))
    instance = physical("Instance")
    STATES["instance stopped"].act()
    made = recorded(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    failed = typed(("connect", instance, *TUNNEL[1:]))
    assert failed.code == 1 and f"The agent of {instance} is not connected" in failed.err, failed.err
    assert set(made) == {"DescribeStacks", "StartSession"}
