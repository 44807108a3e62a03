"""access: grant the vendor's support access, show who has it, stop it, revoke it and prove that."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from generator.cli import access_text, render, ticket_text
from generator.cli.callers import RevokeInvocation, SecretInvocation
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.own_option import Own
from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.operations.access.key import KeyReport

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
    login = "login"
    source_identity = "source-identity"


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
        no_expiry: Annotated[
            bool, typer.Option("--no-expiry", help="Access without an end; open sessions have none either.")
        ] = False,
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

        By the support secret, by the support role, or by both. At the end IAM refuses everything new, and within two
        minutes the stack ends the sessions that support has open. Your own go on.
        """
        from generator.model.duration import parse_duration
        from generator.model.principal import parse_principal
        from generator.operations.access.grant import grant
        from generator.operations.access.grant_plan import AccessPlan, GrantRequest

        if length and no_expiry:
            raise UsageError("--for and --no-expiry cannot be used together.", "Give one of them.")
        request = GrantRequest(
            tuple(parse_principal(text) for text in principal),
            parse_duration(length) if length else None,
            no_expiry,
            reason,
            unlogged,
            via and via.value,
            foreign and foreign.value,
            probe,
            plan_only,
        )
        done = grant(call.gateway, request, call)
        if isinstance(done, AccessPlan):
            return CommandResult(done, call.plan_lines(done), INCOMPLETE if done.up.objections else 0, to_read=True)
        lines = access_text.grant_lines(done, call.gateway.commands)
        code = 0 if all(check.holds for check in done.checks) else INCOMPLETE
        following = access_text.database_step(done.access, call.gateway.commands)
        return CommandResult(done, lines, code, to_read=True, next=following)


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
        own: Own = "",
        signing_key: Annotated[
            str,
            typer.Option(metavar="KEY", help="Who signs FILE.json: a private key's file, env://NAME or awskms:///KEY."),
        ] = "",
    ) -> CommandResult:
        """Revoke access, end sessions, and prove it.

        If it is interrupted, run it again.
        """
        from generator.model.principal import parse_own, parse_recorded
        from generator.operations.access.revocation import RevokeRequest
        from generator.operations.access.revoke import revoke

        if principal and everybody:
            raise UsageError("--principal and --all cannot be used together.", "Give one of them.")
        if not principal and not everybody:
            raise UsageError("It is not clear whose access to revoke.", "Give --principal ARN, or --all.")
        if signing_key and report is None:
            call.say("Nothing will be signed, since no report is written: --report FILE")
        request = RevokeRequest(tuple(parse_recorded(text) for text in principal), report, parse_own(own), signing_key)
        done = revoke(call.gateway, request, RevokeInvocation(call))
        about = {"sha256": done.report.sha256, "recorded": done.recorded, "signature": done.signature}
        result = {**done.report.document, **about}
        return CommandResult(result, access_text.report_lines(done), 0 if done.complete else INCOMPLETE, to_read=True)

    @command(group, "verify")
    def verify(
        call: Invocation,
        file: Annotated[Path, typer.Argument(metavar="FILE", help="The JSON file that `revoke --report` wrote.")],
        log_group: Annotated[
            str, typer.Option(metavar="NAME", help="Log group with the line, if the stack is gone.")
        ] = "",
    ) -> CommandResult:
        """Check the report of a revocation against the line in the stack's log.

        Exit code 3 if no line has the file's SHA-256: it was changed, or is of another stack.
        """
        from generator.operations.access.report import verify

        verified = verify(call.gateway, file, log_group)
        return CommandResult(
            verified, access_text.verified_lines(verified), 0 if verified.line else INCOMPLETE, to_read=True
        )


