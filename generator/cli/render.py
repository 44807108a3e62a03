"""The one place that prints: results on stdout as text or as the versioned envelope, errors on stderr."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, Protocol

from generator.cli.columns import GAP, Layout, Row
from generator.cli.sanitize import visible
from generator.errors import DeployerError

ENVELOPE_VERSION = 1
EVALUATED = frozenset({"sandbox env"})
"""Commands whose text a shell evaluates. `eval ""` succeeds, so a failure prints `false`, which does not."""


class OutputFormat(StrEnum):
    """How a command prints its result."""

    text = "text"
    json = "json"


class Printing(Protocol):
    """What printing needs to know of an invocation: the command by name, and the format."""

    command: str
    output: OutputFormat


def result(
    invocation: Printing, value: Any, text: list[str] | None, exit_code: int = 0, *, to_read: bool = False
) -> None:
    """Print a command's result; text that is `to_read` is as wide as the terminal."""
    if invocation.output is OutputFormat.json:
        _write(_envelope(invocation.command, exit_code == 0, plain(value), None))
    elif text is None:
        _write(visible(value if isinstance(value, str) else json.dumps(plain(value), indent=2), sys.stdout))
    else:
        _write(visible(text, sys.stdout, to_read=to_read))


def error(invocation: Printing, problem: DeployerError, *, where: str = "") -> None:
    """Print an error: one sentence, `where` in AWS it was, and the next step, which comes last, on stderr; the envelope
    on stdout when JSON was asked for."""
    if invocation.output is OutputFormat.json:
        described = {
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
            "exit_code": problem.exit_code,
        }
        with suppress(OSError):  # nobody can be given the envelope: the sentence at least, below
            _write(_envelope(invocation.command, False, None, described))
            return
    if invocation.command in EVALUATED:
        _write("false")
    kind = "" if problem.code in ("interrupted", "declined") else "error: "  # Ctrl-C and no are answers, not failures
    if problem.code == "interrupted" and sys.stderr.isatty():
        print(file=sys.stderr)  # noqa: T201 - the terminal has echoed ^C into the line
    print(visible(f"{kind}{problem.message}", sys.stderr, to_read=True), file=sys.stderr)  # noqa: T201
    if where and invocation.output is OutputFormat.text:
        print(visible(f"  where: {where}", sys.stderr, to_read=True), file=sys.stderr)  # noqa: T201
    if problem.hint:
        steps = problem.hint.replace("\n", "\n        ")
        print(visible(f"  next: {steps}", sys.stderr, to_read=True), file=sys.stderr)  # noqa: T201


def plain(value: Any) -> Any:
    """Reduce a result to what JSON knows. Dataclass fields with repr=False hold secrets and are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.repr}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    return value


def document(value: Mapping[str, Any], fmt: str) -> str:
    """A policy document as JSON or YAML text."""
    if fmt == "json":
        return json.dumps(value, indent=2)
    import yaml

    return yaml.safe_dump(value, sort_keys=False, width=110)


def table(rows: Sequence[tuple[str, ...]], header: tuple[str, ...] = ()) -> list[str]:
    """Lay rows out in aligned columns, two spaces apart; a line end in a cell would be a row that nobody wrote.

    The lines are strings; at a terminal, text to be read has them as wide as that is (columns.Row).
    """
    lines = [tuple(" ".join(cell.splitlines()) for cell in line) for line in [*([header] if header else []), *rows]]
    if not lines:
        return []
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    layout = Layout(lines, headed=bool(header))
    return [
        Row.of(GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip(), line, layout)
        for line in lines
    ]


def _envelope(command: str, ok: bool, value: Any, problem: Any) -> str:
    return json.dumps(
        {"version": ENVELOPE_VERSION, "command": command, "ok": ok, "result": value, "error": problem}, indent=2
    )


def _write(text: str) -> None:
    """Raises OSError, which names standard output, where that takes no more."""
    try:
        sys.stdout.write(text if text.endswith("\n") or not text else text + "\n")
        sys.stdout.flush()
    except OSError as error:
        error.filename = "standard output"
        raise
