"""What keeps the keeper from ending sessions, though the stack's rule is as it was made and calls it.

Somebody may have deleted the function, stopped it, or taken back that the rule may call it or what its role may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generator.gateway.aws import Gateway
from generator.model import resource_state
from generator.model.contract import Resource
from generator.model.policy import Policy, PolicyStatement
from generator.model.reading import Reading
from generator.operations.access.readings import read
from generator.operations.access.stack_access import StackAccess

INVOKE, RULES = "lambda:InvokeFunction", "events.amazonaws.com"
CONCURRENCY, POLICY, RIGHTS = "lambda:GetFunctionConcurrency", "lambda:GetPolicy", "iam:SimulatePrincipalPolicy"
TARGET_TAG = "ssm:resourceTag/aws:ssmmessages:target-id"


@dataclass(frozen=True)
class RuleFault:
    """Why the stack's rule will not end open sessions, and the command that repairs it."""

    problem: str
    repair: str


def keeper_faults(
    gateway: Gateway, access: StackAccess, resources: Mapping[str, str], anew: str
) -> Reading[tuple[RuleFault, ...]]:
    """The first thing that stops the keeper, or nothing (four calls); else why something could not be asked.

    `resources` are the stack's, their physical IDs by logical ID. `anew`: what makes again what a grant makes. Never
    raises.
    """
    function = resources.get(Resource.KEEPER_FUNCTION, "")
    stopped = read(CONCURRENCY, lambda: _stopped(gateway, function))
    if stopped.gone:  # nothing else can be asked of it
        keeper = resource_state.deleted_keeper(function, access.stack.parameters, gateway.commands)
        return Reading(CONCURRENCY, stopped.at, (RuleFault(f"the stack's {keeper.subject} was deleted", keeper.hint),))
    closed = read(POLICY, lambda: _closed(gateway, access, resources, anew))
    powerless = read(RIGHTS, lambda: _powerless(gateway, access, resources.get(Resource.KEEPER_ROLE, ""), anew))
    asked = (stopped, closed, powerless)
    unanswered = (reading for reading in asked if reading.value is None)
    return next((reading for reading in asked if reading.value), next(unanswered, stopped))


def stopped(gateway: Gateway, resources: Reading[Mapping[str, str]]) -> RuleFault | None:
    """What no grant repairs: the keeper was stopped (one call). None where it was not, or that cannot be asked.

    What lets the rule call it, and what it may do, a grant writes. `resources` as in `keeper_faults`.
    """
    function = (resources.value or {}).get(Resource.KEEPER_FUNCTION, "")
    faults = read(CONCURRENCY, lambda: _stopped(gateway, function)).value if function else ()
    return next(iter(faults or ()), None)


def _stopped(gateway: Gateway, function: str) -> tuple[RuleFault, ...]:
    """A function without concurrency is never run: the console's button Throttle does that."""
    if gateway.lambda_functions.reserved_concurrency(function) != 0:
        return ()
    start = gateway.commands.aws("lambda", "delete-function-concurrency", "--function-name", function)
    return (RuleFault(f"the stack's function {function} was stopped: its reserved concurrency is 0", start),)


def _closed(gateway: Gateway, access: StackAccess, resources: Mapping[str, str], anew: str) -> tuple[RuleFault, ...]:
    function, rule = resources.get(Resource.KEEPER_FUNCTION, ""), resources.get(Resource.ACCESS_END_RULE, "")
    if admits(gateway.lambda_functions.get_policy(function), str(access.stack.arn.beside("events", f"rule/{rule}"))):
        return ()
    return (RuleFault(f"the stack's rule {rule} may no longer call the function {function}", anew),)


def admits(policy: Policy, rule_arn: str) -> bool:
    """Whether a function's policy lets EventBridge call it for this rule. Pure."""
    return any(_for_rule(each, rule_arn) for each in policy.statements if each.permits(INVOKE)) and not any(
        _for_rule(each, rule_arn) for each in policy.statements if each.effect == "Deny"
    )


def _for_rule(statement: PolicyStatement, rule_arn: str) -> bool:
    named = any(principal.value in (RULES, "*") for principal in statement.principals)
    return named and (not statement.source_arns or rule_arn in statement.source_arns)


def _powerless(gateway: Gateway, access: StackAccess, role: str, anew: str) -> tuple[RuleFault, ...]:
    """IAM's own evaluation of the role's policies and boundary, for what the keeper does at the end."""
    arn, region = str(access.stack.arn.in_iam(f"role/{role}")), ("aws:RequestedRegion", "string", access.stack.region)
    sessions = str(access.stack.arn.beside("ssm", "session/*"))
    calls = (
        ("ssm:DescribeSessions", "*", (region,)),
        ("ssm:TerminateSession", sessions, (region, (TARGET_TAG, "string", access.instance_id))),
    )
    for call, resource, context in calls:
        if (decision := gateway.iam.simulate(arn, call, resource, context)) != "allowed":
            repair = _no_longer_denied(gateway, role) if decision == "explicitDeny" else anew
            return (RuleFault(f"the keeper's role {role} may not call {call} ({decision})", repair),)
    return ()


def _no_longer_denied(gateway: Gateway, role: str) -> str:
    """A grant makes again what permits it; what denies it is somebody else's."""
    look = gateway.commands.aws("iam", "list-role-policies", "--role-name", role)
    return f"Remove what denies it from the policies or the boundary of {role}: {look}"