def _register_key(group: typer.Typer) -> None:
    @command(group, "pause", changes=True)
    def pause(call: Invocation) -> CommandResult:
        """Emergency stop: deactivate the key, close the role and end support's sessions at once.

        Works while the stack is busy. Your own sessions go on.
        """
        from generator.operations.access.pause import pause

        return _key_done(pause(call.gateway, call))

    @command(group, "resume", changes=True)
    def resume(call: Invocation) -> CommandResult:
        """Resume support's access after a pause."""
        from generator.operations.access.pause import resume

        return _key_done(resume(call.gateway, call))

    @command(group, "rotate", changes=True)
    def rotate(
        call: Invocation,
        every: Annotated[
            str | None, typer.Option(metavar="30d", help="Rotate automatically from now on, every so many days.")
        ] = None,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would change, and stop.")] = False,
    ) -> CommandResult:
        """Rotate the support user's access key.

        Checks that the new key works and that the old one no longer does.
        """
        from generator.model.duration import parse_duration
        from generator.operations.access.key import RotatePlan, rotate

        done = rotate(call.gateway, call, parse_duration(every) if every else None, plan_only=plan_only)
        if isinstance(done, RotatePlan):
            return CommandResult(done, call.plan_lines(done), to_read=True)
        return _key_done(done)


def _key_done(report: KeyReport) -> CommandResult:
    holds = all(check.holds for check in report.checks)
    return CommandResult(report, access_text.key_lines(report), 0 if holds else INCOMPLETE, to_read=True)


def _register_reading(group: typer.Typer) -> None:
    @command(group, "show")
    def show(call: Invocation, own: Own = "") -> CommandResult:
        """Show who has access, and what is open now.

        By which path, until when, what AWS has in the policies, and what needs attention.
        """
        from generator.model.principal import parse_own
        from generator.operations.access.show import show

        state = show(call.gateway, own=parse_own(own))
        return CommandResult(state, access_text.state_lines(state, call.location.aside), to_read=True)

    @command(group, "confirm")
    def confirm(
        call: Invocation,
        fmt: Annotated[TicketFormat, typer.Option("--format", help="Format of the text.")] = TicketFormat.markdown,
        closed: Annotated[
            bool,
            typer.Option("--closed", help="The text that closes the ticket: the end, and the report's digest."),
        ] = False,
        own: Own = "",
    ) -> CommandResult:
        """Print the text for the support ticket.

        Who has access, where, until when; or, after a revocation, that nobody has.
        """
        from generator.model.principal import parse_own
        from generator.operations.access.confirm import confirm

        confirmation = confirm(call.gateway, closed=closed, own=parse_own(own))
        text = None if fmt is TicketFormat.json else ticket_text.ticket_lines(confirmation, fmt.value)
        return CommandResult(ticket_text.ticket_values(confirmation), text)

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
        from generator.operations.access.reveal import reveal

        revealed = reveal(call.gateway, SecretInvocation(call, stdout))
        return CommandResult(revealed.value, [revealed.text])


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
                help="Instead: the managed policy for your own engineers, for hosts whose value of this tag is theirs.",
            ),
        ] = None,
        engineers: Annotated[Engineers, typer.Option("--as", help="With --abac: how they sign in.")] = Engineers.role,
        ssh_user: Annotated[
            str, typer.Option(metavar="NAME", help="With --abac: the OS user for SSH; none if omitted.")
        ] = "",
    ) -> CommandResult:
        """Print or attach the support policy for other hosts.

        For hosts that no stack created: as a document, or attached to an existing user or role.
        """
        from generator.operations.access.policy_attachment import Attached, PolicyRequest, support_policy

        request = PolicyRequest(
            account,
            call.region,
            partition,
            tuple(instance),
            tuple(document),
            attach_to,
            undo,
            abac,
            engineers.value,
            ssh_user,
        )
        done = support_policy(request, call, lambda: call.gateway)
        if isinstance(done, Attached):
            holds = all(check.holds for check in done.checks)
            return CommandResult(done, access_text.check_lines(done.checks), 0 if holds else INCOMPLETE, to_read=True)
        return CommandResult(done, [render.document(done, fmt.value)])
