"""How a command is declared: its own options plus the common ones, one result, one renderer, one error path."""

from __future__ import annotations

import dataclasses
import errno
import functools
import inspect
import os
import re
import shlex
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
SIGN_IN = re.compile(r"\baws (sso )?login\b(?! --profile)")
REPORT = "Run it again with --debug and report the traceback."
ROOM = "Free some space, and run it again."
OF_THIS_COMPUTER = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), ROOM),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "Raise the limit of open files (ulimit -n), or close programs."),
    errno.EFBIG: "The file system, or ulimit -f, does not take a file of this size.",
    errno.EROFS: "Choose a place that may be written.",
    errno.EIO: "Look at the disk: its errors are in the system's log.",
}
"""Next steps for refusals of the system that are no defect, even where it does not name the file."""
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
            invocation.typed = frozenset(name for name in values if _is_typed(context, name))
            if typed.startswith("db "):
                invocation.database = _database_of(invocation.typed, values)
            raise typer.Exit(_run(invocation, body, context, values))

        app.command(name, **{"cls": GroupedCommand, **settings})(_declared(wrapper, body, [_CONTEXT, *own, *shared]))
        return body

    return register


def _is_typed(context: typer.Context, parameter: str) -> bool:
    """Whether it is on the command line, and not a default, a variable's or a stored one."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def _database_of(typed: frozenset[str], values: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What was typed of the database that is meant, and of the user that signs in; next commands carry it."""
    words = []
    for name in ("name", "endpoint", "port", "engine", "dbname", "permission", "support"):
        if name in typed:
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
    """Put stored defaults in the place of what was not given; the demo, and commands about the store, take none."""
    if invocation.command.startswith(("config", "demo")):
        return
    from generator.operations.config import paths

    if not paths.anything_stored(invocation.env):
        return
    from generator.operations.config.resolve import stored_for

    typed = {name for name in ("profile", "region") if _is_typed(context, name)}
    stored = stored_for(invocation.command, invocation.env, typed, sandbox=invocation.sandbox)
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
        reads = NEXT.search if not done.to_read else bool
        text = done.text and [invocation.pasteable(line) if reads(line) else line for line in done.text]
        value = _value(invocation, done.result) if text is None or invocation.output is OutputFormat.json else None
        render.result(invocation, value, text, done.exit_code, to_read=done.to_read)
        if invocation.changes and invocation.opened:
            _say_where(invocation)
        for line in done.next:
            invocation.say(f"  next: {line}")
        return done.exit_code
    except DeployerError as error:
        return _fail(invocation, error)
    except (KeyboardInterrupt, EOFError) as error:  # Ctrl-C or a signal, or Ctrl-D in place of an answer
        by = f" by {error}" if isinstance(error, KeyboardInterrupt) and error.args else ""
        return _fail(invocation, DeployerError(f"Interrupted{by}.", code="interrupted", exit_code=130))
    except BrokenPipeError:
        return 1  # whoever read our output stopped reading: not an error of ours
    except OSError as error:
        if not error.filename and error.errno not in OF_THIS_COMPUTER:
            return _defect(invocation, error)
        return _fail(invocation, _file_error(error))
    except Exception as error:  # a bug: whatever it is, the user gets one line, and how to see more
        return _defect(invocation, error)


def _value(invocation: Invocation, result: Any) -> Any:
    """The result for JSON, and where it is from if it changed something there."""
    placed = invocation.changes and invocation.opened
    return _pasteable(invocation, _placed(invocation, result) if placed else render.plain(result))


def _pasteable(invocation: Invocation, value: Any) -> Any:
    """The result, the commands in its hints as they can be pasted."""
    if isinstance(value, dict):
        return {
            key: invocation.pasteable(each) if key == "hint" and isinstance(each, str) else _pasteable(invocation, each)
            for key, each in value.items()
        }
    return [_pasteable(invocation, each) for each in value] if isinstance(value, list) else value


def _placed(invocation: Invocation, result: Any) -> Any:
    """The result with account, region, endpoint and whether that is the sandbox; a list stays as it is."""
    value = render.plain(result)
    return {**dataclasses.asdict(invocation.location), **value} if isinstance(value, dict) else value


def _say_where(invocation: Invocation) -> None:
    if invocation.output is OutputFormat.text:
        invocation.say(f"  where: {_where(invocation)}")


def _where(invocation: Invocation) -> str:
    return str(invocation.location).removeprefix("in ")


def _fail(invocation: Invocation, error: DeployerError) -> int:
    """Tell the error, and return its exit code; where that fails in turn, tell that, with nothing added to it."""
    if invocation.debug:
        traceback.print_exc()
    try:
        return _tell(invocation, error)
    except OSError:
        raise
    except Exception as another:
        if invocation.debug:
            traceback.print_exc()
        return _bare(invocation, error, another)


def _bare(invocation: Invocation, error: DeployerError, another: Exception) -> int:
    defect = f"This is a bug in deployer: {type(another).__name__} where it was to say: {error.message}"
    render.error(invocation, DeployerError(defect, REPORT, code="defect"))
    return error.exit_code


def _tell(invocation: Invocation, error: DeployerError) -> int:
    whole = error.explained(hint=signing_in(invocation, error.hint), also=_permissions(invocation, error))
    known = invocation.changes and invocation.opened and invocation.gateway.known_account
    where = _where(invocation) if known else ""
    render.error(invocation, whole.explained(hint=invocation.pasteable(whole.hint)), where=where)
    return error.exit_code


def _permissions(invocation: Invocation, error: DeployerError) -> str:
    """How to see which permissions the command needs, where AWS refused a call for want of one; "" elsewhere."""
    if not error.hint.startswith(MAY_CALL) and LACKING not in error.hint:
        return ""
    return f"Which permissions this needs: deployer permissions {invocation.command}"


def signing_in(invocation: Invocation, hint: str) -> str:
    """The hint, with the profile in force named where it says how to sign in."""
    if not SIGN_IN.search(hint):
        return hint
    profile = invocation.profile or os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE")  # botocore's
    option = f" --profile {shlex.quote(profile)}" if profile else ""
    return SIGN_IN.sub(lambda match: match[0] + option, hint)


def _defect(invocation: Invocation, error: Exception) -> int:
    message = f"This is a bug in deployer: {type(error).__name__} in {invocation.command}."
    return _fail(invocation, DeployerError(message, REPORT, code="defect"))


def _file_error(error: OSError) -> DeployerError:
    """A file or folder of this computer that cannot be used: a full disk, a home that is read-only. What is refused
    while a file is open does not name it."""
    hint = {errno.ENOENT: "Check the path.", **OF_THIS_COMPUTER}
    subject = f"{error.filename} could not be used" if error.filename else "A file of this computer could not be used"
    why = error.strerror or os.strerror(error.errno or 0)
    return DeployerError(
        f"{subject}: {why}.", hint.get(error.errno or 0, "Check the path and its permissions."), code="file"
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
