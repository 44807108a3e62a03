"""The command tree. Importing it costs Typer and nothing else (tests/cli/test_startup.py)."""

from __future__ import annotations

import itertools
import sys
from typing import Annotated, Any

import typer

from generator.cli import render
from generator.cli.index import GROUP_SYNONYMS, OPTION_SYNONYMS, SYNONYMS
from generator.cli.invocation import Invocation
from generator.cli.lazy import LazyGroup
from generator.cli.missing import misplaced_value, missing_values, value_expected
from generator.cli.next_step import in_the_sandbox
from generator.cli.render import OutputFormat
from generator.cli.sanitize import tell
from generator.errors import DeployerError

EPILOG = "Try it all without an AWS account: deployer demo"
GROUPS = (
    "template",
    "stack",
    "sandbox",
    "demo",
    "access",
    "connect",
    "sessions",
    "ssh",
    "copy",
    "run",
    "preferences",
    "recovery",
    "engineers",
    "cluster",
    "doctor",
    "vendor",
    "db",
    "permissions",
    "publish",
    "config",
)


class Root(LazyGroup):
    """All commands, each file imported when it is asked for."""

    files = GROUPS


app = typer.Typer(
    name="deployer",
    cls=Root,
    help=(
        "Run DeepSQL in your own AWS account, give its vendor's support access when you choose, and prove that it has "
        "ended."
    ),
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["--help", "-h"]},
    add_completion=True,
    rich_markup_mode=None,  # rich doubles the time of --help
    pretty_exceptions_enable=False,
)


@app.callback()
def _global(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Use the embedded AWS (deployer sandbox start).")] = False,
) -> None:
    if sandbox:
        from generator.operations.sandbox import OLDER, enter

        if not enter():
            for line in OLDER:
                tell(line)


def run(argv: list[str]) -> int:
    """Run the app on `argv`; usage errors become exit 2, with the envelope when JSON was asked for."""
    try:
        code = app(args=argv, standalone_mode=False, prog_name="deployer")
        return code if isinstance(code, int) else 0
    except DeployerError as error:  # raised by the global options, before any command
        render.error(_asked(argv), error)
        return error.exit_code
    except (KeyboardInterrupt, EOFError):
        return 130
    except Exception as error:  # Typer's copy of click has no public name: its errors are known by their methods
        if not hasattr(error, "format_message"):
            raise
        if getattr(error, "option_name", "") == "--version":  # of a command that has no such option of its own
            tell_version()
            return 0
        if (rest := without_help(argv, error)) is not None:
            return run(rest)
        return _usage(argv, error)


def without_help(argv: list[str], error: Any) -> list[str] | None:
    """`access help grant` as `access grant --help`; None where another word was the fault."""
    if not str(error.format_message()).startswith("No such command 'help'"):
        return None
    at = argv.index("help")
    return [word for word in (*argv[:at], *argv[at + 1 :]) if word not in ("--sandbox", "--help", "-h")] + ["--help"]


def tell_version() -> None:
    """Print the version."""
    from generator import __version__

    sys.stdout.write(f"deployer {__version__}\n")


