"""engineers up: the documents and tag policies of the customer's own people, as a stack of their own.

Plan, show, ask, execute, follow, verify, by the machinery of `up`. It holds no data, so a stack that failed is simply
deleted and made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generator.errors import DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.change_set import ChangeSetRequest
from generator.model.engineers import DEFAULT_TAG, EngineersRequest, Output, Parameter
from generator.model.stack import Stack
from generator.model.up import Check, UpPlan, UpResult
from generator.operations.clock import SYSTEM, Clock
from generator.operations.stack import apply, change_set, document_versions, own_log_group, states
from generator.operations.stack.plan import choose
from generator.operations.stack.watch import new_token

DOCUMENTS = (
    *(Output.PORT_DOCUMENT, Output.REMOTE_PORT_DOCUMENT, Output.COMMAND_DOCUMENT, Output.SHELL_DOCUMENT),
    *(Output.SSH_DOCUMENT, Output.RUN_DOCUMENT),
)


def up(gateway: Gateway, request: EngineersRequest, caller: Caller, clock: Clock = SYSTEM) -> UpPlan | UpResult:
    """Create the stack, or change it; return it as it is afterwards.

    With `plan_only`, return the plan and leave nothing behind. Raises UsageError, Refused for a stack that is not the
    engineers', Declined, StackBusy, OperationFailed with the cause, and NotFollowed.
    """
    own_log_group.require(gateway, request.given.get(Parameter.SESSION_LOG_GROUP, ""))
    stack = gateway.cloudformation.find_stack(gateway.deployment.stack_name)
    plan = _plan(gateway, request, stack, clock)
    if request.plan_only:
        change_set.discard(gateway, plan)
        return plan
    with change_set.discarded_on_error(gateway, plan):
        caller.show(plan)
        if plan.change_set is not None:
            caller.confirm(plan)
        versions = document_versions.before(gateway, plan)
    apply.start(gateway, plan)
    if plan.change_set is not None:
        caller.events(apply.watch(gateway, plan))

    def verified() -> UpResult:
        set_now = document_versions.set_latest(gateway, versions)
        result = apply.result(gateway, plan)
        return replace(result, checks=(*set_now, *_documents(gateway, result)))

    return apply.read_back(gateway, plan, verified)


def require_engineers(gateway: Gateway, stack: Stack) -> None:
    """Raise Refused for a stack that another template made, such as the product's."""
    if stack.status.only_planned or Parameter.ALLOWED_PORTS in stack.parameters:
        return
    raise Refused(
        f"Nothing was changed: the stack {stack.name} is not one of deployer engineers.",
        "Give another name: --stack-name NAME, or leave it out.",
        code="not-engineers",
    )


def _plan(gateway: Gateway, request: EngineersRequest, stack: Stack | None, clock: Clock) -> UpPlan:
    """What would change. Raises UsageError, Refused, StackBusy and the errors of a change set."""
    if stack is not None:
        require_engineers(gateway, stack)
        _require_updatable(gateway, stack)
    creates = stack is None or stack.status.only_planned
    token, tag = new_token(clock.now()), request.tag or _tag(stack)
    parameters = choose(request.given, stack, tuple(map(str, Parameter)))
    _require_hosts_with_ports(parameters, stack)
    wanted = ChangeSetRequest(
        gateway.deployment.stack_name, token, creates, template_body=_template(tag), parameters=parameters
    )
    made_for_it = wanted.stack_name if stack is None else ""
    change_set_id = change_set.create(gateway, wanted, made_for_it)
    with change_set.dropped_on_error(gateway, change_set_id, made_for_it, token):
        planned = change_set.wait_for_change_set(gateway, change_set_id)
        if planned.empty:
            gateway.cloudformation.delete_change_set(change_set_id)
    return UpPlan(
        stack_name=wanted.stack_name,
        stack_id=planned.stack_id,
        creates=creates,
        change_set=None if planned.empty else planned,
        token=token,
        given=tuple(sorted(request.given)),
        template="new",
        made_stack=stack is None,
        stack=stack if planned.empty else None,
        stack_before=stack,
        notes=(WHO_DECIDES.format(tag=tag),),
    )


WHO_DECIDES = (
    "Whoever may tag instances or people with {tag} decides who reaches what; whoever may set the session tag login, "
    "or a source identity, is that person."
)


def _template(tag: str) -> str:
    from generator.template.emit import wire
    from generator.template.engineers import build_engineers

    return wire(build_engineers(tag))


def _tag(stack: Stack | None) -> str:
    return (stack.outputs.get(Output.TAG_KEY, "") if stack else "") or DEFAULT_TAG


def _require_updatable(gateway: Gateway, stack: Stack) -> None:
    if stack.status.can_update or stack.status.only_planned:
        return
    commands = gateway.commands
    if stack.status.in_progress:
        raise states.busy(stack, commands)
    raise DeployerError(
        f"The stack {stack.name} is {stack.status}, in which it cannot be updated; it holds no data.",
        f"See why with: {commands.deployer('events')}\n"
        f"Then delete it, and make it again: {commands.deployer('engineers', 'down')}",
        code="stack-state",
    )


def _require_hosts_with_ports(parameters: dict[str, str | None], stack: Stack | None) -> None:
    """Raise UsageError for hosts without ports or ports without hosts: there would be no document for them."""
    before = stack.parameters if stack else {}

    def value(key: Parameter) -> str:
        given = parameters.get(key, "")
        return before.get(key, "") if given is None else given

    if bool(value(Parameter.REMOTE_HOSTS)) != bool(value(Parameter.REMOTE_PORTS)):
        raise UsageError(
            "Hosts and ports beyond an instance go together: a tunnel needs both.",
            "Give both: --remote-host HOST --remote-ports PORT",
            code="hosts-and-ports",
        )


def _documents(gateway: Gateway, result: UpResult) -> Iterator[Check]:
    """Each document that the stack says it has, asked of Systems Manager."""
    for name in (result.outputs[key] for key in DOCUMENTS if key in result.outputs):
        document = gateway.ssm.find_document(name)
        yield Check(f"document {name}", document is not None, f"version {document[1]}" if document else "is not there")
