"""permissions: which IAM policies a person needs for which commands."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.permissions_text import permission_lines
from generator.model.publishing import DEFAULT_PREFIX, checked_prefix
from generator.model.stack_settings import checked_bucket


class Feature(StrEnum):
    """What a stack may do without (model/permissions.py)."""

    bastion_host = "bastion-host"
    database = "database"
    eks = "eks"
    support_user = "support-user"


def register(app: typer.Typer) -> None:
    """Add the command of this file."""

    @command(app, "permissions")
    def permissions(
        call: Invocation,
        verbs: Annotated[
            list[str],
            typer.Argument(help="Commands, such as: up status access grant; all for every one.", metavar="COMMAND..."),
        ],
        without: Annotated[
            list[Feature] | None,
            typer.Option("--without", help="What the stack never has; repeat it for several."),
        ] = None,
        account: Annotated[str, typer.Option("--account", help="Account ID; the caller's if omitted.")] = "",
        support_user_name: Annotated[
            str, typer.Option("--support-user-name", help="The stack's SupportUserName, if it has one.")
        ] = "",
        support_role_name: Annotated[
            str, typer.Option("--support-role-name", help="The stack's SupportRoleName, if it has one.")
        ] = "",
        service_role: Annotated[
            str, typer.Option("--service-role", help="Name or ARN of the role of up --role-arn.")
        ] = "",
        instance_name: Annotated[
            str, typer.Option("--instance-name", help="An adopted stack's InstanceName, if it is not the stack's name.")
        ] = "",
        s3_bucket: Annotated[
            str,
            typer.Option("--s3-bucket", help="The bucket of up --s3-bucket, or of publish --bucket.", metavar="NAME"),
        ] = "",
        prefix: Annotated[str, typer.Option(help="With publish: its --prefix.")] = DEFAULT_PREFIX,
        signing_key: Annotated[
            str, typer.Option(metavar="KEY", help="The key of KMS that signs: awskms:///ID, or its ARN.")
        ] = "",
        engineers_stack_name: Annotated[
            str, typer.Option(help="The engineers' stack, if its name is another than deepsql-engineers.")
        ] = "",
        directory: Annotated[
            Path | None, typer.Option("--directory", help="Write each policy to a file here.", metavar="DIRECTORY")
        ] = None,
    ) -> CommandResult:
        """Print the IAM policies with which a person may run these commands, and what each statement is for."""
        from generator.operations.permissions import PermissionsRequest, permissions

        features = tuple(each.value for each in without or ())
        names = (support_user_name, support_role_name, service_role, instance_name, checked_bucket(s3_bucket, ""))
        published = (checked_prefix(prefix), signing_key)
        request = PermissionsRequest(
            tuple(verbs), account, features, *names, directory, *published, engineers_stack_name
        )
        result = permissions(call.gateway, request)
        return CommandResult(result, permission_lines(result), to_read=True)
