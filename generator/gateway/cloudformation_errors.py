"""What CloudFormation's refusals mean, text by text.

CloudFormation has one code, ValidationError, for most of them: only the text tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generator.errors import DeployerError, NotFound, StackBusy, StackNotFound, UsageError
from generator.gateway.error_row import COMMANDS, REGION, ErrorRow, Source, sentence
from generator.model.command_line import CommandLine
from generator.model.parameter_options import PARAMETERS, another_value

Call = Mapping[str, Any]


def stack_not_found(name: str, region: str = "") -> StackNotFound:
    """A missing stack: the error names the region asked and the command that creates it."""
    return StackNotFound(
        f"There is no stack {name} in {region or 'this region'} of this account.",
        f"Check --stack-name, --region and --profile, or create it with: {CommandLine(name, region).deployer('up')}",
    )


def _not_found(message: str, call: Call) -> DeployerError:
    return stack_not_found(str(call.get("StackName", "of that name")), str(call.get(REGION, "")))


def _bad_stack_name(message: str, call: Call) -> DeployerError:
    return UsageError(
        f"{call.get('StackName', '')} cannot be the name of a stack.",
        "Give --stack-name letters, digits and hyphens, beginning with a letter.",
        code="bad-stack-name",
    )


def _plan_void(message: str, call: Call) -> DeployerError:
    return NotFound(
        "This plan is void: another change of the stack was executed meanwhile, or its change set was deleted.",
        "Run the command again for a new plan.",
        code="plan-void",
    )


def _busy(message: str, call: Call) -> DeployerError:
    name = _name(message, call)
    return StackBusy(
        f"The stack {name or 'of this change set'} is busy with another operation, so nothing was changed.",
        f"Follow it with: {_commands(name, call).deployer('events', '--follow')}",
    )


def _wrong_state(message: str, call: Call) -> DeployerError:
    """The stack came into a state in which AWS does not take this operation, after it was last looked at."""
    name, state = _name(message, call), re.search(r"\[?([A-Z]+(?:_[A-Z]+)+)\]? state", message)
    return DeployerError(
        f"The stack {name or 'of this change set'} is {state.group(1) if state else 'in another state now'}, "
        "in which CloudFormation does not take this operation, so nothing was changed.",
        f"See what can be done in that state: {_commands(name, call).deployer('up', '--plan')}",
        code="stack-state",
    )


def _exists(message: str, call: Call) -> DeployerError:
    name = _name(message, call)
    return DeployerError(
        f"The stack {name} was created by somebody else meanwhile, so nothing was changed.",
        f"See it with: {_commands(name, call).deployer('status')}",
        code="stack-exists",
    )


def _protected(message: str, call: Call) -> DeployerError:
    return DeployerError(
        f"The stack {_name(message, call)} has termination protection on, so it was not deleted.",
        "deployer down turns it off after asking for the stack's name.",
        code="termination-protected",
    )


def _bad_parameter(message: str, call: Call) -> DeployerError:
    """A value that the template's constraints refuse; nothing was made of it."""
    named = re.search(r"Parameter '(\w+)'|parameter name (\w+)|Parameter (\w+) failed|Parameters: \[(\w+)", message)
    key = next(filter(None, named.groups())) if named else ""
    what = f"  ({PARAMETERS[key].help.removesuffix('.')})" if key in PARAMETERS else ""
    hint = another_value(key) + what if key else "Check the values given."
    return UsageError(sentence(message), hint, code="bad-parameter")


def _bad_template(message: str, call: Call) -> DeployerError:
    return DeployerError(
        f"CloudFormation refused the template, so nothing was changed: {sentence(message)}",
        "Check it with: deployer lint",
        code="bad-template",
    )


def _bad_role(message: str, call: Call) -> DeployerError:
    return DeployerError(
        f"CloudFormation cannot use the stack's service role: {sentence(message)}",
        "Correct --role-arn, or restore that role and its trust in cloudformation.amazonaws.com; "
        "CloudFormation keeps using the role that "
        "the stack was given last.",
        code="bad-role",
    )


def _not_retained(message: str, call: Call) -> DeployerError:
    name = _name(message, call)
    return DeployerError(
        f"AWS leaves resources of the stack {name} behind only after its deletion has failed once.",
        f"Run it without --retain first: {_commands(name, call).deployer('down')}",
        code="retain-too-early",
    )


