"""Commands that hand words on to another program as they are."""

from __future__ import annotations

from typing import Any, ClassVar

from generator.cli.grouped_help import GroupedCommand
from generator.errors import UsageError


class PassThrough(GroupedCommand):
    """Takes its own long options first; from the first other word on, everything belongs to the other program.

    A long option among the first words that is none of its own is a typing error. `places` are own options that say
    where the other program runs: where none was given first, one among its words is most likely meant for this command
    and refused; behind `--` it is the program's.
    """

    places: ClassVar[tuple[str, ...]] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Split own options from the other program's words. Raises UsageError for a misplaced option."""
        takes_value = {o: not p.is_flag for p in self.params if hasattr(p, "is_flag") for o in p.opts}
        own = 0
        while own < len(args) and (args[own] == "--help" or args[own].partition("=")[0] in takes_value):
            alone = args[own] == "--help" or "=" in args[own] or not takes_value[args[own]]
            own += 1 if alone or not args[own].startswith("--") else 2
        rest = args[own:]
        if rest and rest[0].startswith("--") and rest[0] != "--":
            return list(super().parse_args(ctx, args))  # which names it, and the option that was perhaps meant
        if rest[:1] != ["--"] and not self._places(args[:own]) and (misplaced := self._places(rest)):
            raise _misplaced(ctx.command_path, misplaced[0])
        return list(super().parse_args(ctx, [*args[:own], "--", *(rest[1:] if rest[:1] == ["--"] else rest)]))

    def _places(self, words: list[str]) -> list[str]:
        """The options among `words` that say where."""
        return [name for name in (word.partition("=")[0] for word in words) if name in self.places]


def _misplaced(command: str, name: str) -> UsageError:
    return UsageError(
        f"{name} comes after the command, so it would not say where the command runs.",
        f"Put it first: {command} {name} … COMMAND; if it is the command's own: {command} -- COMMAND",
    )
