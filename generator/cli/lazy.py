"""The root of the command tree: a group that imports a file of commands when one of them is asked for.

Typer builds every command before it runs one, which makes `--help` and each command pay for all others. Here help is
written from the index, and one command costs its own file (docs/explanation/performance.md, P2 and P3).
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, MutableMapping
from functools import cache
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_from_info, get_group
from typer.models import CommandInfo, TyperInfo

from generator.cli.index import COMMANDS, TOPICS

Commands = MutableMapping[str, Any]  # name -> a command of Typer's own copy of click, which has no public name


class LazyHelpGroup(TyperGroup):
    """A group whose help is written from stubs of its commands, which costs no command."""

    def help_stub(self, ctx: Any, name: str) -> Any:
        """A command with its name and help, and nothing else if that can be had cheaper."""
        raise NotImplementedError

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands by topic, each with a whole sentence, without building them."""
        made = {name: self.help_stub(ctx, name) for name in self.list_commands(ctx)}
        column = max(map(len, made))
        for topic, names in self.topics(made).items():
            if shown := [(name.ljust(column), _sentence(made[name])) for name in names if not made[name].hidden]:
                with formatter.section(topic):
                    formatter.write_dl(shown)

    def topics(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The commands under the titles of the help."""
        return {"Commands": list(names)}


class LazyGroup(LazyHelpGroup):
    """Knows its commands by name from the index and builds them by file."""

    files: ClassVar[tuple[str, ...]] = ()  # generator/cli/NAME_commands.py, each with `register(app)`

    @property
    def commands(self) -> Commands:
        """All commands, built: for the reference pages and for suggestions after a typing error."""
        return {name: built for file in self.files for name, built in _built(file).items()}

    @commands.setter
    def commands(self, given: Commands) -> None:
        """Typer hands over what was registered on the app itself: nothing is."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the help; a file of commands that the index does not know is loaded for them."""
        indexed = {file for file, _ in COMMANDS.values()}
        return [*COMMANDS, *(name for file in self.files if file not in indexed for name in _built(file))]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name from its file; None when there is none."""
        if cmd_name in COMMANDS:
            return _one(COMMANDS[cmd_name][0], cmd_name)
        return self.commands.get(cmd_name)

    def help_stub(self, ctx: Any, name: str) -> Any:
        """The name and the first sentence of its help, from the index; its file is not loaded."""
        return TyperCommand(name, help=COMMANDS[name][1]) if name in COMMANDS else self.get_command(ctx, name)

    def topics(self, names: Iterable[str]) -> dict[str, list[str]]:
        """The commands as the index groups them; one that it does not know comes last."""
        listed = {name for topic in TOPICS.values() for name in topic}
        return {**TOPICS, "Others": [name for name in names if name not in listed]}


class LazySubgroup(LazyHelpGroup):
    """A group within a file: builds the command that is asked for, and lists all by what they were declared with."""

    declared: ClassVar[dict[str, CommandInfo]] = {}

    def __init__(self, **attributes: Any) -> None:
        self._built: Commands = {}
        super().__init__(**attributes)

    @property
    def commands(self) -> Commands:
        """All commands, built."""
        return {name: self.get_command(None, name) for name in self.list_commands(None)}

    @commands.setter
    def commands(self, given: Commands) -> None:
        """Take the groups within the group, which come built."""
        self._built = given

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of their declaration, groups last."""
        return [*self.declared, *(name for name in self._built if name not in self.declared)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name; None when there is none."""
        if cmd_name not in self._built and cmd_name in self.declared:
            declared = self.declared[cmd_name]
            self._built[cmd_name] = get_command_from_info(declared, pretty_exceptions_short=True, rich_markup_mode=None)
        return self._built.get(cmd_name)

    def help_stub(self, ctx: Any, name: str) -> Any:
        """The name and the help of its declaration; the command is not built."""
        declared = self.declared.get(name)
        if declared is None:
            return self.get_command(ctx, name)
        words = declared.help or inspect.getdoc(declared.callback) or ""
        return TyperCommand(name, help=words, hidden=declared.hidden)


class DefaultCommand(LazySubgroup):
    """A group whose name alone, or with options, is one of its commands."""

    default: ClassVar[str]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default in where no word is given; a word that is no command is answered as one mistyped."""
        named = bool(args) and (not args[0].startswith("-") or args[0] == "--help")
        parsed: list[str] = super().parse_args(ctx, args if named else [self.default, *args])
        return parsed


@cache
def _built(file: str) -> Commands:
    """The commands of one file, built once."""
    return dict(get_group(_registered(file)).commands)


@cache
def _one(file: str, name: str) -> Any:
    """One command of a file, built once; those beside it are not built for it."""
    own = _registered(file)
    own.registered_commands = [each for each in own.registered_commands if each.name == name]
    own.registered_groups = [each for each in own.registered_groups if _name_of(each) == name]
    return get_group(own).commands.get(name)


@cache
def subcommands(name: str) -> frozenset[str]:
    """The names of a group's commands; none for a command. Nothing is built but the group."""
    own = _registered(COMMANDS[name][0])
    return (
        frozenset(getattr(get_group(own).commands.get(name), "commands", ())) if own.registered_groups else frozenset()
    )


def _sentence(made: Any) -> str:
    """The first sentence of a command's help, on one line."""
    first = " ".join((made.help or "").partition("\n\n")[0].split()).partition(". ")[0]
    return first if first.endswith(".") else f"{first}."


def _registered(file: str) -> typer.Typer:
    """What a file of commands declares, its groups to be built later."""
    own = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    importlib.import_module(f"generator.cli.{file}_commands").register(own)
    for each in own.registered_groups:
        if (group := each.typer_instance) is not None:
            declared = {str(info.name): info for info in group.registered_commands}
            wanted = group.info.cls
            base = wanted if isinstance(wanted, type) and issubclass(wanted, LazySubgroup) else LazySubgroup
            group.info.cls = type("Group", (base,), {"declared": declared})
            group.registered_commands = []
    return own


def _name_of(group: TyperInfo) -> object:
    """A group is added by its Typer, which has the name."""
    return group.typer_instance.info.name if group.typer_instance else group.name
