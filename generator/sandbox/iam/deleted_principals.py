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
    """Follow every deletion of a role or user over the API."""
    serve(iam, {operation: partial(delete, operation) for operation in _KINDS})


def delete(operation: str, params: Params, proceed: Proceed) -> Answer:
    """DeleteRole or DeleteUser, and what it leaves behind."""
    name, table, unique_id = _KINDS[operation]
    entity = table.get(params.get(name, ""))
    answer = proceed()
    if entity and answer[0] == 200:
        replace_principal(entity["Arn"], entity[unique_id])
    return answer


def replace_principal(arn: str, unique_id: str) -> None:
    """Put the unique id in the place of the ARN in every secret's, key's and trust policy of the sandbox."""
    policies = secretsmanager._resource_policies
    for (account, region, secret), text in policies.all_items():
        policies.set_scoped(account, region, secret, _without(text, arn, unique_id))
    for table, key in ((kms._keys, "Policy"), (iam._roles, "AssumeRolePolicyDocument")):
        for record in table.to_dict().values():
            record[key] = _without(record.get(key), arn, unique_id)


def _without(document: Any, arn: str, unique_id: str) -> Any:
    """The document with the principal replaced; one that does not name it comes back as it is."""
    if arn not in policy_documents.named_principals(document):
        return document
    policy = json.loads(document) if isinstance(document, str) else document
    for statement in policy_documents.statements(policy):
        principal = statement.get("Principal")
        if isinstance(principal, dict) and arn in policy_documents.aws_principals(statement):
            names = [unique_id if name == arn else name for name in policy_documents.aws_principals(statement)]
            principal["AWS"] = names if len(names) > 1 else names[0]
    return json.dumps(policy) if isinstance(document, str) else policy
