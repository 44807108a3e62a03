"""A role or user that is deleted leaves its unique id in every policy that named it.

AWS keeps principals by id: after the deletion the policies show `AROA...` or `AIDA...`, and a role made anew under the
same name is not let in (IAM user guide, "AWS JSON policy elements: Principal").
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import iam, kms, secretsmanager

from generator.sandbox import policy_documents

Handler = Callable[[dict[str, Any]], Any]
_KINDS = {"DeleteRole": ("RoleName", iam._roles, "RoleId"), "DeleteUser": ("UserName", iam._users, "UserId")}


def install() -> None:
    """Follow every deletion of a role or user over the API."""
    for operation in _KINDS:
        iam._IAM_HANDLERS[operation] = _followed(operation, iam._IAM_HANDLERS[operation])


def bury(arn: str, unique_id: str) -> None:
    """Put the unique id in the place of the ARN in every secret's, key's and trust policy of the sandbox."""
    policies = secretsmanager._resource_policies._data
    for place, text in list(policies.items()):
        policies[place] = _without(text, arn, unique_id)
    for table, key in ((kms._keys, "Policy"), (iam._roles, "AssumeRolePolicyDocument")):
        for record in list(table._data.values()):
            record[key] = _without(record.get(key), arn, unique_id)


def _followed(operation: str, handler: Handler) -> Handler:
    name_key, table, id_key = _KINDS[operation]

    def delete(params: dict[str, Any]) -> Any:
        entity = table.get_scoped(get_account_id(), None, iam._p(params, name_key))
        answer = handler(params)
        if entity and answer[0] == 200:
            bury(entity["Arn"], entity[id_key])
        return answer

    return delete


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
