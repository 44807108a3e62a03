"""up, diff, status, events, outputs, down: the stack's life."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import render, stack_text
from generator.cli.callers import FirstUpInvocation, UpInvocation
from generator.cli.command import CommandResult, command
from generator.cli.deploy_options import DEPLOY_OPTIONS, checked_role, stack_settings
from generator.cli.invocation import Invocation
from generator.cli.parameter_file import read_parameter_files
from generator.cli.parameter_options import PARAMETER_OPTIONS, given_parameters

if TYPE_CHECKING:
    from generator.model.up import UpPlan, UpResult

Named = Annotated[list[str], typer.Option(metavar="LOGICAL_ID")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    _register_init(app)
    _register_up(app)
    _register_upgrade(app)
    _register_down(app)
    _register_state(app)
    _register_history(app)


def _register_init(app: typer.Typer) -> None:
    @command(app, "init", changes=True)
    def init(call: Invocation) -> CommandResult:
        """Create your first stack from answers, and store where it is as your defaults."""
        from generator.operations.stack.first_up import first_up

        caller = FirstUpInvocation(call)
        return _shown(call, first_up(call.deployment, caller, caller.opened))


def _register_up(app: typer.Typer) -> None:
    @command(app, "up", changes=True, extra=(*PARAMETER_OPTIONS, *DEPLOY_OPTIONS))
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
            bool,
            typer.Option("--continue-rollback", help="Roll back an update that failed, or resume a stuck rollback."),
        ] = False,
        skip: Annotated[
            list[str],
            typer.Option(metavar="LOGICAL_ID", help="A resource that --continue-rollback leaves as it is; repeatable."),
        ] = [],  # noqa: B006
        **values: Any,
    ) -> CommandResult:
        """Create the stack or change its values through a change set. Parameters not given keep their values."""
        from generator.model.up import UpRequest
        from generator.operations.stack.up import up

        file = read_parameter_files(values["parameter_file"])
        request = UpRequest(
            given=given_parameters(call, values, file),
            allow_replacement=frozenset(allow_replacement),
            plan_only=plan_only,
            recreate=recreate,
            continue_rollback=continue_rollback,
            skip=frozenset(skip),
            settings=stack_settings(values, file.tags),
            template_url=values["template_url"],
            keys=tuple(values["key"]),
            check_subnet=plan_only or not call.yes,  # nobody can turn back with --yes, so it is not looked at
        )
        return _shown(call, up(call.gateway, request, UpInvocation(call)))


def _register_upgrade(app: typer.Typer) -> None:
    @command(app, "upgrade", changes=True, extra=DEPLOY_OPTIONS)
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
        **values: Any,
    ) -> CommandResult:
        """Bring the stack to this version's template, or adopt a published stack. Its instance and values stay."""
        from generator.model.up import UpRequest
        from generator.operations.stack.up import upgrade

        request = UpRequest(
            allow_replacement=frozenset(allow_replacement),
            replace_instance=replace_instance,
            plan_only=plan_only,
            settings=stack_settings(values),
            template_url=values["template_url"],
            keys=tuple(values["key"]),
        )
        return _shown(call, upgrade(call.gateway, request, call))


def _shown(call: Invocation, done: UpPlan | UpResult) -> CommandResult:
    """A plan is the result of --plan: it is printed once, on standard output."""
    from generator.model.up import UpPlan

    if isinstance(done, UpPlan):
        return CommandResult(done, call.plan_lines(done), 3 if done.objections else 0, to_read=True)
    for line in stack_text.done_lines(done):
        call.say(line)
    code = 0 if all(check.holds for check in done.checks) else 3
    return CommandResult(done, stack_text.up_lines(done), code, next=stack_text.next_steps(done, call.gateway.commands))


def _register_down(app: typer.Typer) -> None:
    @command(app, "down", changes=True)
    def down(
        call: Invocation,
        retain: Annotated[
            list[str], typer.Option(metavar="LOGICAL_ID", help="Keep this resource, whose deletion failed; repeatable.")
        ] = [],  # noqa: B006
        role_arn: Annotated[str, typer.Option(help="Service role with which CloudFormation deletes the stack.")] = "",
    ) -> CommandResult:
        """Delete the stack. Shows what is lost and what is retained, and asks for the stack's name."""
        from generator.operations.stack.down import down

        result = down(call.gateway, frozenset(retain), call, checked_role(role_arn))
        code = 0 if all(check.holds for check in result.checks) else 3
        return CommandResult(result, stack_text.down_lines(result), code, to_read=True)


def _register_state(app: typer.Typer) -> None:
    @command(app, "status")
    def status(
        call: Invocation,
        everything: Annotated[bool, typer.Option("--all", help="Also show all parameters and all resources.")] = False,
    ) -> CommandResult:
        """Show the stack: its state, its instance, who has access."""
        from generator.cli.status_text import status_lines
        from generator.operations.stack.read import status

        report = status(call.gateway)
        lines = status_lines(report, everything, call.gateway.commands, call.location.aside)
        return CommandResult(report, lines, to_read=True)

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
        return CommandResult(latest, [] if follow else [stack_text.event_line(event) for event in latest], to_read=True)

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
