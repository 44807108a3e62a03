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
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from botocore.session import Session

from tests.api_calls import recorded
from tests.embedded import VENDOR_ROLE, Deployer, Outcome, run
from tests.field.conftest import STACK

AWS = Path(sys.executable).with_name("aws")
SHELL, TUNNEL = ("connect",), ("connect", "-L", "0:localhost:3035", "--exec", "true")
ELSEWHERE = tuple(("connect", "-L", f"0:{end}", "--exec", "true") for end in ("localhost:8080", "db.internal:5432"))
RUN, PROXY, SSH = ("run", "true"), ("ssh-proxy", "INSTANCE"), ("ssh", "INSTANCE", "true")
COPY, COPY_BY_SSH = ("cp", "--via", "session", "FILE", ":/tmp/x"), ("cp", "--via", "ssh", "FILE", ":/tmp/x")
TO_APP = ("--dbname", "app", "--ca-bundle", certifi.where(), "--local-port", "0")
DB = ("db", "connect", "-c", "SELECT 1", *TO_APP)
ACTIVITY = ("db", "activity", *TO_APP)
ENCRYPTED = ("connect", "--document", "encrypted-with-the-stacks-key")
COPY_ENCRYPTED = (*COPY, "--document", "encrypted-with-the-stacks-key")
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


def document_with_the_key(then: Callable[[Any, str], object]) -> Callable[[], object]:
    """A document of the customer's own that encrypts its sessions with the stack's key; `then` is done to the key."""

    def act() -> None:
        key = physical("StackKey")
        off = ("runAsEnabled", "s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "cloudWatchStreamingEnabled")
        inputs = {"kmsKeyId": key, **dict.fromkeys(off, False)}
        content = {"schemaVersion": "1.0", "sessionType": "Standard_Stream", "inputs": inputs}
        given = {"Name": ENCRYPTED[-1], "DocumentType": "Session", "Content": json.dumps(content)}
        client("ssm").create_document(**given)
        then(client("kms"), key)

    return act


@dataclass(frozen=True)
class ByHand:
    """What a person did, the words that tell it, the command that restores it, and which verbs fail because of it."""

    act: Callable[[], object]
    words: str
    command: str
    verbs: Sequence[Verb]


START = "aws ec2 start-instances --instance-ids "
KEY = "nothing can be encrypted, decrypted or signed with it"
DRIFT = "aws cloudformation create-change-set .*--deployment-mode REVERT_DRIFT"
STATES = {
    "instance stopped": ByHand(
        lambda: client("ec2").stop_instances(InstanceIds=[physical("Instance")]),
        "The instance i-[0-9a-f]+ is stopped: no session or command can be started on it.",
        START,
        (SHELL, TUNNEL, *ELSEWHERE, COPY, COPY_BY_SSH, SSH, PROXY, RUN, DB, ACTIVITY, BOOTSTRAP),
    ),
    "instance terminated": ByHand(
        lambda: client("ec2").terminate_instances(InstanceIds=[physical("Instance")]),
        "The instance i-[0-9a-f]+ is terminated: no session or command can be started on it.",
        DRIFT,
        (SHELL, TUNNEL, COPY, COPY_BY_SSH, SSH, PROXY, RUN, DB, ACTIVITY, BOOTSTRAP),
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
    "key disabled": ByHand(
        document_with_the_key(lambda kms, key: kms.disable_key(KeyId=key)),
        f"The key arn:aws:kms:.* is disabled: {KEY}",
        "aws kms enable-key ",
        (ENCRYPTED, COPY_ENCRYPTED),
    ),
    "key pending deletion": ByHand(
        document_with_the_key(lambda kms, key: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)),
        f"The key arn:aws:kms:.* is pending deletion.*: {KEY}",
        "aws kms cancel-key-deletion ",
        (ENCRYPTED, COPY_ENCRYPTED),
    ),
    "session log group made anew": ByHand(
        log_group_made_anew,
        "The session log group .* is without its key: shells of support do not start, or are not logged.",
        "aws logs associate-kms-key ",
        (SHELL, COPY),
    ),
}
CASES = [
    pytest.param(state, verb, id=f"{name}: {' '.join(verb[:3])}")
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


def keeper_deleted() -> None:
    client("lambda").delete_function(FunctionName=physical("KeeperFunction"))


def rule_deleted() -> None:
    granted = run("access", "grant", "--principal", VENDOR_ROLE, "--yes")
    assert granted.code == 0, granted.err
    events, rule = client("events"), physical("AccessEndRule")
    targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in targets])
    events.delete_rule(Name=rule)


def profile_deleted() -> None:
    STATES["role taken from the profile"].act()
    client("iam").delete_instance_profile(InstanceProfileName=physical("InstanceProfile"))


def instance_role_deleted() -> None:
    iam, role = client("iam"), physical("InstanceRole")
    STATES["role taken from the profile"].act()
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)


