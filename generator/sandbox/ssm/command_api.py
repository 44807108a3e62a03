"""SendCommand and the operations that return its results. AWS runs the script on the node.

Here the imitated shell answers, and nothing runs on this machine. Commands live in memory: a restart forgets them.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from generator.errors import DeployerError
from generator.sandbox.ssm import documents, nodes
from generator.sandbox.ssm.api_call import Call, Operation, page
from generator.sandbox.ssm.nodes import Node
from generator.sandbox.ssm.shell import ImitatedShell, Outcome, install_log

_DELIVERY_SECONDS = 0.1  # a caller that polls sees InProgress first
_SCRIPTS = ("AWS-RunShellScript",)


@dataclass
class Command:
    """One SendCommand and its outcome on each node; `finished` is when (Unix seconds) each result is visible."""

    id: str
    account: str
    region: str
    request: dict[str, Any]
    requested: float
    outcomes: dict[str, Outcome]
    finished: dict[str, float]
    cancelled: set[str] = field(default_factory=set)

    def status(self, instance_id: str) -> str:
        """InProgress, Success, Failed or Cancelled."""
        if instance_id in self.cancelled:
            return "Cancelled"
        if time.time() < self.finished[instance_id]:
            return "InProgress"
        return "Failed" if self.outcomes[instance_id].code else "Success"


_commands: dict[str, Command] = {}


def send_command(call: Call) -> dict[str, Any]:
    """SendCommand of AWS-RunShellScript by instance ids or tags. Refused: InvalidDocument, InvalidInstanceId."""
    data = call.data
    document = documents.get(data["DocumentName"])
    call.allow("ssm:SendCommand", document.arn)
    if document.name not in _SCRIPTS:
        raise DeployerError(f"The sandbox supports no document but {_SCRIPTS[0]}.", code="InvalidDocument")
    targets = _targets(call)
    script = "\n".join((data.get("Parameters") or {}).get("commands", []))
    now = time.time()
    outcomes = {node.id: ImitatedShell(node.id, "root", files=install_log()).run(script) for node in targets}
    command = Command(
        id=str(uuid.uuid4()),
        account=call.caller.account,
        region=call.caller.region,
        request=data,
        requested=now,
        outcomes=outcomes,
        finished={name: now + _DELIVERY_SECONDS + outcome.seconds for name, outcome in outcomes.items()},
    )
    _commands[command.id] = command
    return {"Command": _summary(command)}


def get_command_invocation(call: Call) -> dict[str, Any]:
    """GetCommandInvocation. Refused: InvocationDoesNotExist."""
    call.allow("ssm:GetCommandInvocation")
    command, instance_id = _find(call, call.data["CommandId"]), call.data["InstanceId"]
    if command is None or instance_id not in command.outcomes:
        raise DeployerError(
            f"No invocation of {call.data['CommandId']} on {instance_id}.", code="InvocationDoesNotExist"
        )
    status = command.status(instance_id)
    done = status in ("Success", "Failed")
    outcome = command.outcomes[instance_id] if done else Outcome(-1)
    return {
        "CommandId": command.id,
        "InstanceId": instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.request["DocumentName"],
        "DocumentVersion": "1",
        "PluginName": "aws:runShellScript",
        "ResponseCode": outcome.code,
        "ExecutionStartDateTime": _timestamp(command.requested),
        "ExecutionEndDateTime": _timestamp(command.finished[instance_id]) if done else "",
        "Status": status,
        "StatusDetails": status,
        "StandardOutputContent": outcome.out[:24_000],
        "StandardErrorContent": outcome.err[:8_000],
    }


def list_command_invocations(call: Call) -> dict[str, Any]:
    """ListCommandInvocations by CommandId and InstanceId, with the output under Details."""
    call.allow("ssm:ListCommandInvocations")
    command_id, instance = call.data.get("CommandId"), call.data.get("InstanceId")
    rows = [
        _invocation(command, instance_id, details=bool(call.data.get("Details")))
        for command in _mine(call)
        for instance_id in command.outcomes
        if command_id in (None, command.id) and instance in (None, instance_id)
    ]
    rows, more = page(rows, call.data, 50)
    return {"CommandInvocations": rows, **more}


def list_commands(call: Call) -> dict[str, Any]:
    """ListCommands, newest first."""
    call.allow("ssm:ListCommands")
    command_id = call.data.get("CommandId")
    summaries = [_summary(command) for command in _mine(call) if command_id in (None, command.id)]
    rows, more = page(summaries, call.data, 50)
    return {"Commands": rows, **more}


def cancel_command(call: Call) -> dict[str, Any]:
    """CancelCommand: what has not finished is cancelled."""
    call.allow("ssm:CancelCommand")
    command = _find(call, call.data["CommandId"])
    if command is None:
        raise DeployerError(f"The command {call.data['CommandId']} does not exist.", code="InvalidCommandId")
    command.cancelled |= {name for name in command.outcomes if command.status(name) == "InProgress"}
    return {}


def _targets(call: Call) -> list[Node]:
    named = list(call.data.get("InstanceIds") or [])
    tags: list[tuple[str, list[str]]] = []
    for target in call.data.get("Targets") or []:
        if target["Key"].lower() == "instanceids":
            named += target["Values"]
        elif target["Key"].startswith("tag:"):
            tags.append((target["Key"][4:], target["Values"]))
        else:
            raise DeployerError(f"The sandbox does not target by {target['Key']}.", code="InvalidParameters")
    for instance_id in named:
        call.allow("ssm:SendCommand", nodes.arn_of(instance_id))
    managed = {node.id: node for node in nodes.all_nodes()}
    if absent := [name for name in named if name not in managed]:
        raise DeployerError(
            f"Instances [[{', '.join(absent)}]] not in a valid state for account {call.caller.account}",
            code="InvalidInstanceId",
        )
    selected = {name: managed[name] for name in named}
    if tags:
        tagged = [n for n in managed.values() if all(n.tags.get(key) in values for key, values in tags)]
        for node in tagged:
            call.allow("ssm:SendCommand", node.arn)
        selected |= {node.id: node for node in tagged}
    return list(selected.values())


def _find(call: Call, command_id: str) -> Command | None:
    command = _commands.get(command_id)
    return command if command in _mine(call) else None


def _mine(call: Call) -> list[Command]:
    scope = (call.caller.account, call.caller.region)
    commands = [command for command in _commands.values() if (command.account, command.region) == scope]
    return sorted(commands, key=lambda command: command.requested, reverse=True)


def _overall(command: Command) -> str:
    statuses = {command.status(name) for name in command.outcomes}
    order = ("InProgress", "Cancelled", "Failed")
    return next((status for status in order if status in statuses), "Success")


def _summary(command: Command) -> dict[str, Any]:
    done = [name for name in command.outcomes if command.status(name) != "InProgress"]
    return {
        "CommandId": command.id,
        "DocumentName": command.request["DocumentName"],
        "Comment": command.request.get("Comment", ""),
        "Parameters": command.request.get("Parameters") or {},
        "InstanceIds": list(command.request.get("InstanceIds") or []),
        "Targets": command.request.get("Targets") or [],
        "RequestedDateTime": command.requested,
        "Status": _overall(command),
        "StatusDetails": _overall(command),
        "TargetCount": len(command.outcomes),
        "CompletedCount": len(done),
        "ErrorCount": sum(command.status(name) == "Failed" for name in done),
    }


def _invocation(command: Command, instance_id: str, *, details: bool) -> dict[str, Any]:
    status = command.status(instance_id)
    outcome = command.outcomes[instance_id]
    plugin = {
        "Name": "aws:runShellScript",
        "Status": status,
        "ResponseCode": outcome.code,
        "Output": outcome.out + (f"\n----------ERROR-------\n{outcome.err}" if outcome.err else ""),
    }
    return {
        "CommandId": command.id,
        "InstanceId": instance_id,
        "DocumentName": command.request["DocumentName"],
        "RequestedDateTime": command.requested,
        "Status": status,
        "StatusDetails": status,
        "CommandPlugins": [plugin] if details and status in ("Success", "Failed") else [],
    }


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


OPERATIONS: dict[str, Operation] = {
    "SendCommand": send_command,
    "GetCommandInvocation": get_command_invocation,
    "ListCommandInvocations": list_command_invocations,
    "ListCommands": list_commands,
    "CancelCommand": cancel_command,
}
