"""The customer's own engineers on the sandbox: with the printed policy, and with the stack of `engineers up`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox_keys import control
from tests.sessions import sshd
from tests.sessions.conftest import STACK, Deployer, another_instance, as_support
from tests.sessions.sshd import USER


def test_an_engineer_reaches_what_shares_the_tag_and_nothing_else(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = deployer("access", "policy", "--abac", "team", "--as", "user", "--account", "111122223333",
                       "--region", "us-east-1")  # fmt: skip
    assert printed.code == 0, printed.err
    iam, ec2 = deployer.gateway.client("iam"), deployer.gateway.client("ec2")
    iam.create_user(UserName="alice", Tags=[{"Key": "team", "Value": "blue"}])
    made = iam.create_policy(PolicyName="sessions", PolicyDocument=printed.out)  # longer than a user's inline policy
    iam.attach_user_policy(UserName="alice", PolicyArn=made["Policy"]["Arn"])
    key = iam.create_access_key(UserName="alice")["AccessKey"]

    def connect() -> int:
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
            return deployer("connect", instance, "-L", "0:localhost:3035", "--exec", "true").code

    instance = deployer.instance
    assert connect() == 1
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "team", "Value": "red"}])
    assert connect() == 1
    ec2.create_tags(Resources=[instance], Tags=[{"Key": "team", "Value": "blue"}])
    assert connect() == 0


@pytest.mark.parametrize("kind", ["role", "federated"])
def test_sessions_of_roles_are_known_by_the_tag_aws_puts_on_them(deployer: Deployer, kind: str) -> None:
    printed = json.loads(deployer("access", "policy", "--abac", "team", "--as", kind).out)
    own = next(s for s in printed["Statement"] if s["Sid"] == "ResumeAndEndOwnSessions")
    assert own["Condition"] == {"StringLike": {"ssm:resourceTag/aws:ssmmessages:session-id": "${aws:userid}"}}


def test_what_is_no_tag_key_is_refused(deployer: Deployer) -> None:
    assert deployer("access", "policy", "--abac", "a*b").code == 2


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    }
)


@pytest.fixture
def engineers(deployer: Deployer) -> Iterator[Deployer]:
    """The engineers' stack, beside the product's, and an instance that is no stack's with the tag of a team."""
    lists = ("--ports", "8080,8081", "--remote-host", "db.example.internal", "--remote-ports", "5432")
    commands = ("--fleet-command", "uname", "--interactive-command", "whoami", "--shell", "yes")
    made = deployer("engineers", "up", *lists, *commands, "--yes")
    assert made.code == 0, made.err
    yield deployer
    assert deployer("engineers", "down", "--yes").code == 0


def _policies(deployer: Deployer) -> list[str]:
    outputs = deployer.gateway.cloudformation.describe_stack("deepsql-engineers").outputs
    return [value for key, value in outputs.items() if key.endswith("PolicyArn")]


@pytest.fixture
def other(deployer: Deployer) -> Iterator[str]:
    """An instance that no stack made."""
    with another_instance(deployer, team="blue", Name="web-1") as name:
        yield name


@pytest.fixture
def erin(engineers: Deployer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployer]:
    """Be an engineer with the stack's policy for users, and nothing else, from here on."""
    iam = engineers.gateway.client("iam")
    outputs = engineers.gateway.cloudformation.describe_stack("deepsql-engineers").outputs
    iam.create_user(UserName="erin", Tags=[{"Key": "team", "Value": "blue"}])
    iam.attach_user_policy(UserName="erin", PolicyArn=outputs["UsersPolicyArn"])
    key = iam.create_access_key(UserName="erin")["AccessKey"]
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
        patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
        yield engineers
    iam.detach_user_policy(UserName="erin", PolicyArn=outputs["UsersPolicyArn"])
    iam.delete_access_key(UserName="erin", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="erin")


