"""up, diff, status, events, outputs, down: the stack's life."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import render, stack_text
from generator.cli.ask import complete
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.parameter_options import PARAMETER_OPTIONS, given_parameters

if TYPE_CHECKING:
    from generator.model.up import AccessLoss, UpPlan, UpRequest, UpResult

Named = Annotated[list[str], typer.Option(metavar="LOGICAL_ID")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_up(app)
    _register_upgrade(app)
    _register_down(app)
    _register_state(app)
    _register_history(app)


def _register_up(app: typer.Typer) -> None:
    @command(app, "up", changes=True, extra=PARAMETER_OPTIONS)
    def up(
        call: Invocation,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
        allow_replacement: Annotated[
            list[str],
            typer.Option(
                metavar="LOGICAL_ID", help="A protected resource that may be replaced or removed; repeatable."
            ),
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        recreate: Annotated[
            bool, typer.Option("--recreate", help="Remove a stack whose creation failed, then create it.")
        ] = False,
        continue_rollback: Annotated[
            bool, typer.Option("--continue-rollback", help="Resume a rollback that is stuck.")
        ] = False,
        **values: Any,
    ) -> CommandResult:
        """Create the stack or change its values through a change set. Parameters not given keep their values."""
        from generator.model.up import UpRequest
        from generator.operations.stack import failed_stack, plan
        from generator.operations.stack.support_toggle import scoped, stop_hint

        given = given_parameters(call, values)
        request = scoped(UpRequest(given=given, allow_replacement=frozenset(allow_replacement)))
        with stop_hint(call.gateway, given):
            stack = call.gateway.cloudformation.find_stack(call.stack_name)
            waiting = failed_stack.prepare(
                call.gateway, stack, recreate=recreate, continue_rollback=continue_rollback, say=call.say
            )
            for events in waiting:
                call.events(events)
                stack = call.gateway.cloudformation.find_stack(call.stack_name)
            request = complete(call, request, stack)
            return carry_out(call, plan.plan_from(call.gateway, request, stack), request, plan_only)


def _register_upgrade(app: typer.Typer) -> None:
    @command(app, "upgrade", changes=True)
    def upgrade(
        call: Invocation,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
        replace_instance: Annotated[
            bool,
            typer.Option("--replace-instance", help="Put this version's instance in the place of the stack's own."),
        ] = False,
        allow_replacement: Annotated[
            list[str], typer.Option(metavar="LOGICAL_ID", help="A protected resource that may be replaced or removed.")
        ] = [],  # noqa: B006
    ) -> CommandResult:
        """Bring the stack to this version's template, or adopt a published stack. Its instance and values stay."""
        from generator.model.up import UpRequest
        from generator.operations.stack import plan

        allowed = frozenset(allow_replacement)
        request = UpRequest(upgrade=True, allow_replacement=allowed, replace_instance=replace_instance)
        stack = call.gateway.cloudformation.describe_stack(call.stack_name)
        return carry_out(call, plan.plan_from(call.gateway, request, stack), request, plan_only)


def carry_out(call: Invocation, planned: UpPlan, request: UpRequest, plan_only: bool = False) -> CommandResult:
    """Show the plan, ask, execute, follow, verify, print."""
    from generator.operations import connectivity
    from generator.operations.stack import (
        apply,
        change_set,
        end_access,
        guard,
        last_flip,
        rotation_schedule,
        stack_policy,
        support_toggle,
    )

    with change_set.discarded_on_error(call.gateway, planned):
        schedule = rotation_schedule.find(call.gateway, planned)
        asks = plan_only or not call.yes  # nobody can turn back with --yes, so nothing more is looked at
        warning = connectivity.before_creation(call.gateway, planned, request.given) if asks else None
        access = [*stack_text.leaving_lines(planned), *stack_text.note_lines(planned.notes)]
        access += stack_text.policy_lines(planned)
        _show(call, planned, [*access, *stack_text.rotation_lines(schedule), *stack_text.subnet_lines(warning)])
        if plan_only:
            change_set.discard(call.gateway, planned)
            return CommandResult(planned, stack_text.plan_summary(planned), 3 if planned.objections else 0)
        if planned.change_set is not None:
            guard.require_no_objection(planned, call.gateway.commands)
            call.confirm_action(stack_text.question(planned))
        before = support_toggle.before(call.gateway, planned)
        new_level = support_toggle.newly_granted_level(call.gateway, planned, request)
    lifted = stack_policy.lifted(call.gateway, planned.stack_id, planned.lifts)
    with _ended_access(call, planned) as leaving, lifted:
        apply.start(call.gateway, planned)
        if planned.change_set is not None:
            with rotation_schedule.named_when_lost(call.gateway, schedule):
                call.events(apply.watch(call.gateway, planned))

    def verified() -> UpResult:
        checks = (*support_toggle.verify(call.gateway, before), *last_flip.verify(call.gateway, planned, request))
        checks += end_access.check(call.gateway, leaving) if leaving else ()
        return apply.result(call.gateway, planned, (*checks, *rotation_schedule.restore(call.gateway, schedule)))

    result = apply.read_back(call.gateway, planned, verified)
    for line in stack_text.next_steps(result, call.gateway.commands, new_level):
        call.say(line)
    return CommandResult(result, stack_text.up_lines(result), 0 if all(check.holds for check in result.checks) else 3)


