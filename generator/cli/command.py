"""How a command is declared: its own options plus the common ones, one result, one renderer, one error path."""

from __future__ import annotations

import dataclasses
import errno
import functools
import inspect
import os
import re
import traceback
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from generator.cli import completion, render
from generator.cli.grouped_help import COMMON, GroupedCommand
from generator.cli.invocation import Invocation
from generator.cli.render import OutputFormat
from generator.errors import LACKING, MAY_CALL, DeployerError
from generator.model.deployment import DEFAULT_STACK_NAME


@dataclass(frozen=True)
class CommandResult:
    """What a command hands to the renderer: a result for scripts, and the lines a person reads.

    `result` is a dataclass, mapping, list or string; `text` None means the result is printed as it is. Text that is
    `to_read` is made as wide as the terminal; what is there to be copied is not. `next` is said last, on stderr.
    """

    result: Any
    text: list[str] | None = None
    exit_code: int = 0
    to_read: bool = False
    next: tuple[str, ...] = ()


NEXT = re.compile(r"next: |: deployer ")
"""What a line of a result has before a command that a person may paste."""
CHANGING: set[str] = set()
"""The commands declared so far that change something in AWS."""
_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
Body = Callable[..., CommandResult | None]

COMMON_OPTIONS: tuple[tuple[str, Any, Any], ...] = (
    (
        "profile",
        Annotated[
            str | None,
            typer.Option(help="AWS profile to use.", rich_help_panel=COMMON, autocompletion=completion.profiles),
        ],
        None,
    ),
    (
        "region",
        Annotated[
            str | None, typer.Option(help="AWS region.", rich_help_panel=COMMON, autocompletion=completion.regions)
        ],
        None,
    ),
    (
        "stack_name",
        Annotated[
            str,
            typer.Option(
                help="Name of the stack.",
                envvar="DEPLOYER_STACK_NAME",
                rich_help_panel=COMMON,
                autocompletion=completion.stacks,
            ),
        ],
        DEFAULT_STACK_NAME,
    ),
    (
        "output",
        Annotated[OutputFormat, typer.Option(help="How to print the result.", rich_help_panel=COMMON)],
        OutputFormat.text,
    ),
    (
        "yes",
        Annotated[bool, typer.Option("--yes", "-y", help="Answer yes to every question.", rich_help_panel=COMMON)],
        False,
    ),
    (
        "env",
        Annotated[str, typer.Option(help="Stored environment to use (deployer config).", rich_help_panel=COMMON)],
        "",
    ),
    (
        "debug",
        Annotated[
            bool,
            typer.Option("--debug", help="Show tracebacks, and the frames of a session.", rich_help_panel=COMMON),
        ],
        False,
    ),
)


def command(
    app: typer.Typer,
    name: str,
    *,
    extra: tuple[tuple[str, Any, Any], ...] = (),
    changes: bool = False,
    **settings: Any,
) -> Callable[[Body], Body]:
    """Register `body(invocation, …)` under `name`. `extra` adds options made by code: (name, annotation, default).

    A command that `changes` something in AWS says in its result where: account, region, and whose AWS.
    """
    typed = name_of(app, name)
    if changes:
        CHANGING.add(typed)

    def register(body: Body) -> Body:
        own = _own_parameters(body) + [_option(*entry) for entry in extra]
        shared = [_option(*entry) for entry in COMMON_OPTIONS if entry[0] not in {p.name for p in own}]
        for parameter in (*own, *shared):
            _name_the_value(parameter)
        common = [p.name for p in shared]

        def wrapper(context: typer.Context, **values: Any) -> None:
            given = {name: values.pop(name) for name in common}
            sandbox = bool(context.find_root().params.get("sandbox"))
            invocation = Invocation(command=typed, changes=changes, sandbox=sandbox, **given)
            if typed.startswith("db "):
                invocation.database = _database_of(context, values)
            raise typer.Exit(_run(invocation, body, context, values))

        app.command(name, **{"cls": GroupedCommand, **settings})(_declared(wrapper, body, [_CONTEXT, *own, *shared]))
        return body

    return register


