"""What a careful person is warned about, in access show and in doctor alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import Session

from tests.embedded import VENDOR_ROLE, Deployer


def test_doctor_warns_of_a_grant_without_an_end(deployer: Deployer) -> None:
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--no-expiry", "--reason", "T-1", "--yes").code == 0
    shown = [finding["warning"] for finding in deployer("access", "show").result["findings"]]
    told = [each["answer"] for each in deployer("doctor").result if each["subject"].startswith("access")]
    assert shown and told == shown
    assert deployer("access", "revoke", "--all", "--yes").code == 0


def trust(*principals: dict[str, str]) -> str:
    statements = [{"Effect": "Allow", "Principal": each, "Action": "sts:AssumeRole"} for each in principals]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def iam(deployer: Deployer) -> Iterator[Any]:
    """IAM, for changes by hand; what the tests change of the stack is put back."""
    client, ids = Session().create_client("iam"), deployer.physical_ids()
    yield client
    for role, service in (("KeeperRole", "lambda"), ("InstanceRole", "ec2")):
        client.update_assume_role_policy(
            RoleName=ids[role], PolicyDocument=trust({"Service": f"{service}.amazonaws.com"})
        )
    client.put_user_permissions_boundary(UserName=ids["SupportUser"], PermissionsBoundary=ids["SupportSessionPolicy"])


def found(deployer: Deployer, subject: str) -> dict[str, str]:
    """What access show and doctor warn of under this subject: warning and next step."""
    shown = {f["warning"]: f["hint"] for f in deployer("access", "show").result["findings"] if f["subject"] == subject}
    told = {
        each["answer"]: each["hint"] for each in deployer("doctor").result if each["subject"] == f"access: {subject}"
    }
    assert shown == told
    return shown


@pytest.mark.parametrize(("role", "service"), [("KeeperRole", "lambda"), ("InstanceRole", "ec2")])
def test_nobody_is_told_to_delete_a_role_of_the_stack(role: str, service: str, deployer: Deployer, iam: Any) -> None:
    name = deployer.physical_ids()[role]
    opened = trust({"Service": f"{service}.amazonaws.com"}, {"AWS": "arn:aws:iam::444455556666:root"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=opened)
    [(warning, hint)] = found(deployer, "role").items()
    assert name in warning and "the stack did not let them in" in warning and "did not create" not in warning
    assert f"out of the trust policy of {name}" in hint and "the role itself is the stack's" in hint
    assert "delete that role" not in hint and "another stack" not in hint


def test_a_role_of_somebody_else_may_be_deleted(deployer: Deployer, iam: Any) -> None:
    vendor = trust({"AWS": "arn:aws:iam::444455556666:root"})
    iam.create_role(RoleName="by-hand", AssumeRolePolicyDocument=vendor)
    [(warning, hint)] = found(deployer, "role").items()
    iam.delete_role(RoleName="by-hand")
    assert "by-hand" in warning and "or delete that role" in hint and "another stack" in hint


@pytest.mark.parametrize("other", ["", "arn:aws:iam::aws:policy/AdministratorAccess"])
def test_a_boundary_that_was_taken_away_or_replaced_is_not_called_one_that_the_stack_did_not_make(
    other: str, deployer: Deployer, iam: Any
) -> None:
    user = deployer.physical_ids()["SupportUser"]
    if other:
        iam.put_user_permissions_boundary(UserName=user, PermissionsBoundary=other)
    else:
        iam.delete_user_permissions_boundary(UserName=user)
    [(warning, hint)] = found(deployer, "permissions boundary").items()
    assert (other or "that was removed") in warning and warning.endswith(": not as the stack made it")
    assert "did not create" not in warning and "put-user-permissions-boundary" in hint


@pytest.mark.parametrize("erased", [["secret"], ["secret", "key"]])
def test_a_policy_that_was_replaced_is_named_with_the_grant_it_lost(deployer: Deployer, erased: list[str]) -> None:
    """What the vendor's page has its readers type replaces the whole policy."""
    assert deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "8h", "--reason", "T-1", "--yes").code == 0
    assert not [f for f in deployer("access", "show").result["findings"] if "is not in it any more" in f["warning"]]
    secret, key = deployer.outputs["SupportSecretArn"], deployer.outputs["StackKeyArn"]
    other = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Resource": "*"}
    whole = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*"}

    def document(**statement: Any) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    theirs = document(**other, Action="secretsmanager:GetSecretValue")
    Session().create_client("secretsmanager").put_resource_policy(SecretId=secret, ResourcePolicy=theirs)
    if "key" in erased:
        kms = document(**whole, Action="kms:*")
        Session().create_client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=kms)
    for name in ("secret", "key"):
        lost = [w for w in found(deployer, f"policy of the {name}") if "is not in it any more" in w]
        assert bool(lost) is (name in erased)
        assert not lost or f"of the grant to {VENDOR_ROLE}" in lost[0]
    hint = next(h for w, h in found(deployer, "policy of the secret").items() if "is not in it any more" in w)
    assert f"access grant --principal {VENDOR_ROLE} --for 8h" in hint
    again = deployer("access", "grant", "--principal", VENDOR_ROLE, "--for", "7h", "--by-hand", "replace", "--yes")
    assert again.code == 0
    assert not [f for f in deployer("access", "show").result["findings"] if "is not in it any more" in f["warning"]]
    assert deployer("access", "revoke", "--all", "--yes").code == 0