def _not_skipped(message: str, call: Call) -> DeployerError:
    name = _name(message, call)
    return UsageError(
        f"CloudFormation does not skip that in the rollback of the stack {name}: {sentence(message)}",
        f"Only a resource whose rollback failed can be skipped; see which with: "
        f"{_commands(name, call).deployer('events')}",
        code="cannot-skip",
    )


def _quota(message: str, call: Call) -> DeployerError:
    return DeployerError(
        f"A quota of CloudFormation is reached: {sentence(message)}",
        "Delete what is no longer needed, or raise the quota: https://console.aws.amazon.com/servicequotas",
        code="quota",
    )


def _name(message: str, call: Call) -> str:
    """The stack's name: as it was asked for, else as the ARN in the text has it."""
    asked = str(call.get("StackName", ""))
    in_text = re.search(r":stack/([^/\s]+)/", asked if asked.startswith("arn:") else message)
    return asked if asked and not asked.startswith("arn:") else in_text.group(1) if in_text else ""


def _commands(name: str, call: Call) -> CommandLine:
    commands: CommandLine = call.get(COMMANDS) or CommandLine()
    return replace(commands, stack_name=name, region=str(call.get(REGION, "")))


RECORDED, DOCUMENTED, UNCONFIRMED = Source.RECORDED, Source.DOCUMENTED, Source.UNCONFIRMED
INVALID = "ValidationError"
ROWS: tuple[ErrorRow, ...] = (
    ErrorRow(INVALID, r"^Stack with id .* does not exist", _not_found, RECORDED),
    ErrorRow(INVALID, r"^Stack \[.*\] does not exist", _not_found, RECORDED),
    ErrorRow(INVALID, r"^Stack '.*' does not exist", _not_found, UNCONFIRMED),
    ErrorRow(INVALID, r"cannot be deleted while TerminationProtection is enabled", _protected, RECORDED),
    ErrorRow(INVALID, r"already exists and cannot be created again with the changeSet", _exists, RECORDED),
    ErrorRow("AlreadyExistsException", r"^Stack \[.*\] already exists", _exists, RECORDED),
    ErrorRow(INVALID, r"is in \w+_IN_PROGRESS state and can ?not be updated", _busy, RECORDED),
    ErrorRow(INVALID, r"_IN_PROGRESS state|while in status \w+_IN_PROGRESS", _busy, UNCONFIRMED),
    ErrorRow(INVALID, r"is in \w+ state and can ?not be updated", _wrong_state, RECORDED),
    ErrorRow(INVALID, r"is currently in a non-terminal \[\w+\] state", _wrong_state, RECORDED),
    ErrorRow(INVALID, r"cannot be updated from \[\w+\] state", _wrong_state, RECORDED),
    ErrorRow(INVALID, r"cannot be called from current stack status", _wrong_state, RECORDED),
    ErrorRow("OperationInProgressException", "", _busy, DOCUMENTED),
    ErrorRow("ChangeSetNotFound", "", _plan_void, RECORDED),
    ErrorRow("InvalidChangeSetStatus", "", _plan_void, RECORDED),
    ErrorRow(INVALID, r"Role .* is invalid or cannot be assumed", _bad_role, RECORDED),
    ErrorRow(INVALID, r"^Invalid operation on stack \[.*DELETE_FAILED", _not_retained, UNCONFIRMED),
    ErrorRow(INVALID, r"RetainResources can only be specified", _not_retained, UNCONFIRMED),
    ErrorRow(INVALID, r"cannot be skipped: only resources whose rollback failed", _not_skipped, UNCONFIRMED),
    ErrorRow(INVALID, r"'stackName' failed to satisfy constraint", _bad_stack_name, RECORDED),
    ErrorRow(INVALID, r"'templateBody' failed to satisfy constraint", _bad_template, RECORDED),
    ErrorRow(INVALID, r"^Template (format|validation)? ?error", _bad_template, RECORDED),
    ErrorRow(INVALID, r"Parameter '|Parameter validation failed|Parameters: \[", _bad_parameter, RECORDED),
    ErrorRow(INVALID, r"failed to satisfy constraint", _bad_parameter, RECORDED),
    ErrorRow("InsufficientCapabilitiesException", "", _bad_template, RECORDED),
    ErrorRow("LimitExceededException", r"(?i)stack|changeset|change set", _quota, DOCUMENTED),
)
"""Read from the top; the first row that covers an error is the one."""
