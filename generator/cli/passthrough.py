"""Commands that hand words on to another program as they are."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand


class PassThrough(TyperCommand):
    """Takes its own long options first; from the first other word on, everything belongs to the other program."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Part the words."""
        takes_value = {o: not p.is_flag for p in self.params if hasattr(p, "is_flag") for o in p.opts}
        own = 0
        while own < len(args) and (args[own] == "--help" or args[own].partition("=")[0] in takes_value):
            alone = args[own] == "--help" or "=" in args[own] or not takes_value[args[own]]
            own += 1 if alone or not args[own].startswith("--") else 2
        rest = args[own:]
        return list(super().parse_args(ctx, [*args[:own], "--", *(rest[1:] if rest[:1] == ["--"] else rest)]))
