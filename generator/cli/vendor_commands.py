"""vendor: the vendor's side of a grant."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.secret_output import allow_secret
from generator.errors import UsageError
from generator.model.vendor import SecretArn, check_key_arn, check_role_arn, check_session_name, parse_secret_arn

SecretId = Annotated[str | None, typer.Option("--secret-id", metavar="ARN", help="The secret the customer shared.")]
RoleArn = Annotated[str | None, typer.Option("--role-arn", metavar="ARN", help="The customer's support role.")]
ExternalId = Annotated[str, typer.Option("--external-id", help="The external id the customer confirmed.")]
UNREADABLE = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="vendor", help="For the vendor's engineers: use what a customer granted.", no_args_is_help=True
    )
    app.add_typer(group)
    _register_credentials(group)
    _register_checks(group)


def _register_credentials(group: typer.Typer) -> None:
    @command(group, "credentials")
    def credentials(
        call: Invocation,
        secret_id: SecretId = None,
        role_arn: RoleArn = None,
        external_id: ExternalId = "",
        session_name: Annotated[str, typer.Option(help="Your name: it stands in the customer's CloudTrail.")] = "",
    ) -> CommandResult:
        """Print credentials for an AWS credential_process; at a terminal after a question. Nothing is written."""
        from generator.operations.vendor_side import credentials as fetching

        if secret_id:
            secret = _secret(call, secret_id, role_arn)
            allow_secret(call, "the support user's access key")
            found = fetching.from_secret(call.gateway, secret)
        elif role_arn:
            name = check_session_name(_wanted(session_name, "--session-name YOUR.NAME"))
            role = check_role_arn(role_arn)
            allow_secret(call, "the role's temporary credentials")
            found = fetching.from_role(call.gateway, role, external_id, name, name)
        else:
            raise _no_source("--secret-id ARN, or --role-arn ARN --external-id ID --session-name YOUR.NAME")
        return CommandResult(found, [json.dumps(found)])

    @command(group, "profile")
    def profile(
        call: Invocation,
        secret_id: SecretId = None,
        role_arn: RoleArn = None,
        external_id: ExternalId = "",
        name: Annotated[str, typer.Option(help="Name of the profile.")] = "deepsql-support",
    ) -> CommandResult:
        """Print a profile for ~/.aws/config that fetches the credentials on demand."""
        from generator.operations.vendor_side import profile as writing

        if secret_id:
            lines = writing.by_secret(name, _secret(call, secret_id, role_arn), call.profile)
        elif role_arn:
            region = _wanted(call.region, "--region REGION, the customer's")
            lines = writing.by_role(name, check_role_arn(role_arn), external_id, region, call.profile)
        else:
            raise _no_source("--secret-id ARN, or --role-arn ARN --external-id ID --region REGION")
        return CommandResult({"name": name, "config": lines}, lines)


def _no_source(options: str) -> UsageError:
    return UsageError("Nothing says where the credentials come from.", f"Give {options}")


def _wanted(value: str | None, option: str) -> str:
    """An option that goes with --role-arn."""
    if not value:
        raise UsageError(f"With --role-arn this needs {option.partition(' ')[0]} too.", f"Give {option}")
    return value


def _register_checks(group: typer.Typer) -> None:
    @command(group, "check")
    def check(
        call: Invocation,
        secret_id: Annotated[str, typer.Option("--secret-id", metavar="ARN", help="The secret the customer shared.")],
        key_arn: Annotated[str, typer.Option(metavar="ARN", help="Its key; lets the check tell one more cause.")] = "",
    ) -> CommandResult:
        """Try to read the secret, and say which of the three policies is missing."""
        from generator.operations.vendor_side.check import check as asking

        found = asking(call.gateway, _secret(call, secret_id), check_key_arn(key_arn) if key_arn else "")
        lines = [f"as      {found.caller}", f"answer  {found.answer}"]
        lines += [f"missing {policy.value}" for policy in found.missing]
        lines += [f"next    {found.hint}"] if found.hint else []
        return CommandResult(found, lines, 0 if found.readable else UNREADABLE)

    @command(group, "identity-policy")
    def identity_policy(
        call: Invocation,
        secret_id: Annotated[str, typer.Option("--secret-id", metavar="ARN", help="The secret the customer shared.")],
        key_arn: Annotated[str, typer.Option(metavar="ARN", help="Its key.")],
    ) -> CommandResult:
        """Print the policy for the vendor's own role or user."""
        from generator.operations.vendor_side.identity import identity_policy as made

        document = made(_secret(call, secret_id).text, check_key_arn(key_arn))
        return CommandResult(document, [json.dumps(document, indent=2)])


def _secret(call: Invocation, secret_id: str, role_arn: str | None = None) -> SecretArn:
    """The secret, asked for in its own region unless another is named."""
    if role_arn:
        raise UsageError("--secret-id and --role-arn are two routes.", "Give one of them.")
    secret = parse_secret_arn(secret_id)
    call.region = call.region or secret.region
    return secret
