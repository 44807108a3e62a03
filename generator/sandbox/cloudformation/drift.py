"""Drift-aware change sets (CreateChangeSet.DeploymentMode=REVERT_DRIFT), as far as resources are gone. MiniStack has
none.

AWS compares the template with what there is (CloudFormation user guide, "Using drift-aware change sets"), so that a
resource which somebody has deleted is made again, and what refers to it is updated. Here only that is played: what was
changed by hand, and is still there, stays as it is. Such a change set has Add for a resource that is gone; AWS's own
word for it is not documented.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import cloudformation, cloudwatch_logs, eventbridge, iam, kms, lambda_svc, secretsmanager
from ministack.services.cloudformation import _change_sets, _stacks

from generator.errors import DeployerError
from generator.sandbox.ec2 import instances
from generator.sandbox.service_api import Answer, Params, Proceed, call, call_rest, serve
from generator.sandbox.ssm import documents

Template = dict[str, Any]
LOST: contextvars.ContextVar[frozenset[str]] = contextvars.ContextVar("lost", default=frozenset())
"""The logical IDs that the change set which is being made finds gone."""
_of_change_sets: dict[str, frozenset[str]] = {}
_LOOKS: dict[str, Callable[[str], Any]] = {
    "AWS::EC2::Instance": lambda instance_id: _unless_terminated(instances.state_of(instance_id)),
    "AWS::Events::Rule": lambda name: call(eventbridge, "DescribeRule", {"Name": name}),
    "AWS::IAM::InstanceProfile": lambda name: call(iam, "GetInstanceProfile", {"InstanceProfileName": name}),
    "AWS::IAM::Role": lambda name: call(iam, "GetRole", {"RoleName": name}),
    "AWS::IAM::User": lambda name: call(iam, "GetUser", {"UserName": name}),
    "AWS::KMS::Key": lambda key: call(kms, "DescribeKey", {"KeyId": key}),
    "AWS::Lambda::Function": lambda name: call_rest(lambda_svc, "GET", f"/2015-03-31/functions/{name}/configuration"),
    "AWS::Logs::LogGroup": lambda name: cloudwatch_logs._log_groups[name],
    "AWS::SSM::Document": documents.get,
    "AWS::SecretsManager::Secret": lambda arn: call(secretsmanager, "DescribeSecret", {"SecretId": arn}),
}
_PARTS = {"AWS::Lambda::Permission": "FunctionName", "AWS::IAM::RolePolicy": "RoleName"}
"""Types that go with the resource that this property names."""


def install() -> None:
    """Answer the operations that make and execute a change set."""
    serve(cloudformation, {"CreateChangeSet": create, "ExecuteChangeSet": execute})


def create(params: Params, proceed: Proceed) -> Answer:
    """CreateChangeSet: with REVERT_DRIFT, what is gone counts as not there yet."""
    if params.get("DeploymentMode") != "REVERT_DRIFT":
        return proceed()
    stack = _find(str(params.get("StackName", "")))
    lost = frozenset(gone(stack.get("_resources", {})))
    token = LOST.set(lost)
    try:
        answer = proceed()
    finally:
        LOST.reset(token)
    made = [cs for cs in _change_sets.values() if cs["ChangeSetName"] == params.get("ChangeSetName")]
    for change_set in made if answer[0] == 200 else ():
        if change_set["StackId"] == stack.get("StackId"):
            _of_change_sets[change_set["ChangeSetId"]] = lost
    return answer


def execute(params: Params, proceed: Proceed) -> Answer:
    """ExecuteChangeSet: the stack forgets what its change set found gone, and makes it anew."""
    name, stack = str(params.get("ChangeSetName", "")), _find(str(params.get("StackName", "")))
    for identifier, change_set in list(_change_sets.items()):
        meant = (change_set["ChangeSetName"], change_set["StackId"]) == (name, stack.get("StackId"))
        if (meant or identifier == name) and change_set["ExecutionStatus"] == "AVAILABLE":
            resources = _stacks[change_set["StackName"]]["_resources"]
            for logical_id in _of_change_sets.pop(identifier, ()):
                resources.pop(logical_id, None)
    return proceed()


def gone(resources: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The logical IDs of a stack's resources that somebody has deleted, and of what goes with them."""
    lost = {name for name, resource in resources.items() if not _exists(resource)}
    names = {resources[name]["PhysicalResourceId"] for name in lost}
    for name, resource in resources.items():
        if resource["Properties"].get(_PARTS.get(resource["ResourceType"], ""), "") in names:
            lost.add(name)
    return lost


def without_lost(template: Template) -> Template:
    """A resolved template without the resources that are gone."""
    lost = LOST.get()
    left = {k: v for k, v in template.get("Resources", {}).items() if k not in lost}
    return {**template, "Resources": left} if lost and template else template


def _exists(resource: Mapping[str, Any]) -> bool:
    look = _LOOKS.get(resource["ResourceType"])
    try:
        return look is None or look(resource["PhysicalResourceId"]) is not None
    except (ValueError, KeyError, DeployerError):
        return False


def _unless_terminated(state: str) -> str | None:
    return None if state in ("", "terminated", "shutting-down") else state


def _find(identifier: str) -> dict[str, Any]:
    """A stack by its name or its ARN; nothing for one that is not there."""
    return next((stack for name, stack in _stacks.items() if identifier in (name, stack["StackId"])), {})
