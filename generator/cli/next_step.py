"""The next command of a message, completed with what was typed: the one place that every such line passes.

Whoever writes a message knows which command comes next, and few know under which stack, region, profile or environment
this one runs. Those who ask AWS do (`gateway.commands`); all others write `deployer db token`, and here it becomes the
command that works when it is pasted (docs/decisions/0054-next-commands.md).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from generator.cli.index import COMMANDS
from generator.cli.lazy import subcommands

_NAMES = "|".join(sorted(COMMANDS, key=len, reverse=True))
_COMMAND = re.compile(rf"(?<![\w/.-])deployer (?:--sandbox )?(?P<name>{_NAMES})(?![\w-])")
_HERE_ALONE = frozenset({"config", "sandbox", "demo", "generate", "lint", "verify", "publish"})
"""Commands that ask no account: no stack, region or profile is theirs."""
AS_ONESELF = frozenset({"connect", "token", "whoami", "users", "activity"})
OF_A_SERVER = frozenset({"", "--endpoint", "--port", "--engine", "--dbname"})
OF_A_DATABASE = AS_ONESELF | {"bootstrap", "policy"}
"""Commands of `db` that take a database, and those that sign in as a user of an access level."""
_IN_THE_SANDBOX = "deployer --sandbox "
_ANY_COMMAND = re.compile(
    rf"(?<![\w/.-])deployer (?!--|(?:{'|'.join(_HERE_ALONE - {'publish'})})(?![\w-]))(?![^;\n]*--help)(?=[\w(])",
)
STORED = ("config", "--env")
_THE_CUSTOMER = re.compile(r"\b(?:The|[Aa]sk the|to the) customer\b(?![\w./@-]|:\S)|\(the customer's: ")
_SUPPORT = re.compile(r"\b[Tt]he vendor's support\b(?![\w./@-]|:\S)")
"""What marks a line as about the other side, which types the command with a profile and an environment of its own."""
_NAME = re.compile(r"(?<!\w)'[^']*'|(?<!\w)\"[^\"]*\"|[\w.:/@-]*[:/@][\w.:/@-]+")
"""What may be a name that somebody has chosen: in quotes, or an ARN, a path. No mark is looked for in it."""
_PLACE = frozenset({"--stack-name", "--region"})
"""What the other side needs to know of this one: which stack, and where it is."""


def completed(
    text: str, given: Mapping[str, str], *, sandbox: bool = False, database: Sequence[tuple[str, str]] = ()
) -> str:
    """The text, each command of this program in it with the options `given` that it does not have.

    `given` are options to values (`--stack-name`), of which empty ones are left out; `sandbox` is the option before the
    command; `database` is what was typed of the database meant, for the commands of `db` that take it. A command for
    somebody else (the customer, support) gets the stack and the region alone.
    """
    options = {name: value for name, value in given.items() if value}
    if "deployer " not in text or not (options or sandbox or database):
        return text
    return "\n".join(_line(line, options, sandbox, database) for line in text.split("\n"))


def in_the_sandbox(text: str) -> str:
    """The text, each command line in it for the sandbox; help and what asks no account stay as they are."""
    return _ANY_COMMAND.sub(_IN_THE_SANDBOX, text)


def _line(line: str, options: Mapping[str, str], sandbox: bool, database: Sequence[tuple[str, str]]) -> str:
    matches = list(_COMMAND.finditer(line))
    if not matches:
        return line
    place = {name: value for name, value in options.items() if name in _PLACE}
    starts, pieces = [match.start() for match in matches], [line[: matches[0].start()]]
    for match, end in zip(matches, [*starts[1:], len(line)], strict=True):
        command = line[match.start() : end]
        if _for_somebody_else(line, match["name"]):
            pieces.append(_one(command, match["name"], place, sandbox, ()))
        else:
            pieces.append(_one(command, match["name"], options, sandbox, database))
    return "".join(pieces)


def _for_somebody_else(line: str, name: str) -> bool:
    """Whether a command in a line is the other side's to type; in a line about the customer, `vendor` is support's."""
    line = _NAME.sub("", line)
    return bool(_SUPPORT.search(line)) or (bool(_THE_CUSTOMER.search(line)) and name != "vendor")


def _one(
    command: str, name: str, options: Mapping[str, str], sandbox: bool, database: Sequence[tuple[str, str]]
) -> str:
    """One command, with the text behind it: whatever that is, the options come right behind the command's name."""
    typed = command
    if command.startswith(_IN_THE_SANDBOX):
        command, sandbox = command.replace(_IN_THE_SANDBOX, "deployer ", 1), True
    path = " ".join(filter(None, ("deployer", name, _subcommand(command, name))))
    rest = command[len(path) :]
    if rest.startswith((" --help", "/")) or name in ("sandbox", "demo"):
        return typed
    wanted = {key: value for key, value in options.items() if name not in _HERE_ALONE or (name, key) == STORED}
    if name == "vendor":  # it knows no stack: the customer's is in another account
        wanted.pop("--stack-name", None)
    absent = [word for option, value in wanted.items() if f"{option} " not in rest for word in (option, value)]
    absent = [*_database_words(path, rest, database), *absent]
    path = path.replace("deployer ", _IN_THE_SANDBOX, 1) if sandbox and name not in _HERE_ALONE else path
    return " ".join([path, *([shlex.join(absent)] if absent else [])]) + rest


def _database_words(path: str, rest: str, database: Sequence[tuple[str, str]]) -> list[str]:
    """What a command of `db` lacks of the database that was meant: its name first, then options."""
    command = path.removeprefix("deployer db ")
    if command not in OF_A_DATABASE:
        return []
    names_one = re.match(r" [\w.-]+ --", rest) or "--endpoint " in rest
    words: list[str] = []
    for option, value in database:
        of_user = option in ("--permission", "--support")
        if (option and f"{option} " in f"{rest} ") or (of_user and (command not in AS_ONESELF or "--user " in rest)):
            continue
        named = names_one or rest.split()[:1] == [value]
        if named and option in OF_A_SERVER:
            continue
        words += [word for word in (option, value) if word]
    return words


def _subcommand(command: str, name: str) -> str:
    """The word behind a group's name, where it is one of its commands; `deployer sessions shows` has none."""
    word = re.match(r"[a-z-]+", command.removeprefix(f"deployer {name} "))
    return word[0] if word and word[0] in subcommands(name) else ""
