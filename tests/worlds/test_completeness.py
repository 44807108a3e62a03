"""Every List and Get operation about a user, a role, a grant or a policy is read by a revocation, and has a world.

The operations are those of botocore's models: a new one fails here until somebody decides what it means.
"""

from __future__ import annotations

from botocore.session import Session

from tests.access.test_revoke_refused import READS
from tests.worlds.tables import WORLDS

READ = {
    "GetAccountAuthorizationDetails": "trust: of another role",
    "GetLoginProfile": "a password",
    "GetPolicy": "the boundary in another version",
    "GetPolicyVersion": "the boundary in another version",
    "GetRole": "role: the boundary removed",
    "GetRolePolicy": "role: a foreign policy",
    "GetUser": "the boundary removed",
    "GetUserPolicy": "a foreign inline policy",
    "ListAccessKeys": "a key that the operator may not delete",
    "ListAttachedRolePolicies": "role: an attached policy",
    "ListAttachedUserPolicies": "an attached managed policy",
    "ListGroupsForUser": "a group within the boundary",
    "ListInstanceProfilesForRole": "role: in an instance profile",
    "ListMFADevices": "a password and an MFA device",
    "ListRolePolicies": "role: a foreign policy",
    "ListSSHPublicKeys": "an SSH public key",
    "ListServiceSpecificCredentials": "a service-specific credential",
    "ListSigningCertificates": "a signing certificate",
    "ListUserPolicies": "a foreign inline policy",
}
"""IAM's operations that a revocation calls, each with a world in which its answer says no (a device only beside the
password that it goes with)."""
OF_KEYS = {"GetKeyPolicy": "key: another account, later", "ListGrants": "key grant"}

ONE_OF_A_LIST = {
    "GetMFADevice": ("ListMFADevices", "one device of the list"),
    "GetSSHPublicKey": ("ListSSHPublicKeys", "one key of the list, with its content"),
    "ListKeyPolicies": ("GetKeyPolicy", "it names policies, and a key has one: default (KMS API reference)"),
    "ListRetirableGrants": ("ListGrants", "the same grants, by who may retire them"),
}
"""What these return is a part of what the other one returns, which is read; the reason."""
NO_ACCESS = {
    "ListRoleTags": "tags admit nobody; where a condition asks for one, the statement counts as if it held",
    "ListUserTags": "as for a role",
}
"""These return no credential, no policy and no membership; the reason."""
HARMLESS_ANSWERS = {"Tags", "IsTruncated", "Marker"}


def operations(service: str, *about: str) -> set[str]:
    """The List and Get operations whose input names one of these."""
    model = Session().get_service_model(service)
    listed = (name for name in model.operation_names if name.startswith(("List", "Get")))
    return {
        name for name in listed if set(about) & set(getattr(model.operation_model(name).input_shape, "members", ()))
    }


def of_keys() -> set[str]:
    """KMS's operations about grants and policies."""
    names = Session().get_service_model("kms").operation_names
    return {n for n in names if n.startswith(("List", "Get")) and ("Grant" in n or "Polic" in n)}


def test_each_operation_about_a_user_or_a_role_is_read_or_has_a_reason() -> None:
    assert (
        operations("iam", "UserName", "RoleName") - READ.keys() == (ONE_OF_A_LIST.keys() | NO_ACCESS.keys()) - of_keys()
    )


def test_each_operation_about_grants_and_policies_of_keys_is_read_or_has_a_reason() -> None:
    assert of_keys() - OF_KEYS.keys() == ONE_OF_A_LIST.keys() & of_keys()


def test_what_is_left_out_returns_no_credential_no_policy_and_no_membership() -> None:
    model = Session().get_service_model("iam")
    for name, reason in NO_ACCESS.items():
        assert set(model.operation_model(name).output_shape.members) <= HARMLESS_ANSWERS and reason
    assert all(reason for _, reason in ONE_OF_A_LIST.values())
    assert {whole for whole, _ in ONE_OF_A_LIST.values()} <= READ.keys() | OF_KEYS.keys()


def test_each_read_has_its_world_and_is_refused_once() -> None:
    """That a revocation without the permission is not proven shows that it really asks."""
    worlds = {world.name: world for world in WORLDS}
    for prefix, table in (("iam", READ), ("kms", OF_KEYS)):
        for operation, name in table.items():
            assert worlds[name].expected.code == 3, name
            assert f"{prefix}:{operation}" in READS