@pytest.mark.parametrize(
    ("far_end", "code", "says"),
    [
        ("localhost:8080", 0, "deepsql-engineers-port is used"),
        ("localhost:8081", 0, "deepsql-engineers-port is used"),
        ("localhost:9090", 1, "deepsql-engineers-port does not allow port 9090"),
        ("db.example.internal:5432", 0, "deepsql-engineers-remote-port is used"),
        ("db.example.internal:22", 1, "does not allow db.example.internal:22"),
        ("dbxexample.internal:5432", 1, "does not allow dbxexample.internal:5432"),
    ],
)
def test_an_engineer_reaches_what_is_listed_on_any_instance_of_the_team(
    erin: Deployer, other: str, far_end: str, code: int, says: str
) -> None:
    done = erin("connect", other, "-L", f"0:{far_end}", "--exec", "true")
    assert (done.code, says in done.err) == (code, True), done.err


def test_an_engineer_runs_what_is_listed_and_nothing_else(erin: Deployer, other: str) -> None:
    done = erin("run", "--tag", "Name=web-1", "uname")
    assert done.code == 0 and "deepsql-engineers-run is used" in done.err, done.err
    refused = erin("run", "--instance-id", other, "cat /etc/shadow")
    assert refused.code == 1 and "does not allow the command cat /etc/shadow" in refused.err
    assert erin("run", "--instance-id", other, "--document", "AWS-RunShellScript", "uname").code == 1
    erin.gateway.client("ec2").create_tags(Resources=[other], Tags=[{"Key": "team", "Value": "red"}])
    assert erin("run", "--instance-id", other, "uname").code == 1, "it is another team's now"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--parameter", "command=whoami"), 0, "Opening a session with deepsql-engineers-command on"),
        (
            ("--parameter", "command=cat /etc/shadow"),
            1,
            "deepsql-engineers-command does not allow command=cat /etc/shadow",
        ),
        (("--parameter", "command=whoami; id"), 1, "does not allow command=whoami; id"),
        (("--parameter", "cmd=whoami"), 1, "does not allow cmd=whoami"),
        ((), 1, "deepsql-engineers-command needs parameters, and none was given"),
    ],
)
def test_an_engineer_types_a_listed_command_in_a_session(
    words: tuple[str, ...], code: int, says: str, erin: Deployer, other: str
) -> None:
    done = erin("connect", other, "--document", "deepsql-engineers-command", *words)
    assert (done.code, says in done.err) == (code, True), done.err
    assert ("ssm-user" in done.out) == (code == 0), done.out
    assert code == 0 or "deployer engineers status --stack-name deepsql-engineers" in done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--parameter", "command=whoami"), "and none is named"),
        (("--document", "d", "--parameter", "whoami"), "'whoami' is not a parameter with its value"),
        (("--document", "d", "--parameter", "=whoami"), "'=whoami' is not a parameter with its value"),
        (("--document", "d", "--parameter", "a=1", "--parameter", "a=2"), "The parameter a is given twice"),
        (("--document", "d", "-L", "0:localhost:80", "--parameter", "a=1"), "A tunnel's parameters are those of -L"),
    ],
)
def test_a_parameter_that_belongs_to_no_document_starts_nothing(
    words: tuple[str, ...], says: str, deployer: Deployer
) -> None:
    refused = deployer("connect", *words)
    assert refused.code == 2 and says in refused.err


def test_support_gets_nothing_of_it(engineers: Deployer, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"deepsql-engineers-{kind}" for kind in ("port", "remote-port", "command", "shell", "ssh")]
    with monkeypatch.context() as patch:
        as_support(engineers, patch)
        for name in names:
            done = engineers("connect", engineers.instance, "-L", "0:localhost:8080", "--exec", "true",
                             "--document", name)  # fmt: skip
            assert done.code == 1 and f"You may not use {name}" in done.err, done.err
        assert engineers("run", "--instance-id", engineers.instance, "uname").code == 1


def test_the_products_stack_and_its_name_have_nothing_to_do_with_it(engineers: Deployer) -> None:
    """DEPLOYER_STACK_NAME names the product's stack here: the engineers' has a name of its own."""
    before = engineers.gateway.cloudformation.describe_stack(STACK)
    refused = engineers("engineers", "up", "--stack-name", STACK, "--ports", "1", "--yes")
    assert refused.code == 3 and f"the stack {STACK} is not one of deployer engineers" in refused.err
    assert engineers("engineers", "down", "--stack-name", STACK, "--yes").code == 3
    assert engineers.gateway.cloudformation.describe_stack(STACK) == before


