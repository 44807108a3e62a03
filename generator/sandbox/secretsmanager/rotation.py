"""RotateSecret and AWS::SecretsManager::RotationSchedule, which run the rotation function.

AWS (rotate-secrets_lambda-functions) adds a pending version without a value, then calls the function with the steps
createSecret, setSecret, testSecret and finishSecret; a step that fails ends the rotation and leaves AWSPENDING.
MiniStack copies the current value into a new version and calls no function. Schedules by time do not run here.
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
from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.service_api import Answer, Params, Proceed, call, call_rest, rest_answer, serve

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
INVALID = "InvalidRequestException"
logger = logging.getLogger("sandbox.rotation")


def install() -> None:
    """Serve RotateSecret and GetSecretValue, and add the schedule's type."""
    serve(service, {"RotateSecret": rotate, "GetSecretValue": get_secret_value})
    register("AWS::SecretsManager::RotationSchedule", schedule, reschedule, unschedule, replacing=("SecretId",))


def rotate(data: Params, proceed: Proceed) -> Answer:
    """RotateSecret: start a rotation and answer at once, as AWS does; the steps run in the background."""
    _, secret = service._resolve(data.get("SecretId"))
    if not secret:
        return _refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    arn = data.get("RotationLambdaARN") or secret.get("RotationLambdaARN")
    if problem := _refusal(secret, arn):
        return _refused(*problem)
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
    answer: Answer = json_response({"ARN": secret["ARN"], "Name": secret["Name"], "VersionId": token})
    return answer


def get_secret_value(data: Params, proceed: Proceed) -> Answer:
    """GetSecretValue; a version without a value cannot be read."""
    answer = proceed()
    if answer[0] != 200 or {"SecretString", "SecretBinary"} & json.loads(answer[2]).keys():
        return answer
    stage = data.get("VersionStage", "AWSCURRENT")
    sentence = f"Secrets Manager can't find the specified secret value for staging label: {stage}"
    return _refused("ResourceNotFoundException", sentence)


def run_steps(secret: dict[str, Any], function_arn: str, token: str) -> None:
    """Call the function with each step; the first failure ends the rotation and is logged."""
    for step in STEPS:
        event = {"Step": step, "SecretId": secret["ARN"], "ClientRequestToken": token}
        status, headers, body = rest_answer(lambda_svc, "POST", f"{_path(function_arn)}/invocations", event)
        if status != 200 or "X-Amz-Function-Error" in headers:
            name = function_arn.rpartition(":")[2]
            message = error_of(json.loads(body or b"null"))
            logger.warning("Rotation of %s: %s failed in %s: %s", secret["Name"], name, step, message)
            return
    secret["LastRotatedDate"] = int(time.time())


def schedule(logical_id: str, props: Properties, stack: str) -> Created:
    """Set the rotation function, and rotate now unless RotateImmediatelyOnUpdate is false."""
    request = {
        "SecretId": props["SecretId"],
        "RotationLambdaARN": props.get("RotationLambdaARN"),
        "RotationRules": props.get("RotationRules"),
        "RotateImmediately": str(props.get("RotateImmediatelyOnUpdate", True)).lower() == "true",
    }
    return call(service, "RotateSecret", request)["ARN"], {"Id": props["SecretId"]}


def reschedule(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """Set the new schedule."""
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
    if "secretsmanager.amazonaws.com" not in _function_policy(arn):
        return "AccessDeniedException", (
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            "access to the principal secretsmanager.amazonaws.com."
        )
    pending = next((v["Stages"] for v in secret["Versions"].values() if "AWSPENDING" in v["Stages"]), None)
    if pending and "AWSCURRENT" not in pending:
        return INVALID, "A previous rotation isn't complete. That rotation will be reattempted."
    return None


def _refused(code: str, message: str) -> Answer:
    answer: Answer = error_response_json(code, message, 400)
    return answer


def _path(function_arn: str) -> str:
    return f"/2015-03-31/functions/{function_arn}"


def _function_policy(arn: str) -> str:
    try:
        return str(call_rest(lambda_svc, "GET", f"{_path(arn)}/policy")["Policy"])
    except ValueError:
        return ""  # no such function, or nobody may call it
