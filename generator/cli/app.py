"""The command tree. Importing it costs Typer and nothing else (tests/cli/test_startup.py)."""

from __future__ import annotations

import itertools
import sys
from typing import Annotated, Any

import typer

from generator.cli import render
from generator.cli.index import OPTION_SYNONYMS, SYNONYMS
from generator.cli.invocation import Invocation
from generator.cli.lazy import LazyGroup
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
        return _usage(argv, error)


def _usage(argv: list[str], error: Any) -> int:
    """Typer carries its own copy of click, so its errors are told by their shape, not by their class."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message()).strip()
    path = context.command_path if context and context.parent else " ".join(["deployer", *_named(argv)])
    if message.startswith("Usage: "):  # only `deployer`, or only a group's name, was typed: its help is the answer
        sys.stderr.write(message + "\n")
        return 2
    message = message if message.endswith((".", "?")) else message + "."
    hint = f"See: {path} --help"
    if option := OPTION_SYNONYMS.get(getattr(error, "option_name", "")):
        message = message.partition(" (Possible")[0].rstrip(".") + "."
        hint = f"Here it is: {option.format(path.partition(' ')[2])}"
    elif repeated := _repeated(argv, error):
        hint = f"Each value has an option of its own: {repeated}"
    elif not path.partition(" ")[2] and (early := _common_option(argv)):
        hint = f"Write it after the command: deployer COMMAND {early} …"
    elif path == "deployer" and (meant := _meant(argv)):
        message = message.partition(" Did you mean")[0]
        hint = f"Perhaps: {' or '.join(f'deployer {each}' for each in meant)}; all commands: deployer --help"
    render.error(_asked(argv, path), DeployerError(message, hint, code="usage", exit_code=2))
    return 2


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
    from typer.main import get_command

    path: list[str] = []
    here: Any = get_command(app)
    for word in (word for word in argv if not word.startswith("-")):
        here = here.get_command(None, word) if hasattr(here, "get_command") else None
        if here is None:
            break
        path.append(word)
    return path


def _meant(argv: list[str]) -> list[str]:
    """What other tools call by the word that was typed, or else the commands of groups that bear that name."""
    from typer.main import get_command

    groups: Any = get_command(app)
    typed = next((word for word in argv if not word.startswith("-")), "")
    if typed.lower() in SYNONYMS:
        return list(SYNONYMS[typed.lower()])
    return [f"{name} {typed}" for name, group in groups.commands.items() if typed in getattr(group, "commands", ())]


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
