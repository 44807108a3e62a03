"""Reading a secret across accounts: each of the three policies has its say, and the refusal names who, what and why."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

CUSTOMER, VENDOR = "111122223333", "444455556666"
READ = "secretsmanager:GetSecretValue"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@dataclass
class Share:
    """A secret of the customer's under its own key, and a vendor's role that may read it as far as the vendor cares."""

    client: Any
    name: str
    secret: str
    key: str
    role: str

    def put(self, *, secret: bool = True, key: bool = True, **conditions: Any) -> None:
        condition = {"ArnLike": {"aws:PrincipalArn": self.role}, **conditions}
        via = {
            "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"},
            "StringLike": {"kms:EncryptionContext:SecretARN": f"arn:aws:secretsmanager:*:*:secret:{self.name}-??????"},
        }
        grant = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{VENDOR}:root"}, "Resource": "*"}
        admin = {**grant, "Principal": {"AWS": f"arn:aws:iam::{CUSTOMER}:root"}, "Action": "kms:*"}
        vendor = {**grant, "Action": "kms:Decrypt", "Condition": {**via, **condition}}
        self.client("kms").put_key_policy(
            KeyId=self.key, PolicyName="default", Policy=document(admin, *([vendor] if key else []))
        )
        secrets = self.client("secretsmanager")
        if secret:
            policy = document({**grant, "Action": READ, "Condition": condition})
            secrets.put_resource_policy(SecretId=self.secret, ResourcePolicy=policy, BlockPublicPolicy=True)
        else:
            secrets.delete_resource_policy(SecretId=self.secret)

    def vendor(self, role: str = "", service: str = "secretsmanager") -> Any:
        assumed = self.client("sts", VENDOR).assume_role(RoleArn=role or self.role, RoleSessionName="ada")
        return self.client(service, keys=assumed["Credentials"])


@pytest.fixture
def share(client: Any) -> Share:
    name = f"share-{uuid.uuid4().hex[:8]}"
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    secret = client("secretsmanager").create_secret(Name=name, SecretString="s3cret", KmsKeyId=key)["ARN"]
    shared = Share(client, name, secret, key, "")
    shared.role = make_role(client, name, [READ, "kms:Decrypt"])
    return shared


def make_role(client: Any, name: str, actions: list[str]) -> str:
    trust = document(
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{VENDOR}:root"}, "Action": "sts:AssumeRole"}
    )
    iam = client("iam", VENDOR)
    arn = iam.create_role(RoleName=name, Path="/support/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allow = document({"Effect": "Allow", "Action": actions, "Resource": "*"})
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=allow)
    return str(arn)


def test_the_granted_role_reads_the_secret_by_its_arn(share: Share) -> None:
    share.put()
    vendor = share.vendor()
    assert vendor.get_secret_value(SecretId=share.secret)["SecretString"] == "s3cret"
    assert refused(vendor.get_secret_value, SecretId=share.name)[0] == "ResourceNotFoundException"


def test_a_neighbour_of_the_granted_role_is_refused(share: Share) -> None:
    share.put()
    neighbour = make_role(share.client, f"{share.name}-2", [READ, "kms:Decrypt"])
    code, message = refused(share.vendor(neighbour).get_secret_value, SecretId=share.secret)
    assert code == "AccessDeniedException"
    assert message == (
        f"User: arn:aws:sts::{VENDOR}:assumed-role/{share.name}-2/ada is not authorized to perform: {READ} "
        f"on resource: {share.secret} because no resource-based policy allows the {READ} action"
    )


def test_without_the_secrets_policy_nobody_of_another_account_reads_not_even_root(share: Share) -> None:
    share.put(secret=False)
    for vendor in (share.vendor(), share.client("secretsmanager", VENDOR)):
        assert "no resource-based policy" in refused(vendor.get_secret_value, SecretId=share.secret)[1]


def test_without_the_vendors_own_policy_the_role_is_refused(share: Share) -> None:
    share.put()
    bare = share.role.rpartition("/")[2]
    share.client("iam", VENDOR).delete_role_policy(RoleName=bare, PolicyName="read")
    assert "no identity-based policy" in refused(share.vendor().get_secret_value, SecretId=share.secret)[1]


def test_without_the_key_policy_kms_refuses(share: Share) -> None:
    share.put(key=False)
    refusal = refused(share.vendor().get_secret_value, SecretId=share.secret)
    assert refusal == ("AccessDeniedException", "Access to KMS is not allowed")


def test_the_key_serves_the_vendor_through_secrets_manager_only(share: Share) -> None:
    share.put()
    blob = share.client("kms").encrypt(KeyId=share.key, Plaintext=b"x")["CiphertextBlob"]
    decrypt = share.vendor(service="kms").decrypt
    assert refused(decrypt, KeyId=share.key, CiphertextBlob=blob)[0] == "AccessDeniedException"


def test_a_grant_on_the_key_stands_in_for_its_policy(share: Share) -> None:
    share.put(key=False)
    grant = {"KeyId": share.key, "GranteePrincipal": share.role}
    share.client("kms").create_grant(**grant, Operations=["DescribeKey"])
    assert refused(share.vendor().get_secret_value, SecretId=share.secret)[0] == "AccessDeniedException"
    made = share.client("kms").create_grant(**grant, Operations=["Decrypt"])
    assert share.vendor().get_secret_value(SecretId=share.secret)
    share.client("kms").revoke_grant(KeyId=share.key, GrantId=made["GrantId"])
    assert refused(share.vendor().get_secret_value, SecretId=share.secret)[0] == "AccessDeniedException"


def test_a_grant_holds_its_constraint(share: Share) -> None:
    share.put(key=False)
    grant = {"KeyId": share.key, "GranteePrincipal": share.role, "Operations": ["Decrypt"]}
    elsewhere = {"EncryptionContextSubset": {"SecretARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:other"}}
    share.client("kms").create_grant(**grant, Constraints=elsewhere)
    assert refused(share.vendor().get_secret_value, SecretId=share.secret)[0] == "AccessDeniedException"
    share.client("kms").create_grant(**grant, Constraints={"EncryptionContextSubset": {"SecretARN": share.secret}})
    assert share.vendor().get_secret_value(SecretId=share.secret)


def test_the_managed_key_never_works_across_accounts(share: Share) -> None:
    plain = share.client("secretsmanager").create_secret(Name=f"{share.name}-plain", SecretString="x")["ARN"]
    share.secret = plain
    share.put()
    code, message = refused(share.vendor().get_secret_value, SecretId=plain)
    assert (code, "default KMS service key" in message) == ("InvalidRequestException", True)


@pytest.mark.parametrize(("until", "allowed"), [("2999-01-01T00:00:00Z", True), ("2020-01-01T00:00:00Z", False)])
def test_access_ends_by_itself(share: Share, until: str, allowed: bool) -> None:
    share.put(DateLessThan={"aws:CurrentTime": until})
    if allowed:
        assert share.vendor().get_secret_value(SecretId=share.secret)["SecretString"] == "s3cret"
    else:
        assert refused(share.vendor().get_secret_value, SecretId=share.secret)[0] == "AccessDeniedException"


def test_a_disabled_key_is_reported(share: Share) -> None:
    share.client("kms").disable_key(KeyId=share.key)
    read = share.client("secretsmanager").get_secret_value
    assert refused(read, SecretId=share.secret)[0] == "DecryptionFailure"


def test_a_user_of_the_own_account_needs_the_key_as_well(share: Share) -> None:
    iam = share.client("iam")
    iam.create_user(UserName=share.name)
    allow = {"Effect": "Allow", "Action": READ, "Resource": "*"}
    iam.put_user_policy(UserName=share.name, PolicyName="p", PolicyDocument=document(allow))
    key = iam.create_access_key(UserName=share.name)["AccessKey"]
    read = share.client("secretsmanager", keys=key).get_secret_value
    assert refused(read, SecretId=share.secret)[1] == "Access to KMS is not allowed"
    allow["Action"] = [READ, "kms:Decrypt"]
    iam.put_user_policy(UserName=share.name, PolicyName="p", PolicyDocument=document(allow))
    assert read(SecretId=share.name)["SecretString"] == "s3cret"


def test_a_deleted_role_leaves_its_id_and_its_successor_stays_out(share: Share) -> None:
    grant = {"Effect": "Allow", "Principal": {"AWS": share.role}, "Action": READ, "Resource": "*"}
    secrets, iam, name = share.client("secretsmanager"), share.client("iam", VENDOR), share.role.rpartition("/")[2]
    share.put()
    secrets.put_resource_policy(SecretId=share.secret, ResourcePolicy=document(grant))
    assert share.vendor().get_secret_value(SecretId=share.secret)
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)
    assert make_role(share.client, name, [READ, "kms:Decrypt"]) == share.role
    assert refused(share.vendor().get_secret_value, SecretId=share.secret)[0] == "AccessDeniedException"
    policy = secrets.get_resource_policy(SecretId=share.secret)["ResourcePolicy"]
    assert json.loads(policy)["Statement"][0]["Principal"]["AWS"].startswith("AROA")
    assert refused(secrets.put_resource_policy, SecretId=share.secret, ResourcePolicy=policy)[0].startswith("Malformed")
