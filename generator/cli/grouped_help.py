"""A command whose help lists its options in groups: its own, those of each topic, and last what every command has."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand

COMMON = "Common options"
OWN = "Options"


class GroupedCommand(TyperCommand):
    """Options are grouped by their `rich_help_panel`; without one they are the command's own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the sections of the help: arguments, own options, topics as they are declared, common options."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], OWN: []}
        for parameter in self.get_params(ctx):
            if record := parameter.get_help_record(ctx):
                sections.setdefault(_section(parameter), []).append(record)
        sections[COMMON] = sections.pop(COMMON, [])
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


def _section(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return "Arguments"
    if parameter.name == "help":
        return COMMON
    return getattr(parameter, "rich_help_panel", None) or OWN
