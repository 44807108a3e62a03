"""When the sessions that support has open end, in words for both sides; and whether the stack's rule will end them.

The end of a grant is a condition in the policies and refuses what is new. What is open then the stack's rule ends; it
is there only while a grant has an end (docs/decisions/0034-sessions-end-with-access.md), and ends nobody else's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from generator.gateway.aws import Gateway
from generator.model.access import AccessFinding, RuleTarget
from generator.model.command_line import CommandLine
from generator.model.contract import ACCESS_END_SCHEDULE, Parameter, Resource
from generator.model.json_text import parse_json
from generator.model.reading import Reading
from generator.operations import resource_states
from generator.operations.access.keeper_faults import RuleFault, keeper_faults
from generator.operations.access.paths.resources import stack_resources
from generator.operations.access.readings import absent, read
from generator.operations.access.stack_access import StackAccess

BY_THE_RULE = "the stack ends them within two minutes of the end"
NEVER = "no end: they go on until access is paused or revoked"
GO_ON = "they go on after the end until access is revoked: {}"
NO_RULE = "this stack's template has no rule that ends them"
UNKNOWN = "not known whether the stack ends them: {}"
ASKED = "events:DescribeRule, events:ListTargetsByRule"


def session_end(gateway: Gateway, access: StackAccess) -> str:
    """When support's open sessions end on this stack (seven calls, if the grant has an end). Never raises."""
    limit = f"; {lasts}" if (lasts := shell_limit(access)) else ""
    if access.grant.until is None:
        return NEVER + limit
    rule = rule_faults(gateway, access, stack_resources(gateway, access))
    if rule.value is None:
        return UNKNOWN.format(_why(rule)) + limit
    return (GO_ON.format(rule.value[0].problem) if rule.value else BY_THE_RULE) + limit


def findings(gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]) -> Iterator[AccessFinding]:
    """What `access show` warns about where open sessions would outlive the grant. Never raises."""
    rule = rule_faults(gateway, access, resources)
    if rule.value is None and not rule.absent:
        yield AccessFinding("sessions", UNKNOWN.format(_why(rule)))
    for fault in rule.value or ():
        yield AccessFinding("sessions", GO_ON.format(fault.problem), fault.repair)


def rule_faults(
    gateway: Gateway, access: StackAccess, resources: Reading[Mapping[str, str]]
) -> Reading[tuple[RuleFault, ...]]:
    """What keeps the stack's rule and the keeper from ending sessions; absent where no grant has an end.

    `resources` are the stack's, their physical IDs by logical ID. Somebody may have changed or deleted either.
    """
    if not access.grant.principals or access.grant.until is None:
        return absent(ASKED, "no grant has an end")
    if resources.value is None:
        return resources.unanswered()
    commands = gateway.commands
    if not (rule := resources.value.get(Resource.ACCESS_END_RULE, "")):
        return Reading(ASKED, resources.at, (RuleFault(NO_RULE, commands.deployer("upgrade")),))
    keeper = resources.value.get(Resource.KEEPER_FUNCTION, "")
    faults = read(ASKED, lambda: _faults(gateway, access, rule, keeper))
    if faults.value:
        return faults
    of_keeper = keeper_faults(gateway, access, resources.value, _made_anew(commands))
    return of_keeper if of_keeper.value or faults.value is not None else faults


def _faults(gateway: Gateway, access: StackAccess, rule: str, keeper: str) -> tuple[RuleFault, ...]:
    live, subject = resource_states.live_rule(gateway, rule), f"the stack's rule {rule}"
    anew = _made_anew(gateway.commands)
    if live is None:
        return (RuleFault(f"{subject} was deleted", anew),)
    if broken := resource_states.rule_state(gateway, rule, live):
        return (RuleFault(f"{subject} that ends them is {broken.state}", *broken.restore),)
    if live.schedule != ACCESS_END_SCHEDULE:
        return (RuleFault(f"{subject} was changed: it runs at {live.schedule or 'no time'}", anew),)
    if not any(_ends_them(target, access, keeper) for target in live.targets):
        return (RuleFault(f"{subject} was changed: it no longer tells the keeper whose sessions to end", anew),)
    return ()


def _ends_them(target: RuleTarget, access: StackAccess, keeper: str) -> bool:
    """Whether it calls the keeper with this grant's end, and with who support is on which instance."""
    try:
        message = parse_json(target.message)
    except ValueError:
        return False
    wanted = {
        "Until": access.stack.parameters.get(Parameter.SUPPORT_ACCESS_UNTIL, ""),
        "Instance": access.instance_id,
        "User": access.support_user,
        "Role": access.support_role,
    }
    return target.arn.endswith(f":function:{keeper}") and message == {**wanted, "Now": "<time>"}


def _made_anew(commands: CommandLine) -> str:
    """A revocation removes the rule, and the next grant makes it again."""
    return f"{commands.deployer('access', 'revoke', '--all')}; then grant again"


def _why(reading: Reading[Any]) -> str:
    return f"this needs {reading.permission}" if reading.permission else reading.detail


def shell_limit(access: StackAccess) -> str:
    """How long a shell of support lasts on this stack, in words; "" for a stack of an older template. Pure."""
    minutes = access.stack.parameters.get(Parameter.SUPPORT_SESSION_MINUTES, "")
    return f"a shell lasts {minutes} minutes at most" if minutes else ""
