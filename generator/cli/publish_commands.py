"""publish and verify: the vendor's release engineer signs the template, and whoever uses it checks that."""

from __future__ import annotations

import getpass
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.errors import UsageError
from generator.model.publishing import PASSPHRASE_VARIABLE, KeyPair, VerifiedFile

KEY = typer.Option(
    "--key", metavar="FILE", help="Public key to trust, and no other; repeatable. Else the stored or the vendor's own."
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(name="publish", no_args_is_help=True, help="Publish the template, signed, and make its keys.")
    app.add_typer(group)
    _register_keys(group)
    _register_verify(app)


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
        return CommandResult(made, _pair_lines(made))


def _register_verify(app: typer.Typer) -> None:
    @command(app, "verify")
    def verify(
        call: Invocation,
        source: Annotated[
            str,
            typer.Argument(
                metavar="FILE", help="A published template, or a signed report: a file, or an https address."
            ),
        ],
        key: Annotated[list[str], KEY] = [],  # noqa: B006 - Typer reads the default, nothing appends to it
        bundle: Annotated[
            str, typer.Option(metavar="FILE", help="Its signature or provenance; else FILE.sigstore.json beside it.")
        ] = "",
    ) -> CommandResult:
        """Check who signed a template or a report. Exit code 3 if no trusted key did, or if anything was changed."""
        from generator.operations.publishing.verify import VerifyRequest, verify

        done = verify(VerifyRequest(source, tuple(key), bundle))
        return CommandResult(done, _verified_lines(done))


class PassphraseInvocation:
    """The command line as the one who knows a passphrase: its environment variable, or a prompt. Never an argument."""

    def passphrase(self, key: str, *, new: bool = False) -> str:
        """As PassphraseCaller."""
        if PASSPHRASE_VARIABLE in os.environ:
            return os.environ[PASSPHRASE_VARIABLE]
        if not sys.stdin.isatty():
            raise UsageError(
                f"The passphrase of {key} is needed, and there is no terminal to ask at.",
                f"Put it into the environment variable {PASSPHRASE_VARIABLE}.",
                code="no-passphrase",
            )
        first = getpass.getpass(f"Passphrase of {key}: ")
        if new and getpass.getpass("Again: ") != first:
            raise UsageError("The two entries differ.", "Run it again.")
        return first


def _pair_lines(pair: KeyPair) -> list[str]:
    return [
        f"private key  {pair.private}  (encrypted; keep it and its passphrase apart)",
        f"public key   {pair.public}",
        f"key ID       {pair.key_id}",
    ]


def _verified_lines(done: VerifiedFile) -> list[str]:
    rows = (("SHA-256", done.sha256), ("signed by", done.key_id), ("version", done.version), ("signer says", done.says))
    return [f"{done.file} is verified: {done.kind}.", *(f"  {name:<11}  {text}" for name, text in rows if text)]
