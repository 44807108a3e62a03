"""SendCommand and the operations that return its results. AWS runs the script on the node.

Here the imitated shell answers, and nothing runs on this machine. Commands live in memory: a restart forgets them.
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from generator.errors import DeployerError
from generator.sandbox.ssm import documents, nodes
from generator.sandbox.ssm.api_call import Call, Operation, page
from generator.sandbox.ssm.command_schedule import Invocation, Rate, overall, rate, schedule
from generator.sandbox.ssm.documents import Document
from generator.sandbox.ssm.nodes import Node
from generator.sandbox.ssm.shell import ImitatedShell, Outcome, install_log

_MOST_INSTANCES, _MOST_TARGETS, _TIMEOUT = 50, 5, 3600
_LONGEST = 172_800  # seconds, of AWS-RunShellScript's executionTimeout
_PARAMETERS = frozenset({"commands", "workingDirectory", "executionTimeout"})
_SCRIPT = "aws:runShellScript"


@dataclass
class Command:
    """One SendCommand, and what happens on each node and when."""

    id: str
    account: str
    region: str
    request: dict[str, Any]
    requested: float
    limits: Rate
    invocations: dict[str, Invocation]
    cancelled: set[str] = field(default_factory=set)

    def status(self, instance_id: str) -> tuple[str, str]:
        """Status and StatusDetails on a node at this moment."""
        invocation, now = self.invocations[instance_id], time.time()
        if instance_id in self.cancelled:
            return "Cancelled", "Cancelled"
        if now < invocation.ended:
            running = now >= invocation.started and invocation.detail != "Terminated"
            return ("InProgress", "InProgress") if running else ("Pending", "Pending")
        return invocation.status, invocation.detail

    def finished(self, instance_id: str) -> bool:
        """Whether nothing more happens on a node."""
        return self.status(instance_id)[0] not in ("Pending", "InProgress")

    def output(self, instance_id: str) -> Outcome:
        """What is known of the outcome on a node: nothing while it runs there, and where it was cancelled."""
        known = self.finished(instance_id) and instance_id not in self.cancelled
        return self.invocations[instance_id].outcome if known else Outcome(-1)


_commands: dict[str, Command] = {}


def send_command(call: Call) -> dict[str, Any]:
    """SendCommand by instance ids or tags: AWS-RunShellScript, or a document of one's own whose `commands` run.

    Refused: InvalidDocument, InvalidInstanceId, InvalidParameters, ValidationException.
    """
    data = call.data
    document = documents.get(data["DocumentName"])
    call.allow("ssm:SendCommand", document.arn)
    _require_script(document)
    _check(data)
    _require_allowed(document, data.get("Parameters") or {})
    targets = _targets(call)
    parameters = data.get("Parameters") or {}
    script = "\n".join(parameters.get("commands", []))
    outcomes = {
        node.id: ImitatedShell(node.id, "root", files=install_log()).run(script) if node.online else None
        for node in targets
    }
    now, timeout = time.time(), int((parameters.get("executionTimeout") or [_TIMEOUT])[0])
    limits = rate(data.get("MaxConcurrency", "50"), data.get("MaxErrors", "0"), len(targets))
    command = Command(
        id=str(uuid.uuid4()),
        account=call.caller.account,
        region=call.caller.region,
        request=data,
        requested=now,
        limits=limits,
        invocations=schedule(outcomes, limits, now, timeout),
    )
    _commands[command.id] = command
    return {"Command": _summary(command)}


def get_command_invocation(call: Call) -> dict[str, Any]:
    """GetCommandInvocation. Refused: InvocationDoesNotExist."""
    call.allow("ssm:GetCommandInvocation")
    command, instance_id = _find(call, call.data["CommandId"]), call.data["InstanceId"]
    if command is None or instance_id not in command.invocations:
        raise DeployerError(
            f"No invocation of {call.data['CommandId']} on {instance_id}.", code="InvocationDoesNotExist"
        )
    status, detail = command.status(instance_id)
    outcome, ran = command.output(instance_id), command.invocations[instance_id]
    began = detail not in ("Pending", "Undeliverable", "Terminated", "Cancelled")
    return {
        "CommandId": command.id,
        "InstanceId": instance_id,
        "Comment": command.request.get("Comment", ""),
        "DocumentName": command.request["DocumentName"],
        "DocumentVersion": "1",
        "PluginName": "aws:runShellScript",
        "ResponseCode": outcome.code,
        "ExecutionStartDateTime": _timestamp(ran.started) if began else "",
        "ExecutionEndDateTime": _timestamp(ran.ended) if began and command.finished(instance_id) else "",
        "Status": status,
        "StatusDetails": detail,
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
        for instance_id in command.invocations
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
    """CancelCommand: what has not finished is cancelled, on the instances that are named if any are."""
    call.allow("ssm:CancelCommand")
    command = _find(call, call.data["CommandId"])
    if command is None:
        raise DeployerError(f"The command {call.data['CommandId']} does not exist.", code="InvalidCommandId")
    chosen = set(call.data.get("InstanceIds") or command.invocations)
    command.cancelled |= {name for name in command.invocations if name in chosen and not command.finished(name)}
    return {}


def _require_script(document: Document) -> None:
    """Raise DeployerError for a document that does something else than run the commands it is given."""
    steps = document.content().get("mainSteps") or [{}]
    commands = [step.get("inputs", {}).get("runCommand") for step in steps if step.get("action") == _SCRIPT]
    if document.type != "Command" or commands not in (["{{ commands }}"], [["{{ commands }}"]]):
        raise DeployerError(f"The sandbox runs no document but those of {_SCRIPT}.", code="InvalidDocument")


def _require_allowed(document: Document, given: dict[str, list[str]]) -> None:
    """Raise DeployerError for a value that the document's pattern does not allow; each member of a list is held."""
    declared = document.content().get("parameters") or {}
    for name, values in given.items():
        pattern = declared.get(name, {}).get("allowedPattern")
        if pattern and not all(re.fullmatch(pattern, value) for value in values):
            raise DeployerError(f"The parameter {name} does not match {pattern}.", code="InvalidParameters")


