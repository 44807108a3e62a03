"""The options of `up` that stand for template parameters, made from one list; and their values, checked."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from generator.cli.invocation import Invocation
from generator.cli.parameter_file import ParameterFile
from generator.errors import UsageError
from generator.model.contract import Parameter
from generator.model.parameter_options import PARAMETERS, Kind, ParameterOption, refuse_bad_ports
from generator.model.unreadable_text import unreadable_text

DECIDED_AT_THE_START = frozenset(
    {
        *(Parameter.VPC_ID, Parameter.SUBNET_ID, Parameter.INSTANCE_TYPE, Parameter.VOLUME_SIZE_GIB),
        *(Parameter.INSTANCE_NAME, Parameter.ADMIN_EMAIL, Parameter.ADMIN_PASSWORD),
    }
)
GROUPS = START, SUPPORT, DATABASE, ADVANCED = ("What you decide at the start", "Support", "Database", "Advanced")


class YesNo(StrEnum):
    """A yes/no parameter, as typed."""

    yes = "yes"
    no = "no"


def _panel(parameter: ParameterOption) -> str:
    """The group of the help that a parameter is in."""
    if parameter.key in DECIDED_AT_THE_START:
        return START
    if "Database" in parameter.key or parameter.key == Parameter.DEPLOY_BASTION_HOST:
        return DATABASE
    return SUPPORT if parameter.key.removeprefix("Create").startswith("Support") else ADVANCED


def _declare(parameter: ParameterOption) -> tuple[str, Any, Any]:
    kind: Any = {Kind.YES_NO: YesNo, Kind.NUMBER: int}.get(parameter.kind, str)
    if parameter.of_the_grant:  # there only to be refused with the verb that changes it, not as an unknown option
        return parameter.snake, Annotated[str | None, typer.Option(parameter.option, hidden=True)], None
    shown = typer.Option(
        parameter.option,
        help=parameter.help,
        rich_help_panel=_panel(parameter),
        show_default=False,
        case_sensitive=False,
    )
    return parameter.snake, Annotated[kind | None, shown], None


def _secret_options(parameter: ParameterOption) -> list[tuple[str, Any, Any]]:
    """A secret is read from a file or standard input; its plain option exists only to refuse with the reason."""
    name, option, what = parameter.snake, parameter.option, parameter.help
    panel = _panel(parameter)
    file = typer.Option(
        f"{option}-file", help=f"{what.removesuffix('.')}, read from this file.", metavar="FILE", rich_help_panel=panel
    )
    stdin = typer.Option(f"{option}-stdin", help="Read it from standard input.", rich_help_panel=panel)
    prompt = typer.Option(f"{option}-prompt", help="Ask for it at the terminal.", rich_help_panel=panel)
    refused = typer.Option(option, hidden=True)
    return [
        (f"{name}_file", Annotated[Path | None, file], None),
        (f"{name}_stdin", Annotated[bool, stdin], False),
        (f"{name}_prompt", Annotated[bool, prompt], False),
        (name, Annotated[str | None, refused], None),
    ]


_ANY = typer.Option(
    "--parameter",
    metavar="KEY=VALUE",
    help="Any template parameter by its own name; repeatable.",
    rich_help_panel=ADVANCED,
)
_FILE = typer.Option(
    "--parameter-file",
    metavar="FILE",
    help="Parameters and tags from JSON or YAML; repeatable. What is typed goes before it.",
    rich_help_panel=ADVANCED,
)
PARAMETER_OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    *(
        entry
        for group in GROUPS
        for parameter in PARAMETERS.values()
        if _panel(parameter) == group
        for entry in (_secret_options(parameter) if parameter.secret else [_declare(parameter)])
    ),
    ("parameter", Annotated[list[str], _ANY], []),
    ("parameter_file", Annotated[list[str], _FILE], []),
)


def given_parameters(call: Invocation, values: dict[str, Any], file: ParameterFile) -> dict[str, str]:
    """From a file and option values to template parameters; without what was not given. Raises UsageError."""
    given: dict[str, str] = {}
    for parameter in PARAMETERS.values():
        value = _secret(call, parameter, values) if parameter.secret else values[parameter.snake]
        if value is not None:
            given[parameter.key] = _as_text(value)
    for pair in values["parameter"]:
        key, value = _split(pair)
        if key in given:
            raise UsageError(
                f"The parameter {key} is given twice.", f"Keep either --parameter {key}=… or its own option."
            )
        given[key] = value
    whole = {**_checked_secrets(file.values), **given}
    refuse_bad_ports(whole)
    return whole


def _checked_secrets(values: Mapping[str, str]) -> dict[str, str]:
    secret = {key for key in values if key in PARAMETERS and PARAMETERS[key].secret}
    return {key: _checked(PARAMETERS[key], value) if key in secret else value for key, value in values.items()}


def _as_text(value: Any) -> str:
    return {"yes": "Yes", "no": "No"}[value.value] if isinstance(value, YesNo) else str(value)


def _split(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals or not key:
        raise UsageError("--parameter takes KEY=VALUE.", "For example: --parameter InstanceName=deepsql")
    if key in PARAMETERS and PARAMETERS[key].secret:
        raise _argv_refusal(PARAMETERS[key])
    return key, value


def _secret(call: Invocation, parameter: ParameterOption, values: dict[str, Any]) -> str | None:
    name = parameter.snake
    if values[name] is not None:
        raise _argv_refusal(parameter)
    sources = [source for source in ("file", "stdin", "prompt") if values[f"{name}_{source}"]]
    if len(sources) > 1:
        raise UsageError(
            f"{parameter.key} is given {len(sources)} times.", f"Keep one of {parameter.option}-file, -stdin, -prompt."
        )
    if not sources:
        return None
    return _checked(parameter, _READERS[sources[0]](call, parameter, values))


def _argv_refusal(parameter: ParameterOption) -> UsageError:
    return UsageError(
        f"{parameter.key} may not be given on the command line, where other users and the shell's history can see it.",
        f"Use {parameter.option}-file FILE, {parameter.option}-stdin or {parameter.option}-prompt, or leave it out: "
        "the stack then generates one.",
        code="secret-in-argv",
    )


def _from_file(call: Invocation, parameter: ParameterOption, values: dict[str, Any]) -> str:
    path: Path = values[f"{parameter.snake}_file"]
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable_text(path, error) from None


def _from_stdin(call: Invocation, parameter: ParameterOption, values: dict[str, Any]) -> str:
    return sys.stdin.read()


def _from_prompt(call: Invocation, parameter: ParameterOption, values: dict[str, Any]) -> str:
    if not sys.stdin.isatty():
        raise UsageError(
            "There is no terminal to ask for it.", f"Use {parameter.option}-file or {parameter.option}-stdin."
        )
    first = getpass.getpass(f"{parameter.key}: ")
    if getpass.getpass("Again: ") != first:
        raise UsageError("The two entries differ.", "Run it again.")
    return first


_READERS = {"file": _from_file, "stdin": _from_stdin, "prompt": _from_prompt}


def _checked(parameter: ParameterOption, text: str) -> str:
    value = text.removesuffix("\n").removesuffix("\r")
    if not 12 <= len(value) <= 128 or "\n" in value:
        raise UsageError(
            f"{parameter.key} must be one line of 12 to 128 characters.",
            "Choose another, or let the stack generate one.",
        )
    return value
