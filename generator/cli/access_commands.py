"""access: grant the vendor's support access, show who has it, stop it, revoke it and prove that."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import access_text, render, report_page, stack_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.secret_output import allow_secret
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.up import Check
    from generator.operations.access.foreign_statements import ForeignStatements
    from generator.operations.access.grant import AccessPlan, GrantRequest
    from generator.operations.access.key import KeyReport
    from generator.operations.access.policy_attachment import Attachment

PRINCIPAL = typer.Option(
    "--principal", metavar="ARN", help="IAM role, IAM user or account root of the vendor; repeatable."
)
Principals = Annotated[list[str], PRINCIPAL]
INCOMPLETE = 3


class Engineers(StrEnum):
    """How the customer's own engineers sign in."""

    user = "user"
    role = "role"
    federated = "federated"


class PolicyFormat(StrEnum):
    """Formats of a policy document."""

    json = "json"
    yaml = "yaml"


class Via(StrEnum):
    """The two access paths of a grant, and both."""

    all = "all"
    secret = "secret"  # noqa: S105 - the name of a path
    role = "role"


class ForeignStatementsChoice(StrEnum):
    """What becomes of statements that were added to a policy by hand."""

    keep = "keep"
    overwrite = "replace"


class TicketFormat(StrEnum):
    """Formats of the text for a ticket."""

    markdown = "markdown"
    text = "text"
    json = "json"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="access",
        help="Grant the vendor's support access until a set time; show it, pause it, revoke it.",
        no_args_is_help=True,
    )
    app.add_typer(group)
    _register_grant(group)
    _register_revoke(group)
    _register_key(group)
    _register_reading(group)
    _register_policy(group)


def _register_grant(group: typer.Typer) -> None:
    @command(group, "grant", changes=True)
    def grant(
        call: Invocation,
        principal: Principals,
        length: Annotated[
            str | None, typer.Option("--for", metavar="8h", help="How long, such as 8h or 2d; 8h if omitted.")
        ] = None,
        no_expiry: Annotated[bool, typer.Option("--no-expiry", help="Access without an end.")] = False,
        reason: Annotated[str | None, typer.Option(help="Ticket or reason; recorded on the stack.")] = None,
        via: Annotated[
            Via | None,
            typer.Option(help="By the secret, by the role, or by all that the stack has; unchanged if omitted."),
        ] = None,
        unlogged: Annotated[
            bool, typer.Option("--unlogged", help="Grant even if sessions would not be logged; needs --reason.")
        ] = False,
        probe: Annotated[
            bool, typer.Option("--probe", help="First open a shell and check that its transcript is written.")
        ] = False,
        foreign: Annotated[
            ForeignStatementsChoice | None,
            typer.Option("--by-hand", help="Statements that were added to the policies by hand: keep or replace them."),
        ] = None,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    ) -> CommandResult:
        """Grant vendor principals access until a set time.

        By the support secret, by the support role, or by both.
        """
        from generator.operations.access import grant as granting

        if probe:
            _probe(call)
        planned = granting.plan_grant(call.gateway, _request(principal, length, no_expiry, reason, unlogged, via))
        if plan_only or planned.unchanged:
            return _carry_out(call, planned, plan_only)
        return _carry_out(call, planned, keeping=_foreign_statements(call, planned, foreign))


def _probe(call: Invocation) -> None:
    from generator.operations.access.logging_probe import require_transcript

    for line in access_text.check_lines((require_transcript(call.gateway),)):
        call.say(line)


def _request(
    principals: list[str],
    length: str | None,
    no_expiry: bool,
    reason: str | None,
    unlogged: bool,
    via: Via | None,
) -> GrantRequest:
    from generator.model.duration import parse_duration
    from generator.model.principal import parse_principal
    from generator.operations.access.grant import GrantRequest

    if length and no_expiry:
        raise UsageError("--for and --no-expiry cannot be used together.", "Give one of them.")
    parsed = tuple(parse_principal(text) for text in principals)
    return GrantRequest(
        parsed, parse_duration(length) if length else None, no_expiry, reason, unlogged, via and via.value
    )


def _foreign_statements(
    call: Invocation, planned: AccessPlan, choice: ForeignStatementsChoice | None
) -> ForeignStatements | None:
    """The statements to put back afterwards; the plan is discarded if there is no choice."""
    from generator.operations.access import foreign_statements
    from generator.operations.stack import change_set

    with change_set.discarded_on_error(call.gateway, planned.up):
        statements = foreign_statements.find(call.gateway, planned.access)
        foreign_statements.require_choice(statements, planned.access, choice and choice.value, call.gateway.commands)
    return statements if choice is ForeignStatementsChoice.keep else None