def test_the_question_names_the_place(deployer: Deployer) -> None:
    asked = deployer("engineers", "up", "--ports", "8080")
    place = "in the sandbox (account 111122223333, region us-east-1)?"
    assert asked.code == 2 and f"Create the stack deepsql-engineers {place}" in asked.err


def test_a_list_is_replaced_and_what_is_not_given_stays(engineers: Deployer) -> None:
    changed = engineers("engineers", "up", "--ports", "9000", "--fleet-command", "", "--yes")
    assert changed.code == 0, changed.err
    shown = engineers("engineers", "status").out
    assert "9000" in shown and "8080" not in shown and "deepsql-engineers-run" not in shown
    assert "db.example.internal at ports 5432" in shown and "whoami" in shown


def test_no_port_is_open_that_nobody_listed(deployer: Deployer) -> None:
    assert deployer("engineers", "up", "--fleet-command", "uname", "--yes").code == 0
    outputs = deployer.gateway.cloudformation.describe_stack("deepsql-engineers").outputs
    assert deployer("engineers", "down", "--yes").code == 0
    assert outputs.get("RunDocumentName") and "PortDocumentName" not in outputs


def test_a_policy_that_somebody_has_keeps_the_stack(engineers: Deployer) -> None:
    iam, arn = engineers.gateway.client("iam"), _policies(engineers)[0]
    iam.create_role(RoleName="ops", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="ops", PolicyArn=arn)
    assert "attached to role/ops" in engineers("engineers", "status").out
    refused = engineers("engineers", "down", "--yes")
    iam.detach_role_policy(RoleName="ops", PolicyArn=arn)
    iam.delete_role(RoleName="ops")
    assert refused.code == 3 and f"detach-role-policy --role-name ops --policy-arn {arn}" in refused.err
    assert engineers.gateway.cloudformation.find_stack("deepsql-engineers")


def test_a_log_group_that_would_log_nothing_is_refused_before_anything_is_made(deployer: Deployer) -> None:
    for name in ("no-such-group", "prod-KeeperLogGroup-1A2B3C"):
        refused = deployer("engineers", "up", "--shell", "yes", "--log-group", name, "--yes")
        assert refused.code == 3 and f"The log group {name} is" in refused.err, refused.err
    assert deployer.gateway.cloudformation.find_stack("deepsql-engineers") is None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (("--ports", "80-90"), "--ports cannot be '80-90'"),
        (("--ports", "70000"), "70000 is no port"),
        (("--remote-ports", "0", "--remote-host", "db"), "0 is no port"),
        (("--remote-host", "db"), "Hosts and ports beyond an instance go together"),
        (("--remote-ports", "5432"), "Hosts and ports beyond an instance go together"),
        (("--remote-host", "d b", "--remote-ports", "1"), "--remote-host cannot be 'd b'"),
        (("--fleet-command", "id; id"), "--fleet-command cannot be 'id; id'"),
        (("--fleet-command", "a|b"), "--fleet-command cannot be 'a|b'"),
        (("--interactive-command", "$(id)"), "--interactive-command cannot be"),
        (("--interactive-command", "a.*"), "--interactive-command cannot be"),
        (("--fleet-command", "a,b"), "has a comma"),
        (("--fleet-command", "ls ."), "each ending in a letter, a digit or _"),
        (("--fleet-command", "uname", "--fleet-command", ""), "An empty value stands beside 'uname'"),
        (("--interactive-command", "", "--interactive-command", "df"), "An empty value stands beside 'df'"),
        (("--remote-host", "db", "--remote-host", "", "--remote-ports", "1"), "An empty value stands beside 'db'"),
        (("--ports", "8080", "--ports", ""), "An empty value stands beside '8080'"),
        (("--ports", "8080,"), "--ports cannot be '8080,'"),
        (("--tag", "a*"), "a* is not a tag key"),
        (("--tag", "aws:createdBy"), "which begins with something else than aws:"),
        (("--ports", "8080", "--ports", "80-90"), "--ports cannot be '8080,80-90'"),
        (("--log-group", "a b"), "--log-group cannot be"),
    ],
)
def test_what_the_template_would_not_hold_is_refused_before_anything_is_made(
    deployer: Deployer, given: tuple[str, ...], says: str
) -> None:
    refused = deployer("engineers", "up", *given, "--yes")
    assert refused.code == 2 and says in refused.err, refused.err
    assert deployer.gateway.cloudformation.find_stack("deepsql-engineers") is None


