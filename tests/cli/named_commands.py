"""The commands of this program that its source names, and what the command line itself makes of one."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer.main

from generator.cli.app import app
from generator.cli.index import COMMANDS

ROOT = Path(__file__).parents[2] / "generator"
_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
_GOES_ON = (
    "or|then|and|with|without|which|alone|shows|prints|writes|downloads|turns|allows|changes|change|restores|lists|"
    "starts|its|that|for"
)
COMMAND = re.compile(
    rf"(?<![\w/.-])deployer (?:--sandbox )?(?:{_NAMES})(?![\w-]).*?"
    rf"(?=$|[)`<]|[;,:.](?:\s|$)| \(|  | &&| (?:{_GOES_ON})\b)",
    re.M,
)
"""A command within a sentence, to where the sentence goes on."""
UNKNOWN = "\N{BULLET}"  # what stands for a part of a text that is known at run time alone


@dataclass(frozen=True)
class Named:
    """A text of the source that names a command, the words of the command, and whether `more` come when it runs."""

    where: str
    text: str
    words: tuple[str, ...]
    more: bool = False


@cache
def named() -> tuple[Named, ...]:
    """Every command that a string of the source or a call of `CommandLine.deployer` names."""
    return tuple(each for path in sorted(ROOT.rglob("*.py")) for each in _of(path))


def _of(path: Path) -> Iterator[Named]:
    tree, where = ast.parse(path.read_text()), str(path.relative_to(ROOT))
    for text, line in texts(tree):
        for match in COMMAND.finditer(text):
            words = _split(match[0].replace("…", UNKNOWN))
            yield Named(f"{where}:{line}", text, tuple(words[1:]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "deployer":
            words = [_shown(arg) for arg in node.args]
            known = [word for word in words if word is not None]
            yield Named(f"{where}:{node.lineno}", ast.unparse(node), tuple(known), known != words)


AWS_COMMAND = re.compile(r"(?<![\w./-])aws [a-z][a-z0-9-]+ [a-z][a-z0-9]*(?:-[a-z0-9]+)+")
"""A command of the AWS CLI that asks a service: in all but a few of them the verb is of several words."""
S3_COMMAND = re.compile(r"(?<![\w./-])aws s3 (?:rm|cp|ls|sync|mb|rb)\b")


def literal_aws_commands() -> Iterator[tuple[str, str]]:
    """Each AWS command that the source writes out, and so without region, profile and sandbox; with where it does."""
    for path in sorted(ROOT.rglob("*.py")):
        for text, line in texts(ast.parse(path.read_text())):
            for pattern in (AWS_COMMAND, S3_COMMAND):
                yield from ((f"{path.relative_to(ROOT)}:{line}", match[0]) for match in pattern.finditer(text))


def _split(command: str) -> list[str]:
    """The words that a shell makes of it; a quotation mark that opens nothing is a sentence's own."""
    try:
        return shlex.split(command)
    except ValueError:
        return shlex.split(command.rstrip("'\""))


def texts(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """The strings of a module with their lines, its docstrings aside; what an f-string puts in is UNKNOWN."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    pieces = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else UNKNOWN for part in node.values)
            yield "".join(parts), node.lineno
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (docstrings | pieces):
            yield node.value, node.lineno


def _shown(arg: ast.expr) -> str | None:
    """A word of a call; None for words of which even the number is known at run time alone."""
    if isinstance(arg, ast.Starred):
        return None
    return arg.value if isinstance(arg, ast.Constant) and isinstance(arg.value, str) else UNKNOWN


VALUES = ("x1", "5432", "r", "show", "status", "--yes", "")
"""What may stand for words that are known at run time alone: a name, a port, a level, a command, an option, none."""


def refused(words: tuple[str, ...]) -> str:
    """Why the command line does not take these words, whatever stands for the UNKNOWN; "" where it does."""
    words = tuple("4566" if word == "PORT" else word for word in words)
    unknown = any(UNKNOWN in word for word in words)
    words = tuple(UNKNOWN if not word.strip(UNKNOWN) else word.replace(UNKNOWN, "") for word in words)
    tries = [tuple(value if word == UNKNOWN else word for word in words) for value in VALUES] if unknown else [words]
    tries += [each[:-1] for each in tries if unknown and words[-1] == UNKNOWN]
    with contextlib.redirect_stdout(io.StringIO()):  # where help is asked for
        return min((_refused([word for word in each if word]) for each in tries), key=len)


def _refused(words: list[str]) -> str:
    """Why the command line does not take these words; nothing is run."""
    root: Any = typer.main.get_command(app)
    try:
        context = root.make_context("deployer", list(words))
        command = root
        while hasattr(command, "resolve_command"):
            rest = [*context._protected_args, *context.args]
            if not rest:
                return "" if command.invoke_without_command else GROUP
            name, command, rest = command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
    except Exception as error:  # Typer's own copy of click has no public name for its kinds
        kind = type(error).__name__  # a group without a command shows its help; --help has shown it
        known = {"NoArgsIsHelpError": GROUP, "Exit": ""}
        said = getattr(error, "format_message", error.__repr__)
        return known[kind] if kind in known else str(said())
    return ""


GROUP = "It is a group, and names none of its commands."