def _check(data: dict[str, Any]) -> None:
    """Raise DeployerError for what AWS refuses before it looks at any node."""
    for name, most in (("instanceIds", _MOST_INSTANCES), ("targets", _MOST_TARGETS)):
        value = data.get(name[0].upper() + name[1:]) or []
        if len(value) > most:
            raise DeployerError(
                f"1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must have length "
                f"less than or equal to {most}",
                code="ValidationException",
            )
    parameters = data.get("Parameters") or {}
    timeout = str((parameters.get("executionTimeout") or [_TIMEOUT])[0])
    known = set(parameters) <= _PARAMETERS and "commands" in parameters
    if not known or not timeout.isdigit() or not 1 <= int(timeout) <= _LONGEST:
        raise DeployerError("The parameters do not fit those of the document.", code="InvalidParameters")
    rate(data.get("MaxConcurrency", "50"), data.get("MaxErrors", "0"), 1)


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
    managed = {node.id: node for node in nodes.registered_nodes()}
    if absent := [name for name in named if name not in managed or not managed[name].online]:
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


def _overall(command: Command) -> tuple[str, str]:
    if not all(map(command.finished, command.invocations)):
        return "InProgress", "InProgress"
    return ("Cancelled", "Cancelled") if command.cancelled else overall(command.invocations, command.limits)


def _summary(command: Command) -> dict[str, Any]:
    done = [name for name in command.invocations if command.finished(name)]
    status, detail = _overall(command)
    return {
        "CommandId": command.id,
        "DocumentName": command.request["DocumentName"],
        "Comment": command.request.get("Comment", ""),
        "Parameters": command.request.get("Parameters") or {},
        "InstanceIds": list(command.request.get("InstanceIds") or []),
        "Targets": command.request.get("Targets") or [],
        "RequestedDateTime": command.requested,
        "MaxConcurrency": command.request.get("MaxConcurrency", "50"),
        "MaxErrors": command.request.get("MaxErrors", "0"),
        "Status": status,
        "StatusDetails": detail,
        "TargetCount": len(command.invocations),
        "CompletedCount": len(done),
        "ErrorCount": sum(command.invocations[name].counts for name in done if name not in command.cancelled),
    }


def _invocation(command: Command, instance_id: str, *, details: bool) -> dict[str, Any]:
    status, detail = command.status(instance_id)
    outcome = command.output(instance_id)
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
        "StatusDetails": detail,
        "CommandPlugins": [plugin] if details and detail in ("Success", "Failed", "ExecutionTimedOut") else [],
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