def _carry_out(
    call: Invocation, planned: AccessPlan, plan_only: bool = False, keeping: ForeignStatements | None = None
) -> CommandResult:
    """Show, ask, execute, follow, make sure that there is a key, read back."""
    from generator.operations.access import foreign_statements, grant, repair, stack_access
    from generator.operations.stack import apply, change_set

    call.show_plan(f"Access to the stack {planned.access.stack.name}", access_text.plan_lines(planned))
    if plan_only:
        change_set.discard(call.gateway, planned.up)
        return CommandResult(planned, stack_text.plan_summary(planned.up))
    restored: tuple[Check, ...] = ()
    if planned.unchanged:
        call.say(access_text.unchanged_line(planned))
    if planned.repairs or not planned.unchanged:
        _ask(call, planned)
        with change_set.discarded_on_error(call.gateway, planned.up):
            restored = repair.restore(call.gateway, planned.repairs)
    if not planned.unchanged:
        apply.start(call.gateway, planned.up)
        call.events(apply.watch(call.gateway, planned.up))
    access = apply.read_back(call.gateway, planned.up, lambda: stack_access.read_access(call.gateway))
    if keeping is not None:
        foreign_statements.restore(call.gateway, access, keeping)
    if grant.ensure_key(call.gateway, access):
        call.say("The support user had no access key: a new one is in the secret.")
    checks = (*restored, *repair.verify(call.gateway, access))
    needs = grant.vendor_instructions(access) if access.grant.principals else None
    lines = [*access_text.check_lines(checks), *(["", *access_text.vendor_lines(needs)] if needs else [])]
    lines += ["", *database] if (database := access_text.database_lines(access, call.gateway.commands)) else []
    result = {"changed": not planned.unchanged, "grant": access.grant, "checks": checks, "vendor": needs}
    result |= {"overlaps": planned.overlaps}
    return CommandResult(result, lines, 0 if all(check.holds for check in checks) else INCOMPLETE)


def _ask(call: Invocation, planned: AccessPlan) -> None:
    """Show the change set and ask; any answer but yes leaves nothing behind."""
    from generator.operations.stack import change_set, guard

    if planned.unchanged:
        call.confirm_action("Restore the permissions boundary")
        return
    call.show_plan(stack_text.action(planned.up), stack_text.plan_lines(planned.up))
    with change_set.discarded_on_error(call.gateway, planned.up):
        guard.require_no_objection(planned.up, call.gateway.commands)
        call.confirm_action(stack_text.action(planned.up))


def _register_revoke(group: typer.Typer) -> None:
    @command(group, "revoke", changes=True)
    def revoke(
        call: Invocation,
        principal: Annotated[list[str], PRINCIPAL] = [],  # noqa: B006 - Typer reads it, nothing appends to it
        everybody: Annotated[
            bool, typer.Option("--all", help="Everybody, whoever holds the access key included.")
        ] = False,
        report: Annotated[
            Path | None, typer.Option(metavar="FILE", help="Write the evidence to FILE.json and FILE.html.")
        ] = None,
    ) -> CommandResult:
        """Revoke access, end sessions, and prove it.

        If it is interrupted, run it again.
        """
        from generator.model.principal import parse_recorded
        from generator.operations.access import revoke as revoking
        from generator.operations.access.revocation import RevokeRequest, begin

        if principal and everybody:
            raise UsageError("--principal and --all cannot be used together.", "Give one of them.")
        if not principal and not everybody:
            raise UsageError("It is not clear whose access to revoke.", "Give --principal ARN, or --all.")
        request = RevokeRequest(tuple(parse_recorded(text) for text in principal))
        revocation = begin(call.gateway, request, call.events)
        call.confirm_action(access_text.revoke_action(revocation), access_text.revoke_note(revocation))
        began, evidence = revocation.clock.now(), []
        for item in revoking.run(revocation):
            call.say(access_text.evidence_line(item))
            evidence.append(item)
        proof = revoking.report(revocation, began, tuple(evidence))
        files = report_page.write(proof, report) if report else ()
        return CommandResult(proof, access_text.report_lines(proof, files), 0 if proof.complete else INCOMPLETE)


def _register_key(group: typer.Typer) -> None:
    @command(group, "pause", changes=True)
    def pause(call: Invocation) -> CommandResult:
        """Emergency stop: deactivate the key and close the role at once.

        Works while the stack is busy. Open sessions continue; `access revoke` ends them.
        """
        from generator.operations.access import pause as pausing

        return _key_done(pausing.pause(call.gateway, call.events))

    @command(group, "resume", changes=True)
    def resume(call: Invocation) -> CommandResult:
        """Resume support's access after a pause."""
        from generator.operations.access import pause

        access = pause.plan_resume(call.gateway)
        call.confirm_action(f"Resume support's access to the stack {call.stack_name}")
        return _key_done(pause.resume(call.gateway, access, call.events))

    @command(group, "rotate", changes=True)
    def rotate(
        call: Invocation,
        every: Annotated[
            str | None, typer.Option(metavar="30d", help="Rotate automatically from now on, every so many days.")
        ] = None,
    ) -> CommandResult:
        """Rotate the support user's access key.

        Checks that the new key works and that the old one no longer does.
        """
        from generator.model.duration import parse_duration
        from generator.operations.access import key

        return _key_done(key.rotate(call.gateway, parse_duration(every) if every else None))


