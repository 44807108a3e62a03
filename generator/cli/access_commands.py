"""access: let the vendor's support in, see who may enter, lock them out."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import access_text, stack_text
from generator.cli.command import Done, command
from generator.cli.invocation import Invocation
from generator.cli.progress import show_events
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.operations.access.grant import AccessPlan, GrantRequest

PRINCIPAL = typer.Option("--principal", metavar="ARN", help="Role, user or account root of the vendor; repeatable.")
Principals = Annotated[list[str], PRINCIPAL]
INCOMPLETE = 3


class PolicyFormat(StrEnum):
    """Formats of a policy document."""

    json = "json"
    yaml = "yaml"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="access", help="Let the vendor's support in, until a time; show it; end it.", no_args_is_help=True
    )
    app.add_typer(group)
    _register_grant(group)
    _register_revoke(group)
    _register_reading(group)


def _register_grant(group: typer.Typer) -> None:
    @command(group, "grant")
    def grant(
        call: Invocation,
        principal: Principals,
        length: Annotated[
            str | None, typer.Option("--for", metavar="8h", help="How long, like 8h or 2d; 8h when not given.")
        ] = None,
        no_expiry: Annotated[bool, typer.Option("--no-expiry", help="No end at all.")] = False,
        reason: Annotated[str | None, typer.Option(help="Ticket or reason; kept on the stack.")] = None,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    ) -> Done:
        """Let vendor principals read the support secret until the end time."""
        from generator.operations.access import grant as granting

        planned = granting.plan_grant(call.gateway, _request(principal, length, no_expiry, reason))
        return _carry_out(call, planned, plan_only)


def _request(principals: list[str], length: str | None, no_expiry: bool, reason: str | None) -> GrantRequest:
    from generator.model.duration import parse_duration
    from generator.model.principal import parse_principal
    from generator.operations.access.grant import GrantRequest

    if length and no_expiry:
        raise UsageError("--for and --no-expiry exclude each other.", "Give one of them.")
    parsed = tuple(parse_principal(text) for text in principals)
    return GrantRequest(parsed, parse_duration(length) if length else None, no_expiry, reason)


def _carry_out(call: Invocation, planned: AccessPlan, plan_only: bool = False) -> Done:
    """Show, ask, execute, follow, read back: the same for a grant and for a revocation."""
    from generator.operations.access import doors, grant, record
    from generator.operations.stack import apply, plan

    for line in access_text.plan_lines(planned):
        call.say(line)
    if plan_only:
        plan.discard(call.gateway, planned.up)
        return Done(planned, stack_text.plan_summary(planned.up))
    if planned.unchanged:
        call.say(access_text.unchanged_line(planned))
    else:
        for line in stack_text.plan_lines(planned.up):
            call.say(line)
        _ask(call, planned)
        apply.start(call.gateway, planned.up)
        show_events(call, apply.watch(call.gateway, planned.up))
    found = record.read_record(call.gateway)
    checks = doors.verify(call.gateway, found)
    needs = grant.hand_over(found) if found.grant.principals else None
    lines = [*access_text.check_lines(checks), *(["", *access_text.hand_over_lines(needs)] if needs else [])]
    result = {"changed": not planned.unchanged, "grant": found.grant, "checks": checks, "vendor": needs}
    return Done(result, lines, 0 if all(check.holds for check in checks) else INCOMPLETE)


def _ask(call: Invocation, planned: AccessPlan) -> None:
    """Ask; whatever is not a yes leaves nothing behind."""
    from generator.errors import DeployerError
    from generator.operations.stack import guard, plan

    try:
        guard.require_no_objection(planned.up)
        call.confirm(stack_text.question(planned.up))
    except (DeployerError, KeyboardInterrupt):
        plan.discard(call.gateway, planned.up)
        raise


def _register_revoke(group: typer.Typer) -> None:
    @command(group, "revoke")
    def revoke(
        call: Invocation,
        principal: Annotated[list[str], PRINCIPAL] = [],  # noqa: B006 - Typer reads it, nothing appends to it
        everybody: Annotated[bool, typer.Option("--all", help="Everybody, and the key's own way too.")] = False,
    ) -> Done:
        """Lock principals out: the key inactive first, then the stack."""
        from generator.model.principal import parse_principal
        from generator.operations.access import record
        from generator.operations.access import revoke as revoking

        if bool(principal) == everybody:
            raise UsageError("Say whom to lock out.", "Give --principal ARN, or --all.")
        request = revoking.RevokeRequest(tuple(parse_principal(text) for text in principal))
        found = record.read_record(call.gateway)
        call.confirm(f"Lock {'everybody' if everybody else ', '.join(principal)} out of {found.stack.name}?")
        if everybody:
            for key in revoking.brake(call.gateway, found):
                call.say(f"The key {key.key_id} is inactive.")
        call.yes = True  # asked once, before the brake
        return _carry_out(call, revoking.plan_revoke(call.gateway, request, found))


def _register_reading(group: typer.Typer) -> None:
    @command(group, "show")
    def show(call: Invocation) -> Done:
        """Show who may enter, by which way, until when, and what is open now."""
        from generator.operations.access.show import show as read

        state = read(call.gateway)
        return Done(state, access_text.state_lines(state))

    @command(group, "reveal")
    def reveal(
        call: Invocation,
        stdout: Annotated[bool, typer.Option("--stdout", help="Print it though the output is no terminal.")] = False,
    ) -> Done:
        """Print the support secret: at a terminal after a question, elsewhere only with --stdout."""
        import json

        from generator.operations.access.reveal import reveal as read

        if not stdout:
            if not sys.stdout.isatty():
                raise UsageError(
                    "The output is no terminal, so the secret was not read.",
                    "To hand it to a program, add: --stdout",
                    code="needs-stdout",
                )
            call.confirm("Show the support user's access key on this screen?")
        value = read(call.gateway)
        return Done(json.loads(value), [value])

    @command(group, "policy")
    def policy(
        call: Invocation,
        fmt: Annotated[PolicyFormat, typer.Option("--format", help="JSON or YAML.")] = PolicyFormat.json,
        account: Annotated[str | None, typer.Option(help="Account id; a placeholder when not given.")] = None,
        partition: Annotated[str, typer.Option(help="aws, aws-us-gov or aws-cn.")] = "aws",
        instance: Annotated[
            list[str],
            typer.Option("--instance-id", metavar="ID", help="Instance support may reach; any when not given."),
        ] = [],  # noqa: B006
        document: Annotated[
            list[str], typer.Option("--document", metavar="NAME", help="Session document support may use.")
        ] = [],  # noqa: B006
    ) -> Done:
        """Print the support policy for hosts that no stack made."""
        from generator.operations.access import manual

        made = manual.policy_document(
            account=account, region=call.region, partition=partition, instances=instance, documents=document
        )
        return Done(made, [manual.as_text(made, fmt.value)])