def _database_of(context: typer.Context, values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What was typed of the database that is meant, and of the user that signs in; next commands carry it."""
    words = []
    for name in ("name", "endpoint", "port", "engine", "dbname", "permission", "support"):
        source = context.get_parameter_source(name)
        if name in values and source is not None and source.name == "COMMANDLINE":
            option, value = "" if name == "name" else f"--{name}", values[name]
            if name != "support" or value is True:  # of bootstrap it is a level, and of another user
                words.append((option, "" if value is True else str(value)))
    return tuple(words)


def _declared(wrapper: Callable[..., None], body: Body, parameters: list[inspect.Parameter]) -> Callable[..., None]:
    """The wrapper under the body's name and help, with the parameters that Typer is to see."""
    functools.update_wrapper(wrapper, body)
    del wrapper.__wrapped__  # type: ignore[attr-defined]  # the signature below is the one that counts
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _run(invocation: Invocation, body: Body, context: typer.Context, values: dict[str, Any]) -> int:
    """Fill in stored defaults, run the body, and return the exit code."""

    def filled_in() -> CommandResult | None:
        _fill_in(context, invocation, values)
        done = body(invocation, **values)
        if invocation.opened:
            from generator.operations.completion_names import remember

            remember(invocation.gateway)
        return done

    return execute(invocation, filled_in)


def _fill_in(context: typer.Context, invocation: Invocation, values: dict[str, Any]) -> None:
    """Put stored defaults in the place of what was not given; commands about the store itself take none."""
    if invocation.command.startswith("config"):
        return
    from generator.operations.config import paths

    if not paths.anything_stored(invocation.env):
        return
    from generator.operations.config.resolve import stored_for

    stored = stored_for(invocation.command, invocation.env)
    if not stored:
        return
    from generator.model.database import AccessLevel, ClientProgram

    convert: dict[str, Callable[[Any], Any]] = {
        "permission": AccessLevel,
        "client": ClientProgram,
        "key": lambda files: [file.strip() for file in files.split(",")],
    }
    weaker = ("DEFAULT", "ENVIRONMENT") if invocation.env else ("DEFAULT",)  # --env was typed, a variable was not
    for parameter, value in stored.items():
        if parameter == "stack_name" and parameter in values:  # of a command with a stack of its own
            continue
        source = context.get_parameter_source(parameter)
        if source is not None and source.name not in weaker:
            continue
        if parameter in values:
            values[parameter] = convert.get(parameter, type(value))(value)
        elif hasattr(invocation, parameter):
            setattr(invocation, parameter, value)


def name_of(app: typer.Typer, name: str) -> str:
    """The command as it is typed: the group's name, if any, and its own."""
    group = app.info.name
    return f"{group} {name}" if isinstance(group, str) and group != "deployer" else name


def execute(invocation: Invocation, body: Callable[[], CommandResult | None]) -> int:
    """Run a command's body, print its result or its error, and return the exit code."""
    try:
        done = body()
        if done is None:
            return 0
        text = done.text and [invocation.pasteable(line) if NEXT.search(line) else line for line in done.text]
        placed = invocation.changes and invocation.opened
        value = _placed(invocation, done.result) if placed else done.result
        render.result(invocation, value, text, done.exit_code, to_read=done.to_read)
        if placed:
            _say_where(invocation)
        for line in done.next:
            invocation.say(f"  next: {line}")
        return done.exit_code
    except DeployerError as error:
        return _fail(invocation, error)
    except (KeyboardInterrupt, EOFError):  # Ctrl-C, or Ctrl-D in place of an answer
        return _fail(invocation, DeployerError("Interrupted.", code="interrupted", exit_code=130))
    except BrokenPipeError:
        return 1  # whoever read our output stopped reading: not an error of ours
    except OSError as error:
        if not error.filename:
            return _defect(invocation, error)
        return _fail(invocation, _file_error(error))
    except Exception as error:  # a bug: whatever it is, the user gets one line, and how to see more
        return _defect(invocation, error)


def _placed(invocation: Invocation, result: Any) -> Any:
    """The result with account, region, endpoint and whether that is the sandbox; a list stays as it is."""
    value = render.plain(result)
    return {**dataclasses.asdict(invocation.location), **value} if isinstance(value, dict) else value


def _say_where(invocation: Invocation) -> None:
    if invocation.output is OutputFormat.text:
        invocation.say(f"  where: {str(invocation.location).removeprefix('in ')}")


def _fail(invocation: Invocation, error: DeployerError) -> int:
    if invocation.debug:
        traceback.print_exc()
    whole = error.explained(hint=signing_in(invocation, error.hint), also=_permissions(invocation, error))
    render.error(invocation, whole.explained(hint=invocation.pasteable(whole.hint)))
    if invocation.changes and invocation.opened and invocation.gateway.known_account:
        _say_where(invocation)
    return error.exit_code


def _permissions(invocation: Invocation, error: DeployerError) -> str:
    """How to see which permissions the command needs, where AWS refused a call for want of one; "" elsewhere."""
    if not error.hint.startswith(MAY_CALL) and LACKING not in error.hint:
        return ""
    return f"Which permissions this needs: deployer permissions {invocation.command}"


def signing_in(invocation: Invocation, hint: str) -> str:
    """The hint, with the profile in force named where it says how to sign in."""
    profile = invocation.profile or os.environ.get("AWS_PROFILE")
    return re.sub(r"\baws (sso )?login\b", rf"\g<0> --profile {profile}", hint) if profile else hint


def _defect(invocation: Invocation, error: Exception) -> int:
    message = f"This is a bug in deployer: {type(error).__name__} in {invocation.command}."
    return _fail(
        invocation, DeployerError(message, "Run it again with --debug and report the traceback.", code="defect")
    )


def _file_error(error: OSError) -> DeployerError:
    """A file or folder of this computer that cannot be used: a full disk, a home that is read-only."""
    hint = {errno.ENOENT: "Check the path.", errno.ENOSPC: "Free some space, and run it again."}
    return DeployerError(
        f"{error.filename} could not be used: {error.strerror}.",
        hint.get(error.errno or 0, "Check the path and its permissions."),
        code="file",
    )


def _own_parameters(body: Body) -> list[inspect.Parameter]:
    hints = typing.get_type_hints(body, include_extras=True)
    parameters = list(inspect.signature(body).parameters.values())[1:]
    named = (p for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD)
    return [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in named]


def _name_the_value(parameter: inspect.Parameter) -> None:
    """Have the help call the value of `--session-name` NAME, where the option does not say better."""
    kinds = typing.get_args(parameter.annotation)
    if not kinds or not isinstance(kinds[1], typer.models.OptionInfo) or kinds[1].metavar:
        return
    if {str, int, float, Path} & {kinds[0], *typing.get_args(kinds[0])}:
        declared = [word for word in kinds[1].param_decls or () if word.startswith("--")]
        kinds[1].metavar = (declared[0] if declared else parameter.name).replace("_", "-").rpartition("-")[2].upper()


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
