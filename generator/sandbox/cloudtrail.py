"""CloudTrail's record of each call: the caller (user, role session, root), refusals, and both accounts of a share.

AWS: CloudTrail user guide, "Record contents" and "userIdentity element". MiniStack records successful calls only, in
one account, with the access key as the user's name; its record is off. Trails deliver nothing.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack import app as ministack
from ministack.core import iam_actions
from ministack.core import iam_evaluator as engine
from ministack.core.responses import get_account_id, request_scope
from ministack.services import cloudtrail

from generator.sandbox import policy_evaluator
from generator.sandbox.service_api import Answer, Params, Proceed, serve

if TYPE_CHECKING:
    from generator.sandbox.asgi import Sandbox
    from generator.sandbox.http_messages import Request, Response

PAGE = 50
"""Events of a page, the most that LookupEvents gives."""
GLOBAL_REGION = "us-east-1"  # where the events of IAM, a global service, are
_READS = ("Get", "List", "Describe", "Head", "Lookup", "Simulate", "Validate", "Decrypt", "GenerateDataKey")
_SECRET = re.compile(
    r"secretstring|secretbinary|password|plaintext|token|secretaccesskey|templatebody|code", re.IGNORECASE
)
_HIDDEN = "Value hidden due to security reasons."
_WITH_ANSWER = {"StartSession", "ResumeSession", "TerminateSession"}
_CODE = re.compile(rb"<Code>([^<]+)</Code>.*?<Message>(.*?)</Message>", re.DOTALL)


def install(sandbox: Sandbox) -> None:
    """Record every call after it was answered. MiniStack's own record is off (`server_process`)."""
    sandbox.after.append(record)
    serve(cloudtrail, {"LookupEvents": lookup_events})


def lookup_events(params: Params, proceed: Proceed) -> Answer:
    """LookupEvents by pages: MiniStack's cuts its answer at 50 events, and gives no token for the rest."""
    first = int(params.get("NextToken") or 0)
    most = min(int(params.get("MaxResults") or PAGE), PAGE)
    wanted = {each["AttributeKey"]: each["AttributeValue"] for each in params.get("LookupAttributes", [])}
    start, end = float(params.get("StartTime") or 0), float(params.get("EndTime") or time.time() + 1)
    events = [e for e in reversed(cloudtrail._get_event_queue()) if start <= e["EventTime"] <= end]
    events = [event for event in events if all(_has(event, key, value) for key, value in wanted.items())]
    more = {"NextToken": str(first + most)} if len(events) > first + most else {}
    body = json.dumps({"Events": events[first : first + most], **more}).encode()
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, body


def _has(event: dict[str, Any], key: str, value: str) -> bool:
    """Whether an event has this attribute (API reference, LookupAttribute)."""
    if key in ("ResourceName", "ResourceType"):
        return any(resource.get(key) == value for resource in event["Resources"])
    return bool(event.get(key) == value)


async def record(request: Request, response: Response) -> None:
    """Record the call for the caller's account, and for the account whose resource it named."""
    if request.service == "cloudtrail" or request.path.startswith("/_"):
        return
    if not request.access_key or not request.service:
        return
    principal = engine.resolve_principal(request.access_key, get_account_id())
    if isinstance(principal, engine.AuthError):
        return
    parameters = _parameters(request)
    event = {
        "eventVersion": "1.11",
        "userIdentity": identity(principal, request.access_key),
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{request.service}.amazonaws.com",
        "eventName": _event_name(request),
        "awsRegion": request.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": request.headers.get("user-agent", ""),
        **_failure(response),
        "requestParameters": _shown(parameters) or None,
        "responseElements": _answer(request, response),
        "requestID": response.headers.get("x-amzn-requestid", str(uuid.uuid4())),
        "readOnly": request.action.startswith(_READS) or request.method in ("GET", "HEAD"),
        "eventType": "AwsApiCall",
        "managementEvent": True,
    }
    named = [value for value in parameters.values() if isinstance(value, str) and value.startswith("arn:")]
    owners = {account for arn in named if (account := policy_evaluator.account_of(arn))} - {principal.account}
    shared = {"sharedEventID": str(uuid.uuid4())} if owners else {}
    _append(principal.account, request, {**event, **shared}, _name(principal))
    for owner in owners if request.service in ("secretsmanager", "sts", "kms") else ():
        stranger = {"type": "AWSAccount", "principalId": _principal_id(principal), "accountId": principal.account}
        _append(owner, request, {**event, **shared, "userIdentity": stranger}, "")


