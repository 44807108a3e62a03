"""cluster: what the privileged instance needs for the EKS cluster beside it."""

from __future__ import annotations

from typing import Annotated

import typer

from generator.cli import session_text
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="cluster",
        no_args_is_help=True,
        help="What the privileged instance needs for the EKS cluster beside it.",
    )
    app.add_typer(group)

    @command(group, "kubectl", changes=True)
    def kubectl(
        call: Invocation,
        version: Annotated[str, typer.Option(metavar="X.Y.Z", help="The version of kubectl.")],
        sha256: Annotated[str, typer.Option(metavar="HEX", help="Its SHA-256, as Kubernetes publishes it.")],
        source: Annotated[
            str, typer.Option(metavar="URL", help="Where the instance reads it; Kubernetes' own server if omitted.")
        ] = "",
        instance_id: Annotated[str, typer.Option(metavar="ID", help="The instance; the stack's own if omitted.")] = "",
        plan_only: Annotated[bool, typer.Option("--plan", help="Show what would be done, and stop.")] = False,
    ) -> CommandResult:
        """Put kubectl on the instance, if it has the checksum. Says what it does, and asks; support may not do it."""
        from generator.model.kubectl import KubectlPlan, KubectlRequest
        from generator.operations.sessions.kubectl import install

        done = install(call.gateway, KubectlRequest(version, sha256, source, instance_id, plan_only), call)
        if isinstance(done, KubectlPlan):
            return CommandResult(done, call.plan_lines(done), to_read=True)
        return CommandResult(done, session_text.kubectl_lines(done), to_read=True)
