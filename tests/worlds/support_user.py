"""Revocations with something left on the support user: credentials, groups, policies, the boundary."""

from __future__ import annotations

import json

from tests.worlds.account import ADMINISTRATOR, Account, document, permission
from tests.worlds.world import ALL, PROVEN, Make, World, not_proven

SSH_KEY = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 somebody"
OWN_POLICY = "deepsql-support-ssm"  # of the user, as the template makes it
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


# Credentials


def second_key(a: Account) -> None:
    pair = a.mine.iam.create_access_key(UserName=a.user)["AccessKey"]
    a.way_in("the second key", lambda: a.signs(pair))


def second_key_that_cannot_be_deleted(a: Account) -> None:
    second_key(a)
    a.facts["kept"] = a.mine.iam.list_access_keys(UserName=a.user)["AccessKeyMetadata"][-1]["AccessKeyId"]
    name = {"UserName": a.user, "AccessKeyId": a.facts["kept"]}
    a.operator_lacks("iam:DeleteAccessKey", "iam:UpdateAccessKey", tried=lambda c: c.iam.delete_access_key(**name))


def key_of_another_user_in_the_secret(a: Account) -> None:
    a.mine.iam.create_user(UserName="somebody-else")
    pair = a.mine.iam.create_access_key(UserName="somebody-else")["AccessKey"]
    value = {**a.secret_value(), "AccessKeyId": pair["AccessKeyId"], "SecretAccessKey": pair["SecretAccessKey"]}
    a.mine.secretsmanager.put_secret_value(SecretId=a.secret, SecretString=json.dumps(value))
    a.way_in("the key in the secret", lambda: a.signs(pair))


def password(a: Account) -> None:
    a.aws("iam", "create-login-profile", "--user-name", a.user, "--password", "canary-Correct-Horse-9")
    assert a.mine.iam.get_login_profile(UserName=a.user)["LoginProfile"]["UserName"] == a.user


def password_with_mfa(a: Account) -> None:
    a.mine.iam.create_login_profile(UserName=a.user, Password="canary-Correct-Horse-9")
    serial = a.mine.iam.create_virtual_mfa_device(VirtualMFADeviceName="theirs")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    a.mine.iam.enable_mfa_device(UserName=a.user, SerialNumber=serial, **codes)
    assert a.mine.iam.list_mfa_devices(UserName=a.user)["MFADevices"]
    a.facts["mfa"] = serial


def ssh_public_key(a: Account) -> None:
    a.mine.iam.upload_ssh_public_key(UserName=a.user, SSHPublicKeyBody=SSH_KEY)
    a.facts["ssh_key"] = a.mine.iam.list_ssh_public_keys(UserName=a.user)["SSHPublicKeys"][0]["SSHPublicKeyId"]


def service_specific_credential(a: Account) -> None:
    a.mine.iam.create_service_specific_credential(UserName=a.user, ServiceName="codecommit.amazonaws.com")
    listed = a.mine.iam.list_service_specific_credentials(UserName=a.user)["ServiceSpecificCredentials"]
    a.facts["service_credential"] = listed[0]["ServiceSpecificCredentialId"]


def signing_certificate(a: Account) -> None:
    a.mine.iam.upload_signing_certificate(UserName=a.user, CertificateBody=CERTIFICATE)
    a.facts["certificate"] = a.mine.iam.list_signing_certificates(UserName=a.user)["Certificates"][0]["CertificateId"]


# Groups, policies, the boundary


def group(*, boundary: bool, attached: bool = False) -> Make:
    """A member of a group that may do everything; within the boundary, or without one."""

    def make(a: Account) -> None:
        a.mine.iam.create_group(GroupName="their-friends")
        if attached:
            a.mine.iam.attach_group_policy(GroupName="their-friends", PolicyArn=ADMINISTRATOR)
        else:
            policy = document(permission("*"))
            a.mine.iam.put_group_policy(GroupName="their-friends", PolicyName="all", PolicyDocument=policy)
        a.mine.iam.add_user_to_group(GroupName="their-friends", UserName=a.user)
        if not boundary:
            a.mine.iam.delete_user_permissions_boundary(UserName=a.user)
        assert a.user_may("iam:CreateAccessKey") != boundary
        assert a.mine.iam.list_groups_for_user(UserName=a.user)["Groups"]

    return make


def foreign_policy(*statements: dict[str, object], boundary: bool = True) -> Make:
    """An inline policy that nobody of ours wrote."""

    def make(a: Account) -> None:
        a.mine.iam.put_user_policy(UserName=a.user, PolicyName="theirs", PolicyDocument=document(*statements))
        if not boundary:
            a.mine.iam.delete_user_permissions_boundary(UserName=a.user)
            assert a.user_may("iam:CreateAccessKey")
        assert "theirs" in a.mine.iam.list_user_policies(UserName=a.user)["PolicyNames"]

    return make


def administrator(a: Account) -> None:
    a.mine.iam.attach_user_policy(UserName=a.user, PolicyArn=ADMINISTRATOR)
    listed = a.mine.iam.list_attached_user_policies(UserName=a.user)["AttachedPolicies"]
    assert ADMINISTRATOR in {policy["PolicyArn"] for policy in listed}


