"""IAM: users, access keys, roles and their policies."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from generator.errors import NotFound
from generator.gateway.service import Answer, Service
from generator.model.access import AccessKey
from generator.model.policy import PolicyStatement, statements

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

    def list_access_keys(self, user: str) -> list[AccessKey]:
        """The user's access keys, oldest first. Raises NotFound when there is no such user."""
        found = [k for page in self._pages("list_access_keys", UserName=user) for k in page["AccessKeyMetadata"]]
        keys = [AccessKey(k["AccessKeyId"], k["UserName"], k["Status"], k.get("CreateDate")) for k in found]
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

    def user_policies(self, user: str) -> dict[str, tuple[PolicyStatement, ...]]:
        """The user's inline policies by name, as AWS has them. Raises NotFound."""
        names = [name for page in self._pages("list_user_policies", UserName=user) for name in page["PolicyNames"]]
        return {name: _read(self._call("get_user_policy", UserName=user, PolicyName=name)) for name in names}

    def role_policies(self, role: str) -> dict[str, tuple[PolicyStatement, ...]]:
        """The role's inline policies by name, as AWS has them. Raises NotFound."""
        names = [name for page in self._pages("list_role_policies", RoleName=role) for name in page["PolicyNames"]]
        return {name: _read(self._call("get_role_policy", RoleName=role, PolicyName=name)) for name in names}

    def get_role_policy(self, role: str, name: str) -> Mapping[str, object]:
        """One inline policy of a role, parsed. Raises NotFound."""
        return _document(self._call("get_role_policy", RoleName=role, PolicyName=name)["PolicyDocument"])

    def attached_user_policies(self, user: str) -> dict[str, tuple[PolicyStatement, ...]]:
        """The managed policies attached to the user, by name, in their default version. Raises NotFound."""
        return self._attached(self._pages("list_attached_user_policies", UserName=user))

    def attached_role_policies(self, role: str) -> dict[str, tuple[PolicyStatement, ...]]:
        """The managed policies attached to the role, by name, in their default version. Raises NotFound."""
        return self._attached(self._pages("list_attached_role_policies", RoleName=role))

    def _attached(self, pages: Iterable[Answer]) -> dict[str, tuple[PolicyStatement, ...]]:
        listed = [policy for page in pages for policy in page["AttachedPolicies"]]
        return {policy["PolicyName"]: self._managed(policy["PolicyArn"]) for policy in listed}

    def _managed(self, arn: str) -> tuple[PolicyStatement, ...]:
        """What is in force: one version of a managed policy is the default, the others count for nothing."""
        version = self._call("get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = self._call("get_policy_version", PolicyArn=arn, VersionId=version)["PolicyVersion"]
        return statements(_document(answer["Document"]))

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

    def get_trust(self, role: str) -> Mapping[str, object]:
        """The role's trust policy (AssumeRolePolicyDocument), parsed. Raises NotFound."""
        return _document(self._call("get_role", RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    def update_trust(self, role: str, document: Mapping[str, object]) -> None:
        """Overwrite the role's trust policy."""
        self._call("update_assume_role_policy", RoleName=role, PolicyDocument=json.dumps(document))

    def simulate(self, arn: str, action: str, resource: str, context: Iterable[ContextEntry]) -> str:
        """What IAM would decide about `action` of the user or role: allowed, explicitDeny or implicitDeny."""
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
        return str(answer["EvaluationResults"][0]["EvalDecision"])


def _document(raw: object) -> Mapping[str, object]:
    """botocore decodes and parses IAM's documents; an emulator may leave the text."""
    if isinstance(raw, Mapping):
        return raw
    from urllib.parse import unquote

    text = str(raw)
    parsed = json.loads(unquote(text) if text.startswith("%") else text)
    return parsed if isinstance(parsed, dict) else {}


def _read(answer: Answer) -> tuple[PolicyStatement, ...]:
    return statements(_document(answer["PolicyDocument"]))
