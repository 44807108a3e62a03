"""What is said where a command was typed without a value that it needs: all of them at once, and what to type."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Sequence
from typing import Any

from generator.errors import DeployerError

_KINDS = {"int range": "a whole number", "integer": "a whole number", "float range": "a number", "float": "a number"}
_RANGE = re.compile(r"is not in the range (?:(?P<least>[\d.-]+)<=)?x(?:(?P<way>[<>])=(?P<end>[\d.-]+))?")


def missing_values(argv: Sequence[str], error: Any) -> DeployerError | None:
    """The usage error that names each value that a command still needs; None for an error of another kind.

    The values that were typed have been read by then: Typer reads what was given before what was not.
    """
    context = getattr(error, "ctx", None)
    if context is None or not str(error.format_message()).startswith("Missing "):
        return None
    missing = [each for each in context.command.params if each.required and not context.params.get(each.name)]
    if not missing:
        return None
    path = context.command_path.split()
    typed = _typed(argv, path)
    stray = _stray(context, typed)
    options = [each for each in missing if _is_option(each)]
    valued = dict(zip([each.opts[0] for each in options], stray, strict=False))
    others = _without(context, typed, list(valued.values()))
    written = [
        f"{each.opts[0]} {shlex.quote(valued[each.opts[0]])}" if each.opts[0] in valued else _written(each)
        for each in missing
    ]
    line = [*path, *map(shlex.quote, others), *written]
    names = [name for each in missing for name in _names(each)]
    message = (
        f"{', '.join(names[:-1])}{' and ' if names[1:] else ''}{names[-1]} {'are' if names[1:] else 'is'} missing."
    )
    hint = "\n".join([" ".join(line), *map(_described, missing)])
    return DeployerError(message, hint, code="usage", exit_code=2)


def value_expected(command: Any, error: Any) -> tuple[str, str]:
    """Sentence and hint for an option whose value is absent or of another form; ("", "") for another error."""
    message, named = str(error.format_message()), set(getattr(getattr(error, "param", None), "opts", ()))
    absent = message.endswith("requires an argument.")
    if not absent and not message.startswith("Invalid value"):
        return "", ""
    if absent:
        named = {str(error.option_name)}
        message = f"{error.option_name} needs a value."
    for kind, words in _KINDS.items():
        message = message.replace(f"is not a valid {kind}", f"is not {words}")
    message = _RANGE.sub(_in_words, message)
    return message, next((_described(each) for each in command.params if named & set(each.opts)), "")


def _in_words(match: re.Match[str]) -> str:
    """The range of a number, as click writes it, in words."""
    if match["least"] and match["end"]:
        return f"is not between {match['least']} and {match['end']}"
    return f"is not {'at most' if match['way'] == '<' else 'at least'} {match['end']}"


def misplaced_value(command: Any, argv: Sequence[str], error: Any) -> str:
    """The line to type for an ARN that was typed without its option; "" where that is not the fault."""
    context = getattr(error, "ctx", None)
    if context is None or "unexpected extra argument" not in str(error.format_message()):
        return ""
    typed = _typed(argv, context.command_path.split())
    arns = [word for word in _stray(context, typed) if word.startswith("arn:")]
    option = next((each.opts[0] for each in command.params if each.metavar == "ARN"), "")
    if not arns or not option:
        return ""
    at = {_place(context, typed, arn) for arn in arns}
    words = [f"{option} {shlex.quote(word)}" if n in at else shlex.quote(word) for n, word in enumerate(typed)]
    return " ".join([*context.command_path.split(), *words])


def _place(context: Any, typed: Sequence[str], word: str) -> int:
    """Where a word stands that belongs to no option: an option may have the same value."""
    stray = _stray(context, typed)
    stray.remove(word)
    places = [n for n, each in enumerate(typed) if each == word]
    return next((n for n in places if _leaves(context, [*typed[:n], *typed[n + 1 :]], stray)), places[0])


def _leaves(context: Any, typed: Sequence[str], stray: Sequence[str]) -> bool:
    """Whether those words belong to nothing; without the value of an option, another word is taken for it."""
    try:
        return _stray(context, typed) == list(stray)
    except Exception:  # Typer's copy of click has no public name: an option that has no value now
        return False


def _without(context: Any, typed: Sequence[str], words: Sequence[str]) -> list[str]:
    """What was typed, without each of the words where it belonged to no option."""
    left = list(typed)
    for word in words:
        left.pop(_place(context, left, word))
    return left


def _stray(context: Any, typed: Sequence[str]) -> list[str]:
    """The words that belong to no option and no argument."""
    _, stray, _ = context.command.make_parser(context).parse_args(list(typed))
    return [str(word) for word in stray]


def _typed(argv: Sequence[str], path: Sequence[str]) -> list[str]:
    """The words behind the command's name."""
    words = list(itertools.dropwhile(lambda word: word == "--sandbox", argv))
    for name in path[1:]:
        if words[:1] == [name]:
            words.pop(0)
    return words


def _is_option(parameter: Any) -> bool:
    return str(parameter.opts[0]).startswith("-")


def _names(parameter: Any) -> list[str]:
    """What a parameter is called: its option, or each value that an argument stands for."""
    return [parameter.opts[0]] if _is_option(parameter) else parameter.metavar.replace("...", "").split()


def _written(parameter: Any) -> str:
    """The parameter as it is typed: `--bucket NAME`, or `FILE`."""
    return (
        " ".join(filter(None, (*parameter.opts[:1], parameter.metavar))) if _is_option(parameter) else parameter.metavar
    )


def _described(parameter: Any) -> str:
    return f"{_written(parameter)}: {parameter.help}" if parameter.help else ""