def starts_sessions_for_ever(a: Account) -> None:
    """What support may do, without its end: even the boundary's own end does not bind a managed policy's copy."""
    a.mine.iam.put_user_policy(UserName=a.user, PolicyName="theirs", PolicyDocument=document(permission("ssm:*")))
    a.mine.iam.put_user_permissions_boundary(UserName=a.user, PermissionsBoundary=ADMINISTRATOR)
    region, account = a.key.split(":")[3:5]
    instance = f"arn:aws:ec2:{region}:{account}:instance/{a.instance}"
    a.facts["theirs"] = "theirs"
    assert a.user_may("ssm:StartSession", instance)


def no_end_any_more(a: Account) -> None:
    """Somebody took the end out of the user's policy and out of its boundary, from one statement."""
    iam = a.mine.iam
    inline = iam.get_user_policy(UserName=a.user, PolicyName=OWN_POLICY)["PolicyDocument"]
    iam.put_user_policy(UserName=a.user, PolicyName=OWN_POLICY, PolicyDocument=_endless(inline))
    boundary = iam.get_user(UserName=a.user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    version = iam.get_policy(PolicyArn=boundary)["Policy"]["DefaultVersionId"]
    managed = iam.get_policy_version(PolicyArn=boundary, VersionId=version)["PolicyVersion"]["Document"]
    iam.create_policy_version(PolicyArn=boundary, PolicyDocument=_endless(managed), SetAsDefault=True)
    session = f"arn:aws:ssm:us-east-1:{a.key.split(':')[4]}:session/{a.user}-0123456789abcdef0"
    assert a.user_may("ssm:ResumeSession", session)


def _endless(policy: dict[str, list[dict[str, object]]]) -> str:
    [statement] = [s for s in policy["Statement"] if s.get("Sid") == "ResumeOwnSessions"]
    del statement["Condition"]
    return json.dumps(policy)


def no_boundary(a: Account) -> None:
    a.aws("iam", "delete-user-permissions-boundary", "--user-name", a.user)
    assert "PermissionsBoundary" not in a.mine.iam.get_user(UserName=a.user)["User"]


def wide_boundary(a: Account) -> None:
    a.mine.iam.put_user_permissions_boundary(UserName=a.user, PermissionsBoundary=ADMINISTRATOR)
    found = a.mine.iam.get_user(UserName=a.user)["User"]["PermissionsBoundary"]
    assert found["PermissionsBoundaryArn"] == ADMINISTRATOR


def boundary_of_another_version(a: Account) -> None:
    """The boundary is still the stack's policy by its name."""
    arn = a.mine.iam.get_user(UserName=a.user)["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"]
    a.mine.iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(permission("*")), SetAsDefault=True)
    assert a.mine.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] != "v1"


CREATES_KEYS = permission("iam:CreateAccessKey")
NOT_IAM = {"Effect": "Allow", "NotAction": "iam:DeleteUser", "Resource": "*"}

WORLDS = (
    World("a second access key", second_key, ALL, PROVEN),
    World("a second access key after the revocation", second_key, ALL, PROVEN, start="revoked"),
    World("a key that the operator may not delete", second_key_that_cannot_be_deleted, ALL, not_proven("{kept}")),
    World("another user's key in the secret", key_of_another_user_in_the_secret, ALL, not_proven("somebody-else")),
    World("a password", password, ALL, not_proven(left=("delete-login-profile",))),
    World("a password and an MFA device", password_with_mfa, ALL, not_proven("{mfa}"), start="revoked"),
    World("an SSH public key", ssh_public_key, ALL, not_proven(left=("{ssh_key}",))),
    World(
        "a service-specific credential",
        service_specific_credential,
        ALL,
        not_proven(left=("{service_credential}",)),
        start="revoked",
    ),
    World("a signing certificate", signing_certificate, ALL, not_proven(left=("{certificate}",))),
    World("a group within the boundary", group(boundary=True), ALL, not_proven(left=("their-friends",))),
    World("a group without a boundary", group(boundary=False), ALL, not_proven(left=("their-friends",))),
    World(
        "a group with a managed policy",
        group(boundary=False, attached=True),
        ALL,
        not_proven(left=("their-friends",)),
        start="revoked",
    ),
    World("a foreign inline policy", foreign_policy(CREATES_KEYS), ALL, not_proven(left=("theirs",))),
    World(
        "a foreign inline policy without a boundary",
        foreign_policy(CREATES_KEYS, boundary=False),
        ALL,
        not_proven(left=("theirs",)),
    ),
    World("a foreign policy with NotAction", foreign_policy(NOT_IAM), ALL, not_proven(left=("theirs",))),
    World("an attached managed policy", administrator, ALL, not_proven(left=(ADMINISTRATOR,))),
    World("a policy that starts sessions for ever", starts_sessions_for_ever, ALL, not_proven("allowed")),
    World("a statement without its end", no_end_any_more, ALL, not_proven("ResumeOwnSessions"), start="revoked"),
    World("the boundary removed", no_boundary, ALL, not_proven(left=("boundary",))),
    World("the boundary removed after the revocation", no_boundary, ALL, not_proven("boundary"), "revoked"),
    World(
        "the boundary in another version",
        boundary_of_another_version,
        ALL,
        not_proven(left=("set-default-policy-version",)),
        "user only, revoked",
    ),
    World("the boundary exchanged", wide_boundary, ALL, not_proven(left=("boundary",))),
)
