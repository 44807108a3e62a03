"""How a stack's state reads: what a person wants to know in ten lines, and all of it on request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.contract import NO_LEVEL, Output, Parameter
from generator.model.grant import Grant

if TYPE_CHECKING:
    from generator.model.command_line import CommandLine
    from generator.model.stack import Stack, StackResource
    from generator.operations.stack.read import StackReport

Rows = list[tuple[str, str]]


def status_lines(report: StackReport, everything: bool, commands: CommandLine, aside: str = "") -> list[str]:
    """State, instance and access, and how to see the rest; `aside` as Location.aside.

    With `everything` also all parameters, masked where NoEcho, and all resources.
    """
    stack = report.stack
    resume = f"yes: nobody of the vendor's gets in until you resume access: {commands.deployer('access', 'resume')}"
    paused = [("paused", resume)] if report.paused else []
    access = [*_access(stack, report.at, commands), *paused]
    head = table([*_state(stack, aside), *_settings(stack), *access, *_resources(report.resources)])
    if not everything:
        return [*head, "", f"All parameters and resources: {commands.deployer('status', '--all')}"]
    parameters = [(f"  {key}", value or "-") for key, value in sorted(stack.parameters.items())]
    resources = [(f"  {r.logical_id}", str(r.status), r.physical_id) for r in report.resources]
    return [*head, "", "parameters", *table(parameters), "", "resources", *table(resources)]


def _state(stack: Stack, aside: str) -> Rows:
    changed = stack.updated or stack.created
    return [
        ("stack", stack.name),
        ("state", f"{stack.status} {stack.status_reason}".strip()),
        ("account", f"{stack.account} in {stack.region}{aside}"),
        ("changed", f"{changed:%Y-%m-%d %H:%M:%S} UTC" if changed else "-"),
        ("deletion", "protected" if stack.termination_protection else "NOT protected"),
    ]


def _settings(stack: Stack) -> Rows:
    """What was chosen for the stack itself."""
    tags = ", ".join(f"{key}={value}" for key, value in sorted(stack.tags.items()))
    rows = [("tags", tags), ("role", stack.role_arn or ""), ("topics", ", ".join(stack.notification_arns))]
    return [row for row in rows if row[1]]


def _access(stack: Stack, now: datetime, commands: CommandLine) -> Rows:
    known, outputs = stack.parameters, stack.outputs
    records = Parameter.VENDOR_PRINCIPALS in known
    unrecorded = f"this stack records no grants; see who has access: {commands.deployer('access', 'show')}"
    instance = f"{outputs.get(Output.INSTANCE_ID, '-')}  {known.get(Parameter.INSTANCE_TYPE, '')}".strip()
    endpoint, level = known.get(Parameter.DATABASE_ENDPOINT, ""), known.get(Parameter.SUPPORT_DATABASE_LEVEL, NO_LEVEL)
    return [
        ("instance", instance),
        ("support", _support(stack)),
        ("access", _granted(Grant.of(known), now) if records else unrecorded),
        *([("database", f"{endpoint}, support: {level}")] if endpoint else []),
    ]


def _support(stack: Stack) -> str:
    """By what the vendor's support could be let in."""
    known, outputs = stack.parameters, stack.outputs
    user = outputs.get(Output.SUPPORT_USER_NAME) or known.get(Parameter.SUPPORT_USER_NAME) or "yes"
    role = outputs.get(Output.SUPPORT_ROLE_ARN, "yes").rpartition("/")[2]
    ways = [f"user {user}"] if known.get(Parameter.CREATE_SUPPORT_USER) == "Yes" else []
    ways += [f"role {role}"] if known.get(Parameter.CREATE_SUPPORT_ROLE) == "Yes" else []
    return ", ".join(ways) or "neither a user nor a role"


def _granted(grant: Grant, now: datetime) -> str:
    """Who has access by the stack's record; deployer access show reads what AWS has."""
    if not grant.principals:
        return "granted to nobody"
    if grant.ended(now):
        return f"granted to nobody; the last grant ended {grant.until_text}"
    until = f"until {grant.until_text}" if grant.until else "without an end"
    return f"{', '.join(principal.arn for principal in grant.principals)} {until}" + (
        f" ({grant.reason})" if grant.reason else ""
    )


def _resources(resources: tuple[StackResource, ...]) -> Rows:
    odd = [f"{each.logical_id} {each.status}" for each in resources if not each.status.succeeded]
    return [("resources", "; ".join([f"{len(resources) - len(odd)} of {len(resources)} complete", *odd]))]