def identity(principal: Any, access_key: str) -> dict[str, Any]:
    """The userIdentity element of a resolved principal."""
    common = {
        "principalId": _principal_id(principal),
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": access_key,
    }
    if principal.type == "User":
        return {"type": "IAMUser", **common, "userName": _name(principal)}
    if principal.type != "AssumedRole":
        return {"type": principal.type, **common}
    role = policy_evaluator.role_arn(principal.arn)
    issuer = {
        "type": "Role",
        "principalId": _principal_id(principal).partition(":")[0],
        "arn": role,
        "accountId": principal.account,
        "userName": role.rpartition("/")[2],
    }
    attributes = {"creationDate": principal.keys.get("aws:tokenissuetime", ""), "mfaAuthenticated": "false"}
    return {"type": "AssumedRole", **common, "sessionContext": {"sessionIssuer": issuer, "attributes": attributes}}


def _append(account: str, request: Request, event: dict[str, Any], name: str) -> None:
    event_id = str(uuid.uuid4())
    full = {**event, "eventID": event_id, "recipientAccountId": account, "eventCategory": "Management"}
    with request_scope(account, GLOBAL_REGION if request.service == "iam" else request.region):
        cloudtrail._get_event_queue().append(
            {
                "EventId": event_id,
                "EventName": event["eventName"],
                "EventSource": event["eventSource"],
                "EventTime": time.time(),
                "Username": name,
                "AccessKeyId": event["userIdentity"].get("accessKeyId", ""),
                "ReadOnly": str(event["readOnly"]).lower(),
                "Resources": _resources(event),
                "CloudTrailEvent": json.dumps(full),
            }
        )


def _resources(event: dict[str, Any]) -> list[dict[str, str]]:
    kinds = {"secretId": "AWS::SecretsManager::Secret", "target": "AWS::EC2::Instance", "roleArn": "AWS::IAM::Role"}
    kinds |= {"userName": "AWS::IAM::User", "stackName": "AWS::CloudFormation::Stack"}
    parameters = event["requestParameters"] or {}
    return [
        {"ResourceName": str(parameters[key]), "ResourceType": kind} for key, kind in kinds.items() if key in parameters
    ]


def _event_name(request: Request) -> str:
    """The operation. Lambda's name is in its path; CloudTrail puts the date of its API behind it, which is left out."""
    return str(
        request.action
        or (request.service == "lambda" and _action_of_lambda(request))
        or ministack._ct_event_name(request.service, request.method, request.path, request.headers, request.query)
    )


def _action_of_lambda(request: Request) -> str:
    action = iam_actions.extract_iam_action("lambda", request.method, request.path, request.headers, b"", {})
    return str(action or "").partition(":")[2]


def _parameters(request: Request) -> dict[str, Any]:
    try:
        parameters = request.parameters()
    except (ValueError, UnicodeDecodeError):
        return {}
    return {key: value for key, value in parameters.items() if key not in ("Action", "Version")}


def _shown(value: Any, key: str = "") -> Any:
    """Parameters with CloudTrail's key spelling (a small first letter) and without secrets."""
    if isinstance(value, dict):
        if "password" in str(value.get("ParameterKey", "")).lower():
            return {"parameterKey": value["ParameterKey"], "parameterValue": "****"}
        return {name[:1].lower() + name[1:]: _shown(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    return _HIDDEN if _SECRET.search(key) or key.endswith(".ParameterValue") else value


def _answer(request: Request, response: Response) -> dict[str, Any] | None:
    if request.service != "ssm" or request.action not in _WITH_ANSWER or response.status >= 400:
        return None
    shown: dict[str, Any] = _shown(json.loads(response.body))
    return shown


def _failure(response: Response) -> dict[str, str]:
    if response.status < 400:
        return {}
    if error := _CODE.search(response.body):
        code, message = error[1].decode(), error[2].decode()
    else:
        body = _loaded(response.body)
        code = str(body.get("__type", response.status)).rpartition("#")[2]
        message = str(body.get("message") or body.get("Message") or "")
    return {"errorCode": code.replace("AccessDeniedException", "AccessDenied"), "errorMessage": message}


def _loaded(body: bytes) -> dict[str, Any]:
    try:
        loaded = json.loads(body)
    except ValueError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _principal_id(principal: Any) -> str:
    return str(principal.keys.get("aws:userid", principal.account))


def _name(principal: Any) -> str:
    return "root" if principal.type == "Root" else str(principal.arn.rpartition("/")[2])
