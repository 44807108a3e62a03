"""config: stored defaults, and where each value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from generator.cli import render
from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.errors import NotFound

if TYPE_CHECKING:
    from generator.operations.config.store import Stored

Name = Annotated[str, typer.Argument(metavar="KEY", help="Name of the default; deployer config explain lists them.")]
Value = Annotated[str, typer.Argument(metavar="VALUE", help="Value to store.")]
Project = Annotated[bool, typer.Option("--project", help="Use this folder's .deployer.toml instead of your own file.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        name="config", help="Stored defaults: profile, region, stack, database, and more.", no_args_is_help=True
    )
    app.add_typer(group)
    _register_writing(group)
    _register_reading(group)


def _register_writing(group: typer.Typer) -> None:
    @command(group, "set")
    def set_(call: Invocation, key: Name, value: Value, project: Project = False) -> CommandResult:
        """Store a default; with --env, for that environment only."""
        from generator.operations.config.store import set_default

        stored = set_default(key, value, project=project, environment=call.env)
        line = f"{key} = {stored.value}  {stored.path}{'' if stored.changed else '  unchanged'}"
        return CommandResult({**_result(stored), "value": stored.value}, [line])

    @command(group, "unset")
    def unset(call: Invocation, key: Name, project: Project = False) -> CommandResult:
        """Remove a stored default. Exit 4 if it is set only in another file or environment."""
        from generator.operations.config.store import unset_default

        stored = unset_default(key, project=project, environment=call.env)
        return CommandResult(_result(stored), ["removed" if stored.changed else "was not set"])


def _result(stored: Stored) -> dict[str, Any]:
    return {"key": stored.key, "path": str(stored.path), "changed": stored.changed}


def _register_reading(group: typer.Typer) -> None:
    @command(group, "get")
    def get(call: Invocation, key: Name) -> CommandResult:
        """Print the effective value and nothing else. Exit 4 if there is none."""
        from generator.model.config import key_named
        from generator.operations.config.resolve import settings

        [setting] = [setting for setting in settings(call.env) if setting.key == key_named(key).name]
        if setting.value is None:
            raise NotFound(f"{key} has no value.", f"Set it with: deployer config set {key} VALUE", code="not-set")
        return CommandResult(setting, [str(setting.value)])

    @command(group, "list")
    def list_(call: Invocation) -> CommandResult:
        """List the defaults stored in your own file and in the project's."""
        from generator.operations.config.files import read_files

        files = read_files()
        lines = []
        for file in files:
            tables = {"": file.values, **{f" [{name}]": table for name, table in file.environments.items()}}
            for title, table in tables.items():
                lines += [f"{file.path}{title}"] + [f"  {key} = {value}" for key, value in table.items()]
        result = [{"path": str(f.path), "values": f.values, "environments": f.environments} for f in files]
        return CommandResult(result, lines or ["Nothing is stored."])

    @command(group, "explain")
    def explain(
        call: Invocation,
        key: Annotated[str, typer.Argument(metavar="[KEY]", help="One default; all if omitted.")] = "",
    ) -> CommandResult:
        """Show each effective value and where it comes from. An option on the command line overrides them all."""
        from generator.model.config import KEYS, key_named
        from generator.operations.config.resolve import settings

        wanted = {key_named(key).name} if key else set(KEYS)
        chosen = [setting for setting in settings(call.env) if setting.key in wanted]
        rows = [(s.key, "-" if s.value is None else str(s.value), s.origin.value, s.place) for s in chosen]
        return CommandResult(chosen, render.table(rows, ("KEY", "VALUE", "FROM", "WHERE")), to_read=True)
