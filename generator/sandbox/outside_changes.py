"""What happens to a stack when somebody changes its resources by hand.

CloudFormation updates what it made; a resource that is no longer there fails its update (HandlerErrorCode NotFound of
the resource provider contract), where MiniStack makes some of them anew. CloudWatch Logs takes a key away and gives
another one (AssociateKmsKey, DisassociateKmsKey), which MiniStack lacks, and neither takes nor gives lines of a group
whose key is not enabled (its words for that are from memory).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs, iam, kms, secretsmanager

from generator.sandbox.service_api import Answer, Params, Proceed, call, serve

NO_KEY = "The specified KMS key does not exist or is not allowed to be used with LogGroup '{}'"
_LOOKS: dict[str, Callable[[str], Any]] = {
    "AWS::IAM::User": lambda name: call(iam, "GetUser", {"UserName": name}),
    "AWS::IAM::Role": lambda name: call(iam, "GetRole", {"RoleName": name}),
    "AWS::SecretsManager::Secret": lambda arn: call(secretsmanager, "DescribeSecret", {"SecretId": arn}),
    "AWS::Logs::LogGroup": lambda name: cloudwatch_logs._log_groups[name],
}


def install() -> None:
    """Serve the operations of CloudWatch Logs that have to do with keys."""
    operations = {"AssociateKmsKey": associate, "DisassociateKmsKey": associate}
    serve(cloudwatch_logs, {**operations, "PutLogEvents": with_key, "GetLogEvents": with_key})


def require(resource_type: str, physical_id: str) -> None:
    """Raise ValueError with the handler's message when the resource that is to be updated is not there any more."""
    look = _LOOKS.get(resource_type)
    if look is None:
        return
    try:
        look(physical_id)
    except (ValueError, KeyError):
        raise ValueError(
            f"Resource of type '{resource_type}' with identifier '{physical_id}' was not found. "
            "(HandlerErrorCode: NotFound)"
        ) from None


def associate(data: Params, proceed: Proceed) -> Answer:
    """AssociateKmsKey and DisassociateKmsKey: the key of what is written from now on."""
    name, key = data.get("logGroupName", ""), data.get("kmsKeyId")
    group = cloudwatch_logs._log_groups.get(name)
    if group is None:
        return _refused("ResourceNotFoundException", f"The specified log group does not exist: {name}")
    if key and not _is_enabled(key):
        return _refused("InvalidParameterException", NO_KEY.format(name))
    group["kmsKeyId"] = key
    answer: Answer = json_response({})
    return answer


def with_key(data: Params, proceed: Proceed) -> Answer:
    """PutLogEvents and GetLogEvents: refused while the group's key cannot be used."""
    name = data.get("logGroupName", "")
    key = (cloudwatch_logs._log_groups.get(name) or {}).get("kmsKeyId")
    if key and not _is_enabled(key):
        return _refused("AccessDeniedException", NO_KEY.format(name))
    return proceed()


def _is_enabled(key: str) -> bool:
    try:
        return bool(call(kms, "DescribeKey", {"KeyId": key})["KeyMetadata"]["KeyState"] == "Enabled")
    except ValueError:
        return False


def _refused(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer
