"""What lies in the package beside the program: the man page and the completions, written from the commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from typer._completion_shared import get_completion_script

from generator import __version__
from generator.cli.app import app
from generator.cli.command import COMMON_OPTIONS
from generator.cli.index import COMMANDS, TOPICS

SHARE = Path(__file__).parents[2] / "share"
COMMON = {name for name, _, _ in COMMON_OPTIONS}
EXIT_CODES = (
    ("0", "done, or nothing to do"),
    ("1", "AWS or this computer refused or failed, or you said no"),
    ("2", "the command line is invalid"),
    ("3", "a check found something, or a proof is incomplete"),
    ("4", "the thing named does not exist"),
    ("130", "interrupted"),
)


def by_topic(leaves: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """(topic, its leaves), both in the order of the help."""
    known = list(leaves)
    for topic, names in TOPICS.items():
        yield topic, [leaf for name in names for leaf in known if leaf[0].split()[0] == name]


def man_page(commands: Callable[[], Iterator[tuple[str, Any]]]) -> str:
    """deployer.1, in the man macros of roff: the commands in the order of the help, each with its own options."""
    leaves = list(commands())
    common = [p for p in next(leaf for name, leaf in leaves if name == "status").params if p.name in COMMON]
    lines = [
        f'.TH DEPLOYER 1 "" "deployer {__version__}" "User Commands"',
        ".SH NAME",
        f"deployer \\- {_text(app.info.help)}",
        ".SH SYNOPSIS",
        ".B deployer",
        ".I COMMAND",
        "[OPTIONS]",
        ".SH COMMANDS",
    ]
    for topic, names in TOPICS.items():
        lines.append(f".SS {_text(topic)}")
        for name in names:
            lines += [".TP", f".B {_text(name)}", _text(COMMANDS[name][1])]
    lines += [".SH OPTIONS OF EVERY COMMAND", *_options(common)]
    for topic, of_it in by_topic(leaves):
        lines.append(f".SH {_text(topic.upper())}")
        for name, leaf in of_it:
            lines += [f".SS deployer {_text(name)}", _text(leaf.help)]
            lines += _options([p for p in leaf.params if p.name not in COMMON and p.name != "help" and not _hidden(p)])
    lines.append(".SH EXIT STATUS")
    for code, meaning in EXIT_CODES:
        lines += [".TP", f".B {code}", meaning]
    return "\n".join(lines) + "\n"


def _options(params: list[Any]) -> Iterator[str]:
    for param in params:
        name = param.human_readable_name if param.param_type_name == "argument" else ", ".join(param.opts)
        yield from (".TP", f".B {_text(name)}", _text(getattr(param, "help", "")) or "\\&")


def _hidden(param: Any) -> bool:
    return bool(getattr(param, "hidden", False))


def _text(words: str | None) -> str:
    """Words as roff takes them: no escape of theirs, a hyphen that can be copied, no line that is a request."""
    text = " ".join((words or "").split()).replace("\\", "\\e").replace("-", "\\-")
    plain = re.sub(r"[^\x00-\x7f]", lambda other: f"\\[u{ord(other[0]):04X}]", text.replace("…", "..."))
    return re.sub(r"^([.'])", r"\\&\1", plain)


ZSH_LOADS = """\
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _deployer_completion "$@" # zsh loads this file at the first TAB
else
  compdef _deployer_completion deployer
fi"""


def _completion(shell: str) -> str:
    """Typer's script; the one for zsh also answers the TAB that loads it, which Typer's leaves without an answer."""
    script = get_completion_script(prog_name="deployer", complete_var="_DEPLOYER_COMPLETE", shell=shell).strip()
    return script.replace("compdef _deployer_completion deployer", ZSH_LOADS) + "\n"


def files(commands: Callable[[], Iterator[tuple[str, Any]]]) -> dict[Path, Callable[[], str]]:
    """Each file below share/, where man and the shells look for it in the prefix of an installation."""
    return {
        SHARE / "man/man1/deployer.1": lambda: man_page(commands),
        SHARE / "bash-completion/completions/deployer": lambda: _completion("bash"),
        SHARE / "zsh/site-functions/_deployer": lambda: _completion("zsh"),
        SHARE / "fish/vendor_completions.d/deployer.fish": lambda: _completion("fish"),
    }