def _usage(argv: list[str], error: Any) -> int:
    """Typer carries its own copy of click, so its errors are told by their shape, not by their class."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).strip()
    path = context.command_path if context and context.parent else " ".join(["deployer", *_named(argv)])
    if message.startswith("Usage: "):  # only `deployer`, or only a group's name, was typed: its help is the answer
        sys.stderr.write(message + "\n")
        return 2
    if lacking := missing_values(argv, error):
        return _refused(argv, path, lacking)
    expected, value = value_expected(_command(argv), error)
    message = expected or message
    message = message if message.endswith((".", "?")) else message + "."
    hint = "\n".join(filter(None, (value, f"See: {path} --help")))
    if option := _ours(error):
        message = message.partition(" (Possible")[0].rstrip(".") + "."
        hint = f"Here it is: {option.format(path.partition(' ')[2])}"
    elif getattr(error, "option_name", "") == "--sandbox":
        hint = f"Write it before the command: {' '.join(['deployer --sandbox', *path.split()[1:]])} …"
    elif repeated := _repeated(argv, error):
        hint = f"Each value has an option of its own: {repeated}"
    elif not path.partition(" ")[2] and (early := _common_option(argv)):
        hint = f"Write it after the command: deployer COMMAND {early} …"
    elif misplaced := misplaced_value(_command(argv), argv, error):
        hint = misplaced
    elif message.startswith("No such command") and (meant := _meant(argv, path)):
        message = message.partition(" Did you mean")[0]
        hint = f"Perhaps: {' or '.join(f'deployer {each}' for each in meant)}; all commands: {path} --help"
    return _refused(argv, path, DeployerError(message, hint, code="usage", exit_code=2))


def _refused(argv: list[str], path: str, error: DeployerError) -> int:
    """Print a usage error: its commands are for the sandbox where the one typed was. Returns its exit code."""
    typed = itertools.takewhile(lambda word: word.startswith("-"), argv)
    render.error(
        _asked(argv, path), error.explained(hint=in_the_sandbox(error.hint)) if "--sandbox" in typed else error
    )
    return error.exit_code


def _ours(error: Any) -> str:
    """What an option of another tool is here, where the command has it; else ""."""
    parameter, typed = OPTION_SYNONYMS.get(getattr(error, "option_name", ""), ("", ""))
    context = getattr(error, "ctx", None)
    known = {each.name for each in context.command.params} if context else set()
    return typed if parameter in known else ""


def _repeated(argv: list[str], error: Any) -> str:
    """How an option that may be repeated is written, where several values stand behind it once; else ""."""
    context = getattr(error, "ctx", None)
    if "unexpected extra argument" not in str(error.format_message()) or context is None:
        return ""
    many = {name for each in context.command.params if getattr(each, "multiple", False) for name in each.opts}
    for at, option in enumerate(argv):
        values = list(itertools.takewhile(lambda word: not word.startswith("-"), argv[at + 1 :]))
        if option in many and len(values) > 1:
            return " ".join(f"{option} {value}" for value in values)
    return ""


def _named(argv: list[str]) -> list[str]:
    """The command that was typed, as far as there is one: the parser does not say which one it refused."""
    return [word for word, _ in _walked(argv)]


def _command(argv: list[str]) -> Any:
    """The command or group of that name."""
    from typer.main import get_command

    return [get_command(app), *(command for _, command in _walked(argv))][-1]


def _walked(argv: list[str]) -> list[tuple[str, Any]]:
    from typer.main import get_command

    path: list[tuple[str, Any]] = []
    here: Any = get_command(app)
    for word in (word for word in argv if not word.startswith("-")):
        here = here.get_command(None, word) if hasattr(here, "get_command") else None
        if here is None:
            break
        path.append((word, here))
    return path


def _meant(argv: list[str], path: str) -> list[str]:
    """The command that was typed in capitals, or what other tools call by that word, or else the commands of groups
    that bear that name."""
    group = " ".join(path.split()[1:])
    words = [word.lower() for word in argv if not word.startswith("-")][len(group.split()) :]
    typed, commands = next(iter(words), ""), getattr(_command(argv), "commands", {})
    if typed in commands:
        return [f"{group} {typed}".strip()]
    if group:
        meant = GROUP_SYNONYMS.get(group, {}).get(typed)
        return [f"{group} {meant}"] if meant else []
    if typed in SYNONYMS:
        return list(SYNONYMS[typed])
    return [f"{name} {typed}" for name, each in commands.items() if typed in getattr(each, "commands", ())]


def _common_option(argv: list[str]) -> str:
    """The option every command takes, when it was typed before the command; "" when none was."""
    from generator.cli.command import COMMON_OPTIONS

    common = {f"--{name.replace('_', '-')}" for name, _, _ in COMMON_OPTIONS} | {"-y"}
    first = next((word for word in argv if word != "--sandbox"), "").partition("=")[0]
    return first if first in common else ""


def _asked(argv: list[str], path: str = "") -> Invocation:
    """How the answer is to be given, read from a command line that could not be taken."""
    wants_json = "--output=json" in argv or any(pair == ("--output", "json") for pair in itertools.pairwise(argv))
    output = OutputFormat.json if wants_json else OutputFormat.text
    return Invocation(command=path.partition(" ")[2] or " ".join(_named(argv)), output=output)
