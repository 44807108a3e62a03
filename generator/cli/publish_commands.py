"""publish and verify: the vendor's release engineer signs the template, and whoever uses it checks that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from generator.cli import render
from generator.cli.callers import InvocationCaller, PassphraseInvocation
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.lazy import DefaultCommand
from generator.cli.publish_text import (
    pair_lines,
    public_lines,
    published_lines,
    trusted_lines,
    verified_lines,
)
from generator.errors import UsageError
from generator.model.publishing import DEFAULT_PREFIX, checked_prefix, is_address
from generator.model.stack_settings import checked_bucket

KEY = typer.Option(
    "--key", metavar="FILE", help="Public key to trust, and no other; repeatable. Else the stored or the vendor's own."
)

SIGNING_KEY = typer.Option(help="Private key: a file, env://NAME, or awskms:///KEY for one that is in KMS.")
BUCKET = typer.Option(metavar="NAME", help="Your bucket, from which everybody may read what is published.")
PREFIX = typer.Option(help="What the keys of everything published begin with.")


class TemplateByDefault(DefaultCommand):
    """`publish` alone publishes."""

    default = "template"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(name="publish", cls=TemplateByDefault, help="Publish the template, signed, and make its keys.")
    app.add_typer(group)
    _register_template(group)
    _register_keys(group)
    _register_known_keys(group)
    _register_policy(group)
    _register_verify(app)


def _register_template(group: typer.Typer) -> None:
    @command(group, "template", changes=True)
    def template(
        call: Invocation,
        bucket: Annotated[str, BUCKET],
        key: Annotated[str, SIGNING_KEY],
        prefix: Annotated[str, PREFIX] = DEFAULT_PREFIX,
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would be written, and stop.")] = False,
        also_trusted: Annotated[
            list[str],
            typer.Option(metavar="FILE", help="Public key that signed what is there already; repeatable."),
        ] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        withdrawn_key: Annotated[
            list[str],
            typer.Option(metavar="FILE", help="Public key that has leaked: the pointer it signed is replaced."),
        ] = [],  # noqa: B006
        quick_create: Annotated[
            list[str], typer.Option(metavar="REGION", help="Print the console's link for this region; repeatable.")
        ] = [],  # noqa: B006
        parameter: Annotated[
            list[str], typer.Option(metavar="KEY=VALUE", help="A value that the links fill in; repeatable.")
        ] = [],  # noqa: B006
        days: Annotated[
            int, typer.Option(help="How many days the pointer to the latest version is good for.", min=1, max=3650)
        ] = 90,
        lock: Annotated[
            str, typer.Option(metavar="FILE", help="What this program is built from.")
        ] = "requirements.lock",
        changelog: Annotated[str, typer.Option(metavar="FILE", help="The changelog to go with it.")] = "CHANGELOG.md",
    ) -> CommandResult:
        """Publish this version's template: signed, under keys that are never overwritten, and read back.

        The same content again is nothing to do; other content of the same version is refused.
        """
        from generator.model.release import PublishPlan, PublishRequest
        from generator.operations.publishing.publish import publish

        request = PublishRequest(
            bucket=checked_bucket(bucket, "", option="--bucket"),
            key=key,
            prefix=checked_prefix(prefix),
            lock=lock,
            changelog=changelog,
            also_trusted=tuple(also_trusted),
            withdrawn=tuple(withdrawn_key),
            regions=tuple(quick_create),
            parameters=_pairs(parameter),
            days=days,
            plan_only=plan_only,
        )
        done = publish(call.gateway, request, PublishInvocation(call))
        if isinstance(done, PublishPlan):
            return CommandResult(done, call.plan_lines(done), 0 if done.fit else 3, to_read=True)
        return CommandResult(done, published_lines(done), to_read=True)


def _register_policy(group: typer.Typer) -> None:
    @command(group, "policy")
    def policy(
        call: Invocation, bucket: Annotated[str, BUCKET], prefix: Annotated[str, PREFIX] = DEFAULT_PREFIX
    ) -> CommandResult:
        """Print the bucket policy that publishing needs: everybody reads these keys, over TLS, and lists nothing."""
        from generator.operations.publishing.bucket import policy

        printed = policy(call.gateway, checked_bucket(bucket, "", option="--bucket"), checked_prefix(prefix))
        return CommandResult(printed, render.document(printed, "json").splitlines())


def _pairs(words: list[str]) -> dict[str, str]:
    """KEY=VALUE words. Raises UsageError for one without a value."""
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not equals:
            raise UsageError(f"--parameter takes KEY=VALUE, and {name!r} has no value.", "For example: InstanceType=…")
    return {name: value for name, _, value in pairs}


def _register_keys(group: typer.Typer) -> None:
    @command(group, "keys")
    def keys(
        call: Invocation,
        name: Annotated[Path, typer.Option("-o", "--file", metavar="NAME", help="Write NAME.key and NAME.pub.")] = Path(
            "deployer-signing"
        ),
    ) -> CommandResult:
        """Make a pair of signing keys: ECDSA P-256, as cosign and openssl take them. Nothing is overwritten."""
        from generator.operations.publishing.keys import make_pair

        made = make_pair(name, PassphraseInvocation())
        return CommandResult(made, pair_lines(made), to_read=True)


def _register_known_keys(group: typer.Typer) -> None:
    @command(group, "public-key")
    def public_key(
        call: Invocation,
        key: Annotated[str, SIGNING_KEY],
    ) -> CommandResult:
        """Print the public half of a signing key, in PEM, and its ID: what customers need to verify."""
        from generator.operations.publishing.known_keys import public_half

        done = public_half(call.gateway, key, PassphraseInvocation())
        return CommandResult(done, public_lines(done))

    @command(group, "trusted")
    def trusted(
        call: Invocation,
        key: Annotated[list[str], KEY] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
    ) -> CommandResult:
        """Show the IDs of the keys whose signatures count here, and where each comes from."""
        from generator.operations.publishing.known_keys import trusted

        done = trusted(tuple(key))
        return CommandResult(done, trusted_lines(done), to_read=True)


def _register_verify(app: typer.Typer) -> None:
    @command(app, "verify")
    def verify(
        call: Invocation,
        source: Annotated[
            str,
            typer.Argument(
                metavar="FILE",
                help="A published template, its pointer, or a signed report: a file, or an https address.",
            ),
        ],
        key: Annotated[list[str], KEY] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        bundle: Annotated[
            str, typer.Option(metavar="FILE", help="Its signature or provenance; else FILE.sigstore.json beside it.")
        ] = "",
    ) -> CommandResult:
        """Check who signed a template or a report. Exit code 3 if no trusted key did, or if anything was changed."""
        from generator.operations.publishing.verify import VerifyRequest, verify

        ca_bundle = call.gateway.given_ca_bundle if is_address(source) else ""
        done = verify(VerifyRequest(source, tuple(key), bundle, ca_bundle))
        return CommandResult(done, verified_lines(done), to_read=True)


class PublishInvocation(InvocationCaller, PassphraseInvocation):
    """The caller of `publish`."""
