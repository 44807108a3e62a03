"""CloudFormation's resource handlers, authorized as whoever changes the stack, or as the stack's service role.

AWS runs a handler with the caller's permissions (forward access sessions; the requests carry aws:CalledVia) or with
those of the service role. MiniStack's handlers ask nobody. Each action that the type's schema lists for a handler is
asked for here, on the resource that it is for, whether or not this handler would call it in the end. Root may do all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services.cloudformation import _change_sets, _stacks

from generator.model.arn import Arn
from generator.model.handler_permissions import CREATE, DELETE, READ, UPDATE, handler_permissions
from generator.sandbox import policy_evaluator
from generator.sandbox.cloudformation import settings
from generator.sandbox.cloudformation.resource_types import Properties
from generator.sandbox.policy_evaluator import Context

caller: ContextVar[Any] = ContextVar("caller", default=None)
"""The principal of the running call of CloudFormation, and of the operation that it starts."""

CALLED_VIA = "cloudformation.amazonaws.com"
RUNS = {CREATE: (CREATE, READ), UPDATE: (UPDATE, READ), DELETE: (DELETE,)}
"""What happens to a resource -> the handlers that run."""
EVERYWHERE = (  # no resource-level permissions (service authorization reference)
    *("autoscaling:Describe", "ec2:Describe", "logs:DescribeIndex", "logs:DescribeLogGroups", "logs:DescribeResource"),
    *("kms:CreateKey", "secretsmanager:GetRandomPassword", "ssm:ListAssociations", "ssm:DescribeAssociation"),
)
_SUFFIX = "0A1B2C3D4E5F"  # of a name that is not known before CloudFormation has made it
_NAMES = ("RoleName", "UserName", "PolicyName", "InstanceProfileName", "Name", "LogGroupName", "FunctionName")


def stack_of(change_set: str) -> str:
    """The ARN of the stack of a change set, by the change set's ARN; "" when there is no such change set."""
    return str((_change_sets.get(change_set) or {}).get("StackId", ""))


class NotAuthorized(ValueError):
    """A handler may not make one of its calls; the text is the reason of the failed resource's event."""


def require(
    happening: str, resource_type: str, logical_id: str, physical_id: str, props: Properties, stack: str
) -> None:
    """Raise NotAuthorized unless the handlers that run for a resource may make every call of theirs."""
    role = str(_stacks[stack].get(settings.ROLE) or "")
    principal = policy_evaluator.role_principal(role) if role else caller.get()
    if principal is None or principal.policies is None:
        return
    via = {} if role else {"aws:calledvia": [CALLED_VIA]}
    if resource_type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
        _ask(principal, "lambda:InvokeFunction", str(props.get("ServiceToken", "*")), via)
        return
    name = physical_id or _name(resource_type, logical_id, props, stack)
    for action in sorted(handler_permissions(resource_type, RUNS[happening])):
        if action == "lambda:InvokeFunction" and resource_type == "AWS::Lambda::Function":
            continue  # it is the custom resources' that the function serves
        context = {**via, **_context(action, resource_type, props, stack)}
        for arn in _resources(action, resource_type, name, props, stack):
            _ask(principal, action, arn, context)


def _ask(principal: Any, action: str, arn: str, context: Context) -> None:
    request = policy_evaluator.evaluation_context(principal, action, arn, get_region(), context)
    if not policy_evaluator.decide(principal, request, None):
        refusal = policy_evaluator.refusal(principal, request, None, False)
        raise NotAuthorized(
            f'Resource handler returned message: "{refusal} (Service: {action.partition(":")[0].title()}, '
            f'Status Code: 403)" (HandlerErrorCode: AccessDenied)'
        )


def _name(resource_type: str, logical_id: str, props: Properties, stack: str) -> str:
    """The name that a resource is given: the template's, else CloudFormation's."""
    given = next((props[key] for key in _NAMES if key in props and resource_type != "AWS::IAM::Policy"), None)
    made = (
        f"CFN-{logical_id}-{_SUFFIX}" if resource_type == "AWS::SSM::Parameter" else f"{stack}-{logical_id}-{_SUFFIX}"
    )
    return str(given or made)


