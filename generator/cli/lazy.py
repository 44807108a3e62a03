"""The root of the command tree: a group that imports a file of commands when one of them is asked for.

Typer builds every command before it runs one, which makes `--help` and each command pay for all others. Here help is
written from the index, and one command costs its own file (docs/explanation/performance.md, P2 and P3).
"""

from __future__ import annotations

import importlib
from collections.abc import MutableMapping
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from generator.cli.index import COMMANDS

Commands = MutableMapping[str, Any]  # name -> a command of Typer's own copy of click, which has no public name


class LazyGroup(TyperGroup):
    """Knows its commands by name from the index and builds them by file."""

    files: ClassVar[tuple[str, ...]] = ()  # generator/cli/NAME_commands.py, each with `register(app)`

    def __init__(self, **attributes: Any) -> None:
        self._built: dict[str, Commands] = {}
        super().__init__(**attributes)

    @property
    def commands(self) -> Commands:
        """All commands, built: for the reference pages and for suggestions after a typing error."""
        return {name: built for file in self.files for name, built in self._of(file).items()}

    @commands.setter
    def commands(self, given: Commands) -> None:
        """Typer hands over what was registered on the app itself: nothing is."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the help; a file of commands that the index does not know is loaded for them."""
        indexed = {file for file, _ in COMMANDS.values()}
        return [*COMMANDS, *(name for file in self.files if file not in indexed for name in self._of(file))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name from its file; None when there is none."""
        if cmd_name in COMMANDS:
            return self._of(COMMANDS[cmd_name][0]).get(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without building the indexed ones."""
        shown = [(name, self._outline(ctx, name)) for name in self.list_commands(ctx)]
        limit = formatter.width - 6 - max(len(name) for name, _ in shown)
        with formatter.section("Commands"):
            formatter.write_dl([(name, made.get_short_help_str(limit)) for name, made in shown if not made.hidden])

    def _outline(self, ctx: Any, name: str) -> Any:
        return TyperCommand(name, help=COMMANDS[name][1]) if name in COMMANDS else self.get_command(ctx, name)

    def _of(self, file: str) -> Commands:
        """The commands of one file, built once."""
        if file not in self._built:
            own = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
            importlib.import_module(f"generator.cli.{file}_commands").register(own)
            self._built[file] = dict(get_group(own).commands)
        return self._built[file]
