"""The options of `aws cloudformation deploy` that `up` and `upgrade` have too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.errors import UsageError

if TYPE_CHECKING:
    from generator.model.stack_settings import StackSettings

PANEL = "CloudFormation"
ROLE_ARN = typer.Option(
    help="Service role that CloudFormation uses, now and for later operations on the stack.", rich_help_panel=PANEL
)
_TAGS = typer.Option(
    "--tags", metavar="KEY=VALUE", help="The stack's tags, all of them; repeatable.", rich_help_panel=PANEL
)
_TOPICS = typer.Option(
    "--notification-arns",
    metavar="ARN",
    help="SNS topics for the stack's events, all of them; repeatable.",
    rich_help_panel=PANEL,
)
_KEEP = typer.Option("--disable-rollback", help="Roll nothing back if this fails.", rich_help_panel=PANEL)
_BUCKET = typer.Option(
    "--s3-bucket",
    metavar="NAME",
    help="Bucket of yours to upload the template to, for one that is too large to be sent.",
    rich_help_panel=PANEL,
)
_PREFIX = typer.Option("--s3-prefix", help="What the template's key begins with.", rich_help_panel=PANEL)

_URL = typer.Option(
    "--template-url",
    metavar="URL",
    help="A published template, or the pointer to the latest one: verified, and sent as it was verified.",
    rich_help_panel=PANEL,
)
_KEY = typer.Option(
    "--key",
    metavar="FILE",
    help="Public key that --template-url is verified with; repeatable. Else the stored or the vendor's own.",
    rich_help_panel=PANEL,
)

DEPLOY_OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    ("tags", Annotated[list[str], _TAGS], []),
    ("role_arn", Annotated[str, ROLE_ARN], ""),
    ("notification_arns", Annotated[list[str], _TOPICS], []),
    ("disable_rollback", Annotated[bool, _KEEP], False),
    ("s3_bucket", Annotated[str, _BUCKET], ""),
    ("s3_prefix", Annotated[str, _PREFIX], ""),
    ("template_url", Annotated[str, _URL], ""),
    ("key", Annotated[list[str], _KEY], []),
)


def stack_settings(values: Mapping[str, Any], tags_of_file: Mapping[str, str] | None = None) -> StackSettings:
    """The settings from option values; what was not given keeps what the stack has. Raises UsageError."""
    from generator.model.stack_settings import (  # loads what --help has no use for
        StackSettings,
        checked_bucket,
        checked_tags,
        parse_tags,
    )

    topics: list[str] = values["notification_arns"]
    for topic in topics:
        _require_service("--notification-arns", topic, "sns", "arn:aws:sns:us-east-1:111122223333:stack-events")
    return StackSettings(
        tags=parse_tags(values["tags"]) if values["tags"] else tags_of_file and checked_tags(tags_of_file),
        role_arn=checked_role(values["role_arn"]),
        notification_arns=tuple(topics) or None,
        disable_rollback=values["disable_rollback"],
        bucket=checked_bucket(values["s3_bucket"], values["s3_prefix"]),
        prefix=values["s3_prefix"].strip("/"),
    )


def checked_role(arn: str) -> str:
    """The role's ARN, "" for none. Raises UsageError for anything else."""
    if arn:
        _require_service("--role-arn", arn, "iam", "arn:aws:iam::111122223333:role/cloudformation")
    return arn


def _require_service(option: str, text: str, service: str, example: str) -> None:
    from generator.model.arn import Arn

    arn = Arn.find(text)
    if arn is None or arn.service != service or (service == "iam" and arn.kind != "role"):
        kind = {"sns": "SNS topic", "iam": "IAM role"}[service]
        raise UsageError(
            f"{option} takes the ARN of an {kind}, and {text!r} is none.", f"For example: {option} {example}"
        )