# SSH


@pytest.fixture
def ssh_of_a_team(engineers: Deployer, other: str, tmp_path: Path) -> Iterator[str]:
    """SSH for one login, and a real sshd behind the team's instance; the login."""
    login = "nobody" if USER == "root" else USER
    assert engineers("engineers", "up", "--ssh-user", login, "--yes").code == 0
    keys, port = Path(os.environ["DEPLOYER_SANDBOX_HOME"]) / "keys" / other, sshd.free_port()
    control("PUT", f"instances/{other}", {"ports": {"22": port}})
    keys_of = f"AuthorizedKeysCommand /bin/cat {keys}/%u\nAuthorizedKeysCommandUser {USER}\n"
    with sshd.serve(tmp_path / "sshd", keys, port, keys_of):
        yield login
    control("DELETE", "instances/x")


def test_an_engineer_copies_over_ssh_as_the_login_of_the_stack_and_as_no_other(
    ssh_of_a_team: str, erin: Deployer, other: str, tmp_path: Path
) -> None:
    done = erin("cp", "--via", "ssh", f"{ssh_of_a_team}@{other}:/etc/passwd", str(tmp_path / "copy"))
    assert done.code == 0 and (tmp_path / "copy").read_bytes() == Path("/etc/passwd").read_bytes(), done.err
    assert "deepsql-engineers-ssh is used" in done.err, done.err
    for login in ("root", "ec2-user"):
        refused = erin("cp", "--via", "ssh", f"{login}@{other}:/etc/passwd", str(tmp_path / "second"))
        assert refused.code == 1 and f"You may not push an SSH key for {login} to {other}" in refused.err
        assert "name the login of the engineers' stack" in refused.err
    erin.gateway.client("ec2").create_tags(Resources=[other], Tags=[{"Key": "team", "Value": "red"}])
    refused = erin("cp", "--via", "ssh", f"{ssh_of_a_team}@{other}:/etc/passwd", str(tmp_path / "second"))
    assert refused.code == 1 and not (tmp_path / "second").exists(), "it is another team's now"


def test_without_a_login_nobody_has_ssh(erin: Deployer, other: str, tmp_path: Path) -> None:
    control("PUT", f"instances/{other}", {"ports": {"22": sshd.free_port()}})
    refused = erin("cp", "--via", "ssh", f"nobody@{other}:/etc/passwd", str(tmp_path / "copy"))
    control("DELETE", "instances/x")
    assert refused.code == 1 and "You may not push an SSH key for nobody" in refused.err
    refused = erin("connect", other, "--document", "deepsql-engineers-ssh")
    assert refused.code == 1


@pytest.mark.parametrize("name", ["root", "a b", "Ops", "*", "x" * 33])
def test_root_and_what_is_no_user_is_no_login(name: str, deployer: Deployer) -> None:
    for words in (("engineers", "up", "--yes"), ("access", "policy", "--abac", "team")):
        refused = deployer(*words, "--ssh-user", name)
        assert refused.code == 2 and f"--ssh-user cannot be '{name}'" in refused.err, refused.err
    assert deployer.gateway.cloudformation.find_stack("deepsql-engineers") is None


def test_the_printed_policy_has_ssh_where_a_login_is_given(deployer: Deployer) -> None:
    for words, expected in ((("--ssh-user", "ops"), True), ((), False)):
        printed = deployer("access", "policy", "--abac", "team", *words)
        assert printed.code == 0 and ('"ec2:osuser": "ops"' in printed.out) == expected
    refused = deployer("access", "policy", "--ssh-user", "ops")
    assert refused.code == 2 and "--ssh-user is for your own engineers" in refused.err