@contextmanager
def _ended_access(call: Invocation, planned: UpPlan) -> Iterator[AccessLoss | None]:
    """End what the plan's leaving user and role have open; should the update fail, say how to permit it again."""
    from generator.errors import DeployerError
    from generator.operations.stack import change_set, end_access
    from generator.operations.stack.watch import NotFollowed

    if planned.access_loss is None or planned.stack_before is None:
        yield None
        return
    with change_set.discarded_on_error(call.gateway, planned):
        ended = end_access.end(call.gateway, planned.stack_before, planned.access_loss)
    for problem in ended.problems:
        call.say(f"  NOT done before the update: {problem}.")
    try:
        yield ended
    except DeployerError as error:
        if isinstance(error, NotFollowed):  # that one goes on
            raise
        raise error.explained(also=end_access.hint_on_failure(call.gateway, ended)) from error


def _show(call: Invocation, planned: UpPlan, more: Iterable[str]) -> None:
    if planned.change_set is not None:
        call.show_plan(stack_text.action(planned), [*stack_text.plan_lines(planned), *more])
        return
    for line in [stack_text.unchanged_line(planned), *more]:
        call.say(line)
    if planned.upgrade_available:
        call.say(f"  next: {call.gateway.commands.deployer('upgrade', '--plan')}")


def _register_down(app: typer.Typer) -> None:
    @command(app, "down", changes=True)
    def down(
        call: Invocation,
        retain: Annotated[
            list[str], typer.Option(metavar="LOGICAL_ID", help="Keep this resource, whose deletion failed; repeatable.")
        ] = [],  # noqa: B006
    ) -> CommandResult:
        """Delete the stack. Shows what is lost and what is retained, and asks for the stack's name."""
        from generator.operations.stack.down import down

        result = down(call.gateway, frozenset(retain), call)
        return CommandResult(result, stack_text.down_lines(result))


def _register_state(app: typer.Typer) -> None:
    @command(app, "status")
    def status(call: Invocation) -> CommandResult:
        """Show the stack: its state, its parameters, its resources."""
        from generator.operations.stack.read import status

        report = status(call.gateway)
        return CommandResult(report, stack_text.status_lines(report))

    @command(app, "outputs")
    def outputs(call: Invocation) -> CommandResult:
        """Print the stack's outputs."""
        from generator.operations.stack.read import outputs

        values = outputs(call.gateway)
        return CommandResult(values, render.table(sorted(values.items())))


def _register_history(app: typer.Typer) -> None:
    @command(app, "events")
    def events(
        call: Invocation,
        follow: Annotated[
            bool, typer.Option("--follow", "-f", help="Show new events until the running operation ends.")
        ] = False,
        limit: Annotated[int, typer.Option(help="How many events to show.", min=1)] = 50,
    ) -> CommandResult:
        """Show what happened to the stack, newest last."""
        from generator.operations.stack.read import events

        latest = events(call.gateway, limit, call, follow=follow)
        return CommandResult(latest, [] if follow else [stack_text.event_line(event) for event in latest])

    @command(app, "diff")
    def diff(
        call: Invocation,
        check: Annotated[bool, typer.Option("--check", help="Exit 3 if anything would change.")] = False,
    ) -> CommandResult:
        """Compare the stack's template with this version's."""
        from generator.operations.stack.read import diff

        difference = diff(call.gateway)
        code = 3 if check and difference.lines else 0
        return CommandResult(difference, difference.lines or ["No difference."], code)
