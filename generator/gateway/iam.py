"""IAM: users, access keys, roles and their policies."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from generator.errors import NotFound
from generator.gateway.service import Answer, Service
from generator.model.access import AccessKey, AccountRole, Simulation, UserCredential
from generator.model.policy import Policy, parse_policy

Document = Mapping[str, object] | str
"""A policy document: parsed, or its text."""
PAGE_SIZE = 1000  # the most that IAM gives in one answer (IAM API, MaxItems)
ContextEntry = tuple[str, str, str]  # key, type as the simulator names it (string, boolean, date), value


class IAM(Service):
    """Domain verbs over the IAM API."""

    def user_exists(self, name: str) -> bool:
        """Whether the account has this user."""
        try:
            self._call("get_user", UserName=name)
        except NotFound:
            return False
        return True

    def role_exists(self, name: str) -> bool:
        """Whether the account has this role."""
        try:
            self._call("get_role", RoleName=name)
        except NotFound:
            return False
        return True

    def get_account_summary(self) -> dict[str, int]:
        """The account's quotas and what it uses of them, by IAM's own names (one call)."""
        return dict(self._call("get_account_summary")["SummaryMap"])

    def list_access_keys(self, user: str) -> list[AccessKey]:
        """The user's access keys, oldest first. Raises NotFound when there is no such user."""
        raws = [k for page in self._pages("list_access_keys", UserName=user) for k in page["AccessKeyMetadata"]]
        keys = [AccessKey(k["AccessKeyId"], k["UserName"], k["Status"], k.get("CreateDate")) for k in raws]
        return sorted(keys, key=lambda key: (str(key.created), key.key_id))

    def get_access_key_last_used(self, key: AccessKey) -> AccessKey:
        """The same key with when and for which service it was last used (IAM answers N/A for never)."""
        used: Answer = self._call("get_access_key_last_used", AccessKeyId=key.key_id).get("AccessKeyLastUsed", {})
        service = used.get("ServiceName", "N/A")
        return AccessKey(
            key.key_id, key.user, key.status, key.created, used.get("LastUsedDate"), "" if service == "N/A" else service
        )

    def update_access_key(self, key: AccessKey, *, active: bool) -> None:
        """Switch a key. IAM is eventually consistent: the first refusal comes some seconds later."""
        self._call(
            "update_access_key", UserName=key.user, AccessKeyId=key.key_id, Status="Active" if active else "Inactive"
        )

    def delete_access_key(self, key: AccessKey) -> None:
        """Delete a key; one that is gone already is no error."""
        try:
            self._call("delete_access_key", UserName=key.user, AccessKeyId=key.key_id)
        except NotFound:
            return

    def find_login_profile(self, user: str) -> UserCredential | None:
        """The user's password for the console; None when the user has none, or does not exist."""
        try:
            raw: Answer = self._call("get_login_profile", UserName=user)["LoginProfile"]
        except NotFound:
            return None
        return UserCredential(raw.get("UserName", user), raw.get("CreateDate"))

    def list_service_specific_credentials(self, user: str) -> list[UserCredential]:
        """Passwords and keys for one service each. Raises NotFound. botocore has no paginator for it."""
        credentials: list[UserCredential] = []
        more: dict[str, str] = {}
        while True:
            answer = self._call("list_service_specific_credentials", UserName=user, **more)
            for raw in answer["ServiceSpecificCredentials"]:
                made = UserCredential(raw["ServiceSpecificCredentialId"], raw.get("CreateDate"), raw["ServiceName"])
                credentials.append(made)
            if not answer.get("IsTruncated"):
                return credentials
            more = {"Marker": answer["Marker"]}

    def list_signing_certificates(self, user: str) -> list[UserCredential]:
        """X.509 certificates that sign requests. Raises NotFound."""
        pages = self._pages("list_signing_certificates", UserName=user)
        return [UserCredential(c["CertificateId"], c.get("UploadDate")) for page in pages for c in page["Certificates"]]

    def list_ssh_public_keys(self, user: str) -> list[UserCredential]:
        """SSH public keys, which CodeCommit takes. Raises NotFound."""
        pages = self._pages("list_ssh_public_keys", UserName=user)
        return [
            UserCredential(k["SSHPublicKeyId"], k.get("UploadDate")) for page in pages for k in page["SSHPublicKeys"]
        ]

    def list_mfa_devices(self, user: str) -> list[UserCredential]:
        """The user's MFA devices by serial number. Raises NotFound."""
        pages = self._pages("list_mfa_devices", UserName=user)
        return [UserCredential(d["SerialNumber"], d.get("EnableDate")) for page in pages for d in page["MFADevices"]]

    def list_groups_for_user(self, user: str) -> list[str]:
        """The names of the groups the user is in. Raises NotFound."""
        return [g["GroupName"] for page in self._pages("list_groups_for_user", UserName=user) for g in page["Groups"]]

    def list_instance_profiles_for_role(self, role: str) -> list[str]:
        """The names of the instance profiles that give the role to an instance. Raises NotFound."""
        pages = self._pages("list_instance_profiles_for_role", RoleName=role)
        return [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]]

    def instance_profile_roles(self, profile: str) -> list[str]:
        """The names of the roles of an instance profile: one, or none. Raises NotFound."""
        answer: Answer = self._call("get_instance_profile", InstanceProfileName=profile)["InstanceProfile"]
        return [role["RoleName"] for role in answer["Roles"]]

    def list_account_roles(self) -> list[AccountRole]:
        """Every role of the account with its trust, its policies and its boundary (one call for a thousand of both)."""
        pages = list(
            self._pages(
                "get_account_authorization_details",
                Filter=["Role", "LocalManagedPolicy", "AWSManagedPolicy"],
                PaginationConfig={"PageSize": PAGE_SIZE},
            )
        )
        documents = {
            policy["Arn"]: version["Document"]
            for page in pages
            for policy in page.get("Policies", [])
            for version in policy.get("PolicyVersionList", [])
            if version.get("IsDefaultVersion")
        }

        @functools.cache
        def managed(arn: str) -> Policy:
            """One that many roles have is read once."""
            if arn not in documents:
                return Policy(problems=("its document is missing in the answer",), name=arn, arn=arn)
            return parse_policy(_document(documents[arn]), arn.rpartition("/")[2], arn)

        return [_account_role(role, managed) for page in pages for role in page["RoleDetailList"]]

    def user_boundary(self, user: str) -> str:
        """ARN of the user's permissions boundary; empty when the user has none. Raises NotFound."""
        return _boundary(self._call("get_user", UserName=user)["User"])

    def role_boundary(self, role: str) -> str:
        """ARN of the role's permissions boundary; empty when the role has none. Raises NotFound."""
        return _boundary(self._call("get_role", RoleName=role)["Role"])

    def put_user_boundary(self, user: str, policy: str) -> None:
        """Make a managed policy the user's permissions boundary."""
        self._call("put_user_permissions_boundary", UserName=user, PermissionsBoundary=policy)

    def put_role_boundary(self, role: str, policy: str) -> None:
        """Make a managed policy the role's permissions boundary."""
        self._call("put_role_permissions_boundary", RoleName=role, PermissionsBoundary=policy)

    def attach_role_policy(self, role: str, policy: str) -> None:
        """Attach a managed policy; one that is attached already is no error."""
        self._call("attach_role_policy", RoleName=role, PolicyArn=policy)

    def user_policies(self, user: str) -> dict[str, Policy]:
        """The user's inline policies by name, as AWS has them. Raises NotFound."""
        names = [name for page in self._pages("list_user_policies", UserName=user) for name in page["PolicyNames"]]
        return _by_name(names, lambda name: self._inline("get_user_policy", name, UserName=user))

    def role_policies(self, role: str) -> dict[str, Policy]:
        """The role's inline policies by name, as AWS has them. Raises NotFound."""
        names = [name for page in self._pages("list_role_policies", RoleName=role) for name in page["PolicyNames"]]
        return _by_name(names, lambda name: self._inline("get_role_policy", name, RoleName=role))

    def role_policy_names(self, role: str) -> list[str]:
        """Names of the role's inline policies, and ARNs of its managed ones (two calls). Raises NotFound."""
        inline = (name for page in self._pages("list_role_policies", RoleName=role) for name in page["PolicyNames"])
        pages = self._pages("list_attached_role_policies", RoleName=role)
        return [*inline, *(policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"])]

    def _inline(self, operation: str, name: str, **whose: str) -> Policy:
        return parse_policy(_document(self._call(operation, PolicyName=name, **whose)["PolicyDocument"]), name)

    def get_user_policy(self, user: str, name: str) -> Document:
        """One inline policy of a user. Raises NotFound."""
        return _document(self._call("get_user_policy", UserName=user, PolicyName=name)["PolicyDocument"])

    def get_role_policy(self, role: str, name: str) -> Document:
        """One inline policy of a role. Raises NotFound."""
        return _document(self._call("get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"])

    def attached_user_policies(self, user: str) -> dict[str, Policy]:
        """The managed policies attached to the user, by ARN, in their default version. Raises NotFound."""
        return self._attached(self._pages("list_attached_user_policies", UserName=user))

    def attached_role_policies(self, role: str) -> dict[str, Policy]:
        """The managed policies attached to the role, by ARN, in their default version. Raises NotFound."""
        return self._attached(self._pages("list_attached_role_policies", RoleName=role))

    def _attached(self, pages: Iterable[Answer]) -> dict[str, Policy]:
        names = {policy["PolicyArn"]: policy["PolicyName"] for page in pages for policy in page["AttachedPolicies"]}
        return _by_name(names, lambda arn: self._managed(names[arn], arn))

    def managed_policy(self, arn: str) -> Policy:
        """A managed policy in its default version. Raises NotFound."""
        return self._managed(arn.rpartition("/")[2], arn)

    def _managed(self, name: str, arn: str) -> Policy:
        """What is in force: one version of a managed policy is the default, the others count for nothing."""
        version = self._call("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = self._call("get_policy_version", PolicyArn=arn, VersionId=version)["PolicyVersion"]
        return parse_policy(_document(answer["Document"]), name, arn)

    def policy_entities(self, arn: str) -> tuple[str, ...]:
        """To whom a managed policy is attached, as user/NAME, role/NAME and group/NAME."""
        kinds = {"PolicyUsers": "user", "PolicyRoles": "role", "PolicyGroups": "group"}
        entities = [
            f"{kind}/{raw[f'{kind.capitalize()}Name']}"
            for page in self._pages("list_entities_for_policy", PolicyArn=arn)
            for key, kind in kinds.items()
            for raw in page.get(key, ())
        ]
        return tuple(sorted(entities))

    def put_user_policy(self, user: str, name: str, document: Mapping[str, object]) -> None:
        """Create or overwrite an inline policy of a user."""
        self._call("put_user_policy", UserName=user, PolicyName=name, PolicyDocument=json.dumps(document))

    def put_role_policy(self, role: str, name: str, document: Mapping[str, object]) -> None:
        """Create or overwrite an inline policy of a role."""
        self._call("put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def delete_user_policy(self, user: str, name: str) -> None:
        """Remove an inline policy of a user. Raises NotFound."""
        self._call("delete_user_policy", UserName=user, PolicyName=name)

    def delete_role_policy(self, role: str, name: str) -> None:
        """Remove an inline policy of a role. Raises NotFound."""
        self._call("delete_role_policy", RoleName=role, PolicyName=name)

    def get_trust(self, role: str) -> Document:
        """The role's trust policy (AssumeRolePolicyDocument). Raises NotFound."""
        return _document(self._call("get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    def update_trust(self, role: str, document: Mapping[str, object]) -> None:
        """Overwrite the role's trust policy."""
        self._call("update_assume_role_policy", RoleName=role, PolicyDocument=json.dumps(document))

    def simulate(self, arn: str, action: str, resource: str, context: Iterable[ContextEntry]) -> str:
        """What IAM would decide about `action` of the user or role: allowed, explicitDeny or implicitDeny."""
        return self.simulation(arn, action, resource, context).decision

    def simulation(self, arn: str, action: str, resource: str, context: Iterable[ContextEntry]) -> Simulation:
        """The same with the policies that decided. Raises NotFound for a user or role that does not exist."""
        entries = [
            {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value]} for key, kind, value in context
        ]
        answer = self._call(
            "simulate_principal_policy",
            PolicySourceArn=arn,
            ActionNames=[action],
            ResourceArns=[resource],
            ContextEntries=entries,
        )
        result = answer["EvaluationResults"][0]
        matched = (str(each.get("SourcePolicyId", "")) for each in result.get("MatchedStatements", []))
        return Simulation(str(result["EvalDecision"]), tuple(name for name in matched if name))


def _account_role(raw: Answer, managed: Callable[[str], Policy]) -> AccountRole:
    """`managed` gives a managed policy by its ARN."""
    inline = (parse_policy(_document(p["PolicyDocument"]), p["PolicyName"]) for p in raw.get("RolePolicyList", []))
    attached = (managed(policy["PolicyArn"]) for policy in raw.get("AttachedManagedPolicies", []))
    boundary = _boundary(raw)
    return AccountRole(
        raw["RoleName"],
        raw["Arn"],
        parse_policy(_document(raw["AssumeRolePolicyDocument"])),
        raw.get("CreateDate"),
        (*inline, *attached),
        managed(boundary) if boundary else None,
    )


def _boundary(raw: Mapping[str, Answer]) -> str:
    return str(raw["PermissionsBoundary"]["PermissionsBoundaryArn"]) if "PermissionsBoundary" in raw else ""


def _document(raw: object) -> Document:
    """botocore decodes and parses IAM's documents; an emulator may leave the text."""
    if isinstance(raw, Mapping):
        return raw
    from urllib.parse import unquote

    text = str(raw)
    return unquote(text) if text.startswith("%") else text


def _by_name(names: Iterable[str], get: Callable[[str], Policy]) -> dict[str, Policy]:
    """The policies by these names or ARNs; one that was removed since it was listed is none."""
    policies = {}
    for name in names:
        with suppress(NotFound):
            policies[name] = get(name)
    return policies
