"""vendor: the vendor's side of a grant."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.secret_output import allow_secret
from generator.errors import UsageError
from generator.model.vendor import (
    RoleSession,
    SecretArn,
    VendorCheck,
    check_key_arn,
    check_role_arn,
    check_session_name,
    parse_secret_arn,
)

_SECRET_ID = typer.Option("--secret-id", metavar="ARN", help="The secret that the customer shared.")
SecretId = Annotated[str, _SECRET_ID]
OptionalSecretId = Annotated[str | None, _SECRET_ID]
RoleArn = Annotated[str | None, typer.Option("--role-arn", metavar="ARN", help="The customer's support role.")]
ExternalId = Annotated[str, typer.Option("--external-id", help="The external ID that the customer confirmed.")]
UNREADABLE = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="vendor", help="For the vendor's engineers: use the access that a customer granted.", no_args_is_help=True
    )
    app.add_typer(group)
    _register_credentials(group)
    _register_checks(group)


def _register_credentials(group: typer.Typer) -> None:
    @command(group, "credentials")
    def credentials(
        call: Invocation,
        secret_id: OptionalSecretId = None,
        role_arn: RoleArn = None,
        external_id: ExternalId = "",
        session_name: Annotated[str, typer.Option(help="Your name, as the customer's CloudTrail is to show it.")] = "",
    ) -> CommandResult:
        """Print credentials for an AWS credential_process. At a terminal it asks first; nothing is written to disk."""
        from generator.operations.vendor_side.credentials import credentials

        source = _source(call, secret_id, role_arn, external_id, "--session-name YOUR.NAME")
        if isinstance(source, RoleSession):
            name = check_session_name(_required(session_name, "--session-name YOUR.NAME"))
            source = replace(source, session_name=name)
        allow_secret(call, _secret_of(source))
        envelope = credentials(call.gateway, source)
        return CommandResult(envelope, [json.dumps(envelope)])

    @command(group, "profile")
    def profile(
        call: Invocation,
        secret_id: OptionalSecretId = None,
        role_arn: RoleArn = None,
        external_id: ExternalId = "",
        name: Annotated[str, typer.Option(help="Name of the profile.")] = "deepsql-support",
    ) -> CommandResult:
        """Print a profile for ~/.aws/config that fetches the credentials on demand."""
        from generator.operations.vendor_side.profile import profile

        source = _source(call, secret_id, role_arn, external_id, "--region REGION")
        if isinstance(source, SecretArn):
            region = source.region
        else:
            region = _required(call.region, "--region REGION, the customer's")
        lines = profile(name, source, region, call.profile)
        return CommandResult({"name": name, "config": lines}, lines)


def _source(
    call: Invocation, secret_id: str | None, role_arn: str | None, external_id: str, role_option: str
) -> SecretArn | RoleSession:
    """Where the credentials come from. Raises UsageError unless exactly one source is given."""
    if secret_id and role_arn:
        raise UsageError("--secret-id and --role-arn name two sources of credentials.", "Give one of them.")
    if secret_id:
        return _secret(call, secret_id)
    if role_arn:
        return RoleSession(check_role_arn(role_arn), external_id)
    raise UsageError(
        "No source of credentials was given.",
        f"Give --secret-id ARN, or --role-arn ARN --external-id ID {role_option}",
    )


def _secret_of(source: SecretArn | RoleSession) -> str:
    return "the support user's access key" if isinstance(source, SecretArn) else "the role's temporary credentials"


def _required(value: str | None, option: str) -> str:
    """An option that goes with --role-arn."""
    if not value:
        raise UsageError(f"With --role-arn this needs {option.partition(' ')[0]} too.", f"Give {option}")
    return value


def _register_checks(group: typer.Typer) -> None:
    @command(group, "check")
    def check(
        call: Invocation,
        secret_id: SecretId,
        key_arn: Annotated[
            str, typer.Option(metavar="ARN", help="The secret's KMS key; with it the check tells one more cause apart.")
        ] = "",
    ) -> CommandResult:
        """Try to read the secret, and say which of the three policies is missing."""
        from generator.operations.vendor_side.check import check

        result = check(call.gateway, _secret(call, secret_id), check_key_arn(key_arn) if key_arn else "")
        code = 0 if result.readable and result.usable is not False else UNREADABLE
        return CommandResult(result, _check_lines(result), code, to_read=True)

    @command(group, "identity-policy")
    def identity_policy(
        call: Invocation,
        secret_id: SecretId,
        key_arn: Annotated[str, typer.Option(metavar="ARN", help="The secret's KMS key.")],
    ) -> CommandResult:
        """Print the policy for the vendor's own role or user."""
        from generator.operations.vendor_side.profile import identity_policy

        document = identity_policy(_secret(call, secret_id), check_key_arn(key_arn))
        return CommandResult(document, [json.dumps(document, indent=2)])


def _check_lines(result: VendorCheck) -> list[str]:
    lines = [f"caller  {result.caller}", f"answer  {result.answer}"]
    lines += [f"missing {policy.value}" for policy in result.missing]
    return [*lines, *([f"next    {result.hint}"] if result.hint else [])]


def _secret(call: Invocation, secret_id: str) -> SecretArn:
    """The secret's ARN; the call then goes to the secret's own region unless another is named."""
    secret = parse_secret_arn(secret_id)
    call.region = call.region or secret.region
    return secret