def _context(action: str, resource_type: str, props: Properties, stack: str) -> Context:
    """The condition keys of a handler's call."""
    match action:
        case "iam:PassRole":
            service = "lambda" if resource_type == "AWS::Lambda::Function" else "ec2"
            return {"iam:passedtoservice": f"{service}.amazonaws.com"}
        case "iam:CreateServiceLinkedRole":
            return {"iam:awsservicename": "autoscaling.amazonaws.com"}
        case "iam:CreateUser" | "iam:PutUserPermissionsBoundary":
            return {"iam:permissionsboundary": str(props.get("PermissionsBoundary", ""))}
        case _ if "AttachUserPolicy" in action or "AttachRolePolicy" in action or "DetachUserPolicy" in action:
            return {"iam:policyarn": _attached(props, stack)}
        case "iam:DetachRolePolicy":
            return {"iam:policyarn": _attached(props, stack)}
    return {}


def _attached(props: Properties, stack: str) -> str:
    own = str(_arn("iam", f"policy/{stack}-Policy-{_SUFFIX}"))
    return str(next(iter(props.get("ManagedPolicyArns") or [own])))


def _arn(service: str, resource: str) -> Arn:
    return Arn("aws", service, "" if service == "iam" else get_region(), get_account_id(), resource)


def _resources(action: str, resource_type: str, name: str, props: Properties, stack: str) -> Iterator[str]:
    """The ARNs that one call is authorized on."""
    service, _, verb = action.partition(":")
    if action.startswith(EVERYWHERE) and action != "ec2:DescribeInstanceAttribute":
        yield "*"
    elif service == "iam":
        yield _in_iam(verb, resource_type, name, props, stack)
    elif service == "ec2":
        yield from (str(_arn("ec2", each)) for each in _in_ec2(verb, resource_type, name))
        yield from (str(Arn("aws", "ec2", get_region(), "", "image/ami-1")),) if verb == "RunInstances" else ()
    elif action == "ssm:GetParameters" and resource_type != "AWS::SSM::Parameter":
        yield str(Arn("aws", "ssm", get_region(), "", "parameter/aws/service/ami"))
    else:
        its_own = name.startswith("arn:") and Arn.parse(name).service == service
        yield name if its_own else str(_arn(service, _elsewhere(service, verb, resource_type, name, props)))


def _in_iam(verb: str, resource_type: str, name: str, props: Properties, stack: str) -> str:
    last = name.rpartition("/")[2]
    other = f"{stack}-Other-{_SUFFIX}"
    if verb == "CreateServiceLinkedRole":
        return str(_arn("iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"))
    kinds = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user", "AWS::IAM::InstanceProfile": "instance-profile"}
    own = {**kinds, "AWS::IAM::ManagedPolicy": "policy"}.get(resource_type, "")
    kind = "instance-profile" if "InstanceProfile" in verb else "role" if "Role" in verb else "policy"
    if any(word in verb for word in ("User", "AccessKey", "LoginProfile")):
        kind = "user"
    if kind == own:
        return str(_arn("iam", f"{kind}/{last}"))
    listed = {"user": props.get("Users"), "role": props.get("Roles")}.get(kind) or [props.get("RoleName") or other]
    return str(_arn("iam", f"{kind}/{str(listed[0]).rpartition('/')[2]}"))


def _in_ec2(verb: str, resource_type: str, name: str) -> list[str]:
    if verb == "RunInstances":
        return [f"{kind}/id-1" for kind in ("instance", "volume", "network-interface", "security-group", "subnet")]
    if "SecurityGroup" in verb:
        return [f"security-group/{name}", *(["vpc/vpc-1"] if verb == "CreateSecurityGroup" else [])]
    if "LaunchTemplate" in verb or resource_type == "AWS::EC2::LaunchTemplate":
        return [f"launch-template/{name}"]
    return [f"{'security-group' if resource_type == 'AWS::EC2::SecurityGroup' else 'instance'}/{name}"]


def _elsewhere(service: str, verb: str, resource_type: str, name: str, props: Properties) -> str:
    match service:
        case "ssm":
            return f"{'parameter' if resource_type == 'AWS::SSM::Parameter' else 'document'}/{name.lstrip('/')}"
        case "logs":
            return f"log-group:{name}"
        case "lambda":
            function = str(props.get("FunctionName") or name)
            return f"function:{function.rpartition(':')[2]}"
        case "secretsmanager":
            return f"secret:{str(props.get('SecretId') or name).rpartition(':')[2]}"
        case "kms":
            return f"key/{str(props.get('KmsKeyId') or name).rpartition('/')[2]}"
        case "events":
            return f"rule/{name}"
        case "eks":
            return f"cluster/{props.get('ClusterName')}" if verb == "CreateAccessEntry" else f"access-entry/{name}"
    return f"autoScalingGroup:0:autoScalingGroupName/{name}"
