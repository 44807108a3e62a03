"""Which session document is used on another instance than the stack's, and by whom: the whole way, on the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.sessions.conftest import Deployer, another_instance, as_support

TUNNEL = ("-L", "0:localhost:3035", "--exec", "true", "--output", "json")
ELSEWHERE = ("-L", "0:localhost:8080", "--exec", "true", "--output", "json")


Become = Callable[[str, str], None]


@pytest.fixture
def other(deployer: Deployer) -> Iterator[str]:
    """An instance of the customer's that is no stack's, with the tags of a team and of an instance for support."""
    with another_instance(deployer, team="blue", **{"deepsql:managed": "true"}) as name:
        yield name


@pytest.fixture
def become(deployer: Deployer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Become]:
    """Be a new user with that policy from here on."""
    with monkeypatch.context() as patch:

        def be(name: str, policy: str) -> None:
            iam = deployer.gateway.client("iam")
            iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "blue"}])
            made = iam.create_policy(PolicyName=f"sessions-of-{name}", PolicyDocument=policy)
            iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
            key = iam.create_access_key(UserName=name)["AccessKey"]
            patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
            patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])

        yield be


def shell(deployer: Deployer, *argv: str) -> tuple[int, str]:
    """A shell that is left at once; its exit code, and what was told."""
    opened = deployer.start("connect", *argv)
    _, err = opened.communicate("exit\r", timeout=30)
    return opened.returncode, err


def used(deployer: Deployer, target: str) -> set[str]:
    """The documents of the sessions that there were on an instance."""
    rows = deployer.gateway.client("ssm").describe_sessions(State="History")["Sessions"]
    return {row["DocumentName"] for row in rows if row["Target"] == target}


def widens(text: str) -> bool:
    """Whether it proposes what would let the vendor's support reach more, or would change the stack."""
    return any(word in text for word in ("--support-ports", "deployer up", "deployer upgrade"))


def test_the_customers_people_reach_another_instance_by_awss_documents(deployer: Deployer, other: str) -> None:
    assert deployer("connect", other, *TUNNEL).code == 0
    assert deployer("connect", other, *ELSEWHERE).code == 0
    code, err = shell(deployer, other)
    assert (code, used(deployer, other)) == (0, {"AWS-StartPortForwardingSession", "SSM-SessionManagerRunShell"}), err


def test_a_port_that_support_may_not_reach_is_the_customers_own_tunnel(deployer: Deployer) -> None:
    done = deployer("connect", *ELSEWHERE)
    assert done.code == 0, done.out
    assert "AWS-StartPortForwardingSession" in used(deployer, deployer.instance)


def test_what_is_stored_comes_before_awss_own(deployer: Deployer, other: str) -> None:
    name = deployer.instance
    assert deployer("config", "set", "port-document", f"deepsql-port-{name}").code == 0
    assert deployer("config", "set", "ssh-document", f"deepsql-ssh-{name}").code == 0
    assert deployer("connect", other, *TUNNEL).code == 0
    assert used(deployer, other) == {f"deepsql-port-{name}"}
    assert f"deepsql-ssh-{name}" in deployer("ssh-config", other).out
    assert f"deepsql-ssh-{name}" not in deployer("ssh-config", other, "--document", "mine").out
    refused = deployer("connect", other, *ELSEWHERE)
    assert refused.code == 1 and "does not allow port 8080" in refused.error["message"]
    assert not widens(refused.error["hint"])


def test_an_engineer_is_told_which_documents_were_tried_and_names_another(
    deployer: Deployer, other: str, become: Become
) -> None:
    name = deployer.instance
    place = ("--account", "111122223333", "--region", "us-east-1")
    become("carol", deployer("access", "policy", "--abac", "team", "--as", "user", *place).out)
    refused = deployer("connect", other, *TUNNEL)
    assert refused.code == 1
    assert refused.error["message"] == (
        f"There is no session document deepsql-port-{other} here, and you may not use AWS-StartPortForwardingSession "
        f"on {other}."
    )
    assert "--document NAME" in refused.error["hint"] and not widens(refused.error["hint"])
    code, err = shell(deployer, other)
    assert code == 1 and f"There is no session document deepsql-shell-{other} here, and you may not" in err
    assert not widens(err)
    assert deployer("connect", other, *TUNNEL, "--document", f"deepsql-port-{name}").code == 0
    assert shell(deployer, other, "--document", f"deepsql-customer-shell-{name}")[0] == 0


def test_a_user_of_a_manual_install_gets_the_shell_that_the_printed_policy_permits(
    deployer: Deployer, other: str, become: Become
) -> None:
    place = ("--account", "111122223333", "--region", "us-east-1")
    become("dave", deployer("access", "policy", "--instance-id", other, *place).out)
    code, err = shell(deployer, other)
    assert code == 0, err
    assert f"You may not use deepsql-shell-{other}: the account's default shell is used." in err
    refused = deployer("connect", other, *TUNNEL)
    assert refused.code == 1 and "you may not use AWS-StartPortForwardingSession" in refused.error["message"]
    assert not widens(refused.error["hint"])


def test_support_is_refused_what_it_may_not_and_nothing_is_proposed_that_would_let_it(
    deployer: Deployer, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = deployer.instance
    with monkeypatch.context() as patch:
        as_support(deployer, patch)
        refused = deployer("connect", name, *ELSEWHERE)
        elsewhere = deployer("connect", other, *TUNNEL)
        port = deployer("ssh", "-p", "2222", name)
    assert refused.code == 1 and "does not allow port 8080" in refused.error["message"]
    assert elsewhere.code == 1 and other in elsewhere.error["message"]
    assert port.code != 0
    for text in (refused.error["hint"], elsewhere.error["hint"], port.err):
        assert not widens(text), text
