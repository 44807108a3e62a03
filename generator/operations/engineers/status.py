"""engineers status and down: what the customer's own people have, and its removal."""

from __future__ import annotations

from collections.abc import Iterator

from generator.errors import Refused
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.down import DownResult
from generator.model.engineers import EngineersPolicy, EngineersReport, Kind, Output, Parameter
from generator.model.stack import Stack
from generator.operations.engineers.up import require_engineers
from generator.operations.stack import down as stack_down

ALLOWS: dict[Output, tuple[Kind, tuple[Parameter, ...]]] = {
    Output.PORT_DOCUMENT: (Kind.PORT, (Parameter.ALLOWED_PORTS,)),
    Output.REMOTE_PORT_DOCUMENT: (Kind.REMOTE_PORT, (Parameter.REMOTE_HOSTS, Parameter.REMOTE_PORTS)),
    Output.COMMAND_DOCUMENT: (Kind.COMMAND, (Parameter.INTERACTIVE_COMMANDS,)),
    Output.RUN_DOCUMENT: (Kind.RUN, (Parameter.FLEET_COMMANDS,)),
    Output.SHELL_DOCUMENT: (Kind.SHELL, ()),
    Output.SSH_DOCUMENT: (Kind.SSH, (Parameter.SSH_USER,)),
}
"""Each document's output, and the parameters that say what it allows."""
POLICIES = {
    Output.USERS_POLICY_ARN: "IAM users",
    Output.ROLES_POLICY_ARN: "roles",
    Output.LOGIN_POLICY_ARN: "federated people, by the session tag login",
    Output.SOURCE_IDENTITY_POLICY_ARN: "federated people, by the source identity",
}


def status(gateway: Gateway) -> EngineersReport:
    """What the stack has, and who has its policies. Raises StackNotFound, and Refused for another stack."""
    stack = _stack(gateway)
    documents = {
        stack.outputs[output]: " at ports ".join(stack.parameters.get(key, "") for key in keys) or "a whole shell"
        for output, (_, keys) in ALLOWS.items()
        if output in stack.outputs
    }
    tag = stack.outputs.get(Output.TAG_KEY, "")
    return EngineersReport(stack.name, str(stack.status), tag, documents, tuple(_policies(gateway, stack)))


def down(gateway: Gateway, caller: Caller) -> DownResult:
    """Delete the stack. Raises Refused where somebody still has a policy of it, and what `down` raises."""
    stack = _stack(gateway)
    if holders := [each for policy in _policies(gateway, stack) for each in _detaching(gateway, policy)]:
        raise Refused(
            f"Nothing was changed: the policies of {stack.name} are attached, and IAM deletes no such policy.",
            "Detach them first:\n" + "\n".join(holders),
            code="policy-attached",
        )
    return stack_down.down(gateway, frozenset(), caller)


def _stack(gateway: Gateway) -> Stack:
    stack = gateway.cloudformation.describe_stack(gateway.deployment.stack_name)
    require_engineers(gateway, stack)
    return stack


def _policies(gateway: Gateway, stack: Stack) -> Iterator[EngineersPolicy]:
    for output, whose in POLICIES.items():
        if arn := stack.outputs.get(output, ""):
            yield EngineersPolicy(whose, arn, gateway.iam.policy_entities(arn))


def _detaching(gateway: Gateway, policy: EngineersPolicy) -> Iterator[str]:
    for kind, _, name in (each.partition("/") for each in policy.attached):
        words = (f"--{kind}-name", name, "--policy-arn", policy.arn)
        yield gateway.commands.aws("iam", f"detach-{kind}-policy", *words)