def profile_and_role_deleted() -> None:
    profile = physical("InstanceProfile")
    instance_role_deleted()
    client("iam").delete_instance_profile(InstanceProfileName=profile)


LOST = {
    "keeper deleted": keeper_deleted,
    "rule deleted": rule_deleted,
    "instance profile deleted": profile_deleted,
    "instance role deleted": instance_role_deleted,
    "instance profile and role deleted": profile_and_role_deleted,
    "keeper and documents deleted": lambda: (keeper_deleted(), STATES["port document deleted"].act()),
}


def missing(deployer: Deployer) -> list[dict[str, str]]:
    return [row for row in deployer("doctor", "--output", "json").result if row["verdict"] == "missing"]


@pytest.mark.parametrize("name", [*STATES, *LOST])
def test_what_is_printed_restores_it(name: str, deployer: Deployer, typed: Type) -> None:
    """Each command as doctor prints it, in that order, and nothing besides; then sessions and rotation work too."""
    before, instance = missing(deployer), physical("Instance")
    (LOST[name] if name in LOST else STATES[name].act)()
    rows = [row for row in missing(deployer) if row not in before]
    printed = [words for row in rows for words in commands(row["hint"])]
    assert printed, rows
    for words in dict.fromkeys(tuple(words) for words in printed):
        paste(words)
    assert missing(deployer) == before
    for verb in (TUNNEL, SHELL):
        assert typed(verb).code == 0, verb
    assert deployer("access", "rotate", "--yes").code == 0
    assert (physical("Instance") == instance) == (name != "instance terminated")


def test_a_role_that_may_not_be_asked_for_is_taken_to_be_there(
    deployer: Deployer, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BaseClient._make_api_call

    def call(self: Any, operation: str, params: Any) -> Any:
        if operation == "GetRole":
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "is not authorized"}}, operation)
        return real(self, operation, params)

    STATES["role taken from the profile"].act()
    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    assert "Restore it with: aws iam add-role-to-instance-profile " in typed(SHELL).err


def paste(words: Sequence[str]) -> None:
    if words[0] == "deployer":
        done = run(*words[1:], "--yes")
        assert done.code == 0 or "stack updated" in done.err + done.out, (words, done)  # the database is not asked
    else:
        aws = subprocess.run([AWS, *words[1:]], check=False, capture_output=True, text=True, timeout=120)
        assert aws.returncode == 0, (words, aws.stderr)


def test_a_verb_that_succeeds_asks_about_no_resource(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    made = recorded(monkeypatch)
    for verb in (TUNNEL, SHELL, RUN):
        assert typed(verb).code == 0
    assert not {"DescribeInstances", "GetDocument", "DescribeLogGroups", "DescribeKey", "GetInstanceProfile"} & set(
        made
    )


def transcripts() -> list[Any]:
    """The streams of the session log in which something is written."""
    found = client("logs").describe_log_streams(logGroupName=physical("SessionLogGroup"))["logStreams"]
    return [stream for stream in found if stream.get("lastEventTimestamp")]


@pytest.mark.parametrize("name", ["key disabled", "key pending deletion"])
def test_what_needs_no_key_goes_on_and_is_not_written_down(
    name: str, typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it is with the agent: it writes into its own log that a transcript was refused (record 49)."""
    assert typed(SHELL).code == 0 and len(transcripts()) == 1
    STATES[name].act()
    made = recorded(monkeypatch)
    for verb in (SHELL, TUNNEL, RUN):
        done = typed(verb)
        assert done.code == 0 and "key" not in done.err, (verb, done.err)
    assert "DescribeKey" not in made
    assert len(transcripts()) == 1
    shown = run("access", "show")
    assert re.search("key arn:aws:kms:.*no shell of support is logged", shown.out + shown.err), shown.out + shown.err


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


@pytest.mark.parametrize("words", [(), ("-L", "0:localhost:22"), ("-L", "0:db.internal:5432")], ids=" ".join)
@pytest.mark.parametrize("state", ["stop_instances", "terminate_instances"])
def test_another_host_of_the_customers_is_told_by_its_own_state(
    state: str, words: tuple[str, ...], typed: Type
) -> None:
    ec2 = client("ec2")
    image = {"ImageId": "ami-00000001", "InstanceType": "t4g.medium", "MinCount": 1, "MaxCount": 1}
    host = ec2.run_instances(**image)["Instances"][0]["InstanceId"]
    getattr(ec2, state)(InstanceIds=[host])
    failed = typed(("connect", host, *words))
    word, way = ("stopped", START + host) if state.startswith("stop") else ("terminated", "or name another instance.")
    assert f"The instance {host} is {word}: no session or command can be started on it." in failed.err, failed.err
    assert way in failed.err and "REVERT_DRIFT" not in failed.err, failed.err


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
