"""A deleted role or user leaves its unique ID in every policy that named it.

AWS stores principals by ID: after the deletion the policies show `AROA...` or `AIDA...`, and a role that is created
again under the same name has no access (IAM user guide, "AWS JSON policy elements: Principal"). MiniStack keeps the
ARN.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from ministack.services import iam, kms, secretsmanager

from generator.sandbox import policy_documents
from generator.sandbox.service_api import Answer, Params, Proceed, serve

_KINDS = {"DeleteRole": ("RoleName", iam._roles, "RoleId"), "DeleteUser": ("UserName", iam._users, "UserId")}


def install() -> None:
    """Serve DeleteRole and DeleteUser."""
    serve(iam, {operation: partial(delete, operation) for operation in _KINDS})


def delete(operation: str, params: Params, proceed: Proceed) -> Answer:
    """DeleteRole or DeleteUser, which also replaces the principal in policies."""
    name, table, unique_id = _KINDS[operation]
    entity = table.get(params.get(name, ""))
    answer = proceed()
    if entity and answer[0] == 200:
        replace_principal(entity["Arn"], entity[unique_id])
    return answer


def replace_principal(arn: str, unique_id: str) -> None:
    """Replace the ARN by the unique ID in every secret's, key's and trust policy, in all accounts."""
    policies = secretsmanager._resource_policies
    for (account, region, secret), text in policies.all_items():
        policies.set_scoped(account, region, secret, _with_unique_id(text, arn, unique_id))
    for table, key in ((kms._keys, "Policy"), (iam._roles, "AssumeRolePolicyDocument")):
        for record in table.to_dict().values():
            record[key] = _with_unique_id(record.get(key), arn, unique_id)


def _with_unique_id(document: Any, arn: str, unique_id: str) -> Any:
    """The document with the principal replaced, if it names it."""
    if arn not in policy_documents.named_principals(document):
        return document
    policy = json.loads(document) if isinstance(document, str) else document
    for statement in policy_documents.statements(policy):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and arn in policy_documents.aws_principals(statement):
            names = [unique_id if name == arn else name for name in policy_documents.aws_principals(statement)]
            principal["AWS"] = names if len(names) > 1 else names[0]
    return json.dumps(policy) if isinstance(document, str) else policy
