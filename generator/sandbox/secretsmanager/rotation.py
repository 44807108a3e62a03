"""Rotation that really runs the rotation function, on RotateSecret and by AWS::SecretsManager::RotationSchedule.

AWS (rotate-secrets_lambda-functions): a pending version is made without a value, then the function is called with the
steps createSecret, setSecret, testSecret, finishSecret; one that fails ends it and leaves AWSPENDING as it is.
MiniStack copies the current value into a new version and calls nobody. Schedules by time do not run here.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import lambda_svc
from ministack.services import secretsmanager as service

from generator.sandbox.cloudformation.custom_resources import error_of
from generator.sandbox.cloudformation.resource_types import Created, Properties, answered, register

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
INVALID = "InvalidRequestException"
logger = logging.getLogger("sandbox.rotation")


def install() -> None:
    """Take over RotateSecret, hide values that are not there yet, add the schedule's type."""
    service._rotate_secret = rotate
    service._get_secret_value = _with_a_value(service._get_secret_value)
    register("AWS::SecretsManager::RotationSchedule", schedule, reschedule, unschedule, replacing=("SecretId",))


def rotate(data: dict[str, Any]) -> Any:
    """Start a rotation and answer at once, as AWS does; the steps run in the background."""
    _, secret = service._resolve(data.get("SecretId"))
    if not secret:
        return error_response_json("ResourceNotFoundException", "Secrets Manager can't find the specified secret.", 400)
    arn = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if problem := _refusal(secret, arn):
        return error_response_json(*problem, 400)
    secret.update(RotationEnabled=True, RotationLambdaARN=arn)
    if rules := data.get("RotationRules"):
        secret["RotationRules"] = rules
    token = data.get("ClientRequestToken") or new_uuid()
    if data.get("RotateImmediately", True):
        pending = {
            "SecretString": None,
            "SecretBinary": None,
            "CreatedDate": int(time.time()),
            "Stages": ["AWSPENDING"],
        }
        for version in secret["Versions"].values():
            version["Stages"] = [stage for stage in version["Stages"] if stage != "AWSPENDING"]
        secret["Versions"][token] = pending
        spawn_background(run_steps, secret, arn, token, thread_name="sandbox-rotation")
    return json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})


def run_steps(secret: dict[str, Any], function_arn: str, token: str) -> None:
    """Call the function four times; the first failure ends it, and stands in the log."""
    record, config, name = lambda_svc._get_func_record_for_ref(function_arn)
    execution = lambda_svc._execution_record_for_config(record, config)
    for step in STEPS:
        event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
        outcome = lambda_svc._execute_function_with_config_scope(execution, event)
        if outcome.get("error"):
            logger.warning("Rotation of %s: %s failed in %s: %s", secret["Name"], name, step, error_of(outcome))
            return
    secret["LastRotatedDate"] = int(time.time())


def schedule(logical_id: str, props: Properties, stack: str) -> Created:
    """Rotate now, unless RotateImmediatelyOnUpdate is false, and remember the function."""
    wish = {
        "SecretId": props["SecretId"],
        "RotationLambdaARN": props.get("RotationLambdaARN"),
        "RotationRules": props.get("RotationRules"),
        "RotateImmediately": str(props.get("RotateImmediatelyOnUpdate", True)).lower() == "true",
    }
    return answered(service._rotate_secret(wish))["ARN"], {"Id": props["SecretId"]}


def reschedule(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """The schedule as it is now."""
    return schedule(logical_id, new, stack)


def unschedule(physical_id: str, props: Properties) -> None:
    """Turn rotation off."""
    if secret := service._resolve(physical_id)[1]:
        secret.update(RotationEnabled=False, RotationRules=None)


def _refusal(secret: dict[str, Any], arn: str | None) -> tuple[str, str] | None:
    if secret.get("DeletedDate"):
        return INVALID, "You can't perform this operation on the secret because it was marked for deletion."
    if not arn:
        return INVALID, "No Lambda rotation function ARN is associated with this secret."
    record = lambda_svc._get_func_record_for_ref(arn)[0]
    statements = (record or {}).get("policy", {}).get("Statement", [])
    if "secretsmanager.amazonaws.com" not in json.dumps(statements):
        return "AccessDeniedException", (
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            "access to the principal secretsmanager.amazonaws.com."
        )
    pending = service._find_stage_version(secret, "AWSPENDING")[0]
    if pending and "AWSCURRENT" not in secret["Versions"][pending]["Stages"]:
        return INVALID, "A previous rotation isn't complete. That rotation will be reattempted."
    return None


def _with_a_value(get: Any) -> Any:
    """A version that waits for its value cannot be read."""

    def get_secret_value(data: dict[str, Any]) -> Any:
        response = get(data)
        if response[0] == 200 and not {"SecretString", "SecretBinary"} & json.loads(response[2]).keys():
            stage = data.get("VersionStage", "AWSCURRENT")
            return error_response_json(
                "ResourceNotFoundException",
                f"Secrets Manager can't find the specified secret value for staging label: {stage}",
                400,
            )
        return response

    return get_secret_value
