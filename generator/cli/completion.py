"""What the shell offers behind an option or an argument: names that the last commands saw. No call, nothing heavy."""

from __future__ import annotations

import typer


def profiles(incomplete: str) -> list[str]:
    """Profiles of the AWS configuration."""
    from generator.operations.completion_names import profiles

    return _beginning(profiles(), incomplete)


def regions(incomplete: str) -> list[str]:
    """Regions, those first that were used."""
    from generator.operations.completion_names import regions

    return _beginning(regions(), incomplete)


def stacks(context: typer.Context, incomplete: str) -> list[str]:
    """Stacks, of the region that was typed."""
    return _seen("stack", context, incomplete)


def instances(context: typer.Context, incomplete: str) -> list[str]:
    """Instances, of the region that was typed."""
    return _seen("instance", context, incomplete)


def databases(context: typer.Context, incomplete: str) -> list[str]:
    """Aurora clusters and RDS instances, of the region that was typed."""
    return _seen("database", context, incomplete)


def _seen(kind: str, context: typer.Context, incomplete: str) -> list[str]:
    from generator.operations.completion_names import seen

    sandbox = bool(context.find_root().params.get("sandbox"))
    return _beginning(seen(kind, sandbox=sandbox, region=context.params.get("region") or ""), incomplete)


def _beginning(names: list[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