def _key_done(report: KeyReport) -> CommandResult:
    holds = all(check.holds for check in report.checks)
    return CommandResult(report, access_text.key_lines(report), 0 if holds else INCOMPLETE)


def _register_reading(group: typer.Typer) -> None:
    @command(group, "show")
    def show(call: Invocation) -> CommandResult:
        """Show who has access, and what is open now.

        By which path, until when, what AWS has in the policies, and what needs attention.
        """
        from generator.operations.access.show import show as read

        state = read(call.gateway)
        return CommandResult(state, access_text.state_lines(state))

    @command(group, "confirm")
    def confirm(
        call: Invocation,
        fmt: Annotated[TicketFormat, typer.Option("--format", help="Format of the text.")] = TicketFormat.markdown,
    ) -> CommandResult:
        """Print the text for the support ticket.

        Who has access, where, until when.
        """
        from generator.operations.access.confirm import confirm

        confirmation = confirm(call.gateway)
        result = {"principals": confirmation.principals, **dict(confirmation.facts)}
        text = None if fmt is TicketFormat.json else access_text.confirmation_lines(confirmation, fmt.value)
        return CommandResult(result, text)

    @command(group, "reveal")
    def reveal(
        call: Invocation,
        stdout: Annotated[
            bool, typer.Option("--stdout", help="Print it even if the output is not a terminal.")
        ] = False,
    ) -> CommandResult:
        """Print the support secret.

        At a terminal after a question, elsewhere only with --stdout.
        """
        from generator.operations.access import show as showing

        allow_secret(call, "the support user's access key", stdout=stdout)
        arn = showing.locate(call.gateway)
        value = showing.reveal(call.gateway, arn)
        return CommandResult(showing.parsed(value), [value])


def _register_policy(group: typer.Typer) -> None:
    @command(group, "policy", changes=True)
    def policy(
        call: Invocation,
        fmt: Annotated[PolicyFormat, typer.Option("--format", help="JSON or YAML.")] = PolicyFormat.json,
        account: Annotated[str | None, typer.Option(help="Account ID; a placeholder if omitted.")] = None,
        partition: Annotated[str, typer.Option(help="aws, aws-us-gov or aws-cn.")] = "aws",
        instance: Annotated[
            list[str],
            typer.Option("--instance-id", metavar="ID", help="Instance that support may reach; any if omitted."),
        ] = [],  # noqa: B006
        document: Annotated[
            list[str], typer.Option("--document", metavar="NAME", help="Session document that support may use.")
        ] = [],  # noqa: B006
        attach_to: Annotated[
            str | None,
            typer.Option(metavar="USER", help="Attach it to this existing user or role, and tag the instances."),
        ] = None,
        undo: Annotated[
            bool, typer.Option("--undo", help="With --attach-to: remove the policy and the tags again.")
        ] = False,
        abac: Annotated[
            str | None,
            typer.Option(
                metavar="TAG",
                help="Instead: the policy for your own engineers, for hosts whose value of this tag is theirs.",
            ),
        ] = None,
        engineers: Annotated[Engineers, typer.Option("--as", help="With --abac: how they sign in.")] = Engineers.role,
    ) -> CommandResult:
        """Print or attach the support policy for other hosts.

        For hosts that no stack created: as a document, or attached to an existing user or role.
        """
        from generator.operations.access import policy_attachment

        if abac:
            own = policy_attachment.engineers_document(
                abac, engineers.value, account=account, region=call.region, partition=partition, documents=document
            )
            return CommandResult(own, [render.document(own, fmt.value)])
        if attach_to and undo:
            return _undo(call, policy_attachment.plan_undo(call.gateway, attach_to, instance))
        if attach_to:
            return _attach(call, policy_attachment.plan_attach(call.gateway, attach_to, partition, instance, document))
        made = policy_attachment.policy_document(
            account=account, region=call.region, partition=partition, instances=instance, documents=document
        )
        return CommandResult(made, [render.document(made, fmt.value)])


def _attach(call: Invocation, planned: Attachment) -> CommandResult:
    from generator.operations.access import policy_attachment

    policy = f"  {planned.policy} the policy {policy_attachment.POLICY_NAME} of {planned.kind} {planned.name}"
    tags = [f"  tag {instance}, because the policy applies to tagged instances" for instance in planned.to_tag]
    call.show_plan(f"Attach the support policy to {planned.kind} {planned.name}", [policy, *tags])
    if not planned.unchanged:
        call.confirm_action(f"Attach the support policy to {planned.kind} {planned.name}")
    return _checked(policy_attachment.attach(call.gateway, planned))


def _undo(call: Invocation, planned: Attachment) -> CommandResult:
    from generator.operations.access import policy_attachment

    if not planned.unchanged:
        call.confirm_action(f"Remove the support policy from {planned.kind} {planned.name}")
    return _checked(policy_attachment.undo(call.gateway, planned))


def _checked(checks: tuple[Check, ...]) -> CommandResult:
    return CommandResult(
        {"checks": checks}, access_text.check_lines(checks), 0 if all(c.holds for c in checks) else INCOMPLETE
    )
