"""The reference pages, written from the code: python -m tests.docs.reference --write | --check."""

from __future__ import annotations

import difflib
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from generator import __version__, errors
from generator.cli.app import app
from generator.cli.command import COMMON_OPTIONS
from generator.model.sbom import sbom
from generator.operations.publishing.known_keys import trusted
from generator.operations.publishing.release import DISTRIBUTION
from tests.docs import manual, pictures
from tests.docs import policies_page as policies
from tests.docs.manual import by_topic

DOCS = Path(__file__).parents[2] / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code; change the code, not this page. -->\n"
COMMON = {name for name, _, _ in COMMON_OPTIONS}


def cli_page() -> str:
    """Every command with its arguments and options, by the topics of the help."""
    lines = [NOTE, "# Commands\n", _common_table()]
    for topic, of_it in by_topic(commands()):
        lines.append(f"## {topic}\n")
        for name, command in of_it:
            lines.append(f"### deployer {name}\n")
            lines.append(f"{_sentence(command.help)}\n")
            lines.append(_option_table(command.params))
    return "\n".join(lines)


def commands() -> Iterator[tuple[str, Any]]:
    """(name as typed, click command) of every leaf, in the order of the help."""

    def walk(group: Any, path: str) -> Iterator[tuple[str, Any]]:
        for name, command in group.commands.items():
            if command.hidden:
                continue
            if hasattr(command, "commands"):
                yield from walk(command, f"{path}{name} ")
            else:
                yield f"{path}{name}", command

    return walk(typer.main.get_command(app), "")


def _common_table() -> str:
    first = next(command for name, command in commands() if name == "status")
    shared = [p for p in first.params if p.name in COMMON]
    return f"Every command takes these after its name:\n\n{_rows(shared)}"


def _option_table(params: list[Any]) -> str:
    own = [p for p in params if p.name not in COMMON and p.name != "help" and not getattr(p, "hidden", False)]
    return _rows(own) if own else "No options of its own.\n"


def _rows(params: list[Any]) -> str:
    rows = ["| option | meaning | default |", "| --- | --- | --- |"]
    for p in params:
        names = p.human_readable_name if p.param_type_name == "argument" else ", ".join(p.opts)
        choices = getattr(p.type, "choices", None)
        # GitHub ends a table's cell at a bar, in code too, unless the bar is escaped.
        kind = f" `{_sentence('|'.join(str(getattr(c, 'value', c)) for c in choices))}`" if choices else ""
        default = getattr(p.default, "value", p.default)
        shown = "" if default in (None, False, "", [], ()) or callable(default) else f"`{default}`"
        rows.append(f"| `{names}`{kind} | {_sentence(getattr(p, 'help', '') or '')} | {shown} |")
    return "\n".join(rows) + "\n"


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


EXIT_CODES = """\
# Exit codes

| code | meaning |
| --- | --- |
| 0 | done, or nothing to do |
| 1 | AWS or this computer refused or failed, or you said no |
| 2 | the command line is invalid |
| 3 | a check found something: findings, a stale file, pending changes, a refused replacement, an incomplete proof |
| 4 | the thing named does not exist |
| 130 | interrupted |

Every error is one sentence and a next step on standard error. With `--output json` standard output holds exactly one
envelope, failures included:

```json
{"version": 1, "command": "status", "ok": false, "result": null,
 "error": {"code": "stack-not-found", "message": "…", "hint": "…", "exit_code": 4}}
```

## Where another program ran

| command | ends with |
| --- | --- |
| `connect --exec` | the code of the command that ran beside the tunnel; 128 and the number of a signal that ended it |
| `ssh`, `cp` over SSH | that of `ssh` and `scp`: the remote command's; 255: they failed; 130: Ctrl-C in `scp` |
| `run` | 0 where the command ended with 0 on every host, else 1; each host's code is in the result |
| `db connect` | 0 where the client ended with 0, else 1; its code is in the result |

So a 3 of `connect --exec` may be the command's or this program's own. In the envelope they differ: where the other
program ran, `error` is null and `result.exit_code` has its code (`result.hosts` of `run`); where this program failed,
`error` says how. Without `--output json`, a failure of its own is a line on standard error that begins with `error:`.

## Kinds of errors

| kind | code | exit code | meaning |
| --- | --- | --- | --- |
"""


def exit_codes_page() -> str:
    """Exit codes and error codes."""
    kinds = [k for _, k in inspect.getmembers(errors, inspect.isclass) if issubclass(k, errors.DeployerError)]
    ordered = sorted(kinds, key=lambda k: (k.exit_code, k.code))
    rows = [f"| {k.__name__} | `{k.code}` | {k.exit_code} | {_first_line(k)} |" for k in ordered]
    return NOTE + "\n" + EXIT_CODES + "\n".join(rows) + "\n"


def _first_line(kind: type) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0].replace("|", "\\|")


def template_page() -> str:
    """Parameters, resources and outputs of the template."""
    from generator.model.parameter_options import PARAMETERS
    from generator.template.emit import template_dict

    template: dict[str, Any] = template_dict()
    lines = [
        NOTE,
        "# The template\n",
        "`templates/deepsql-stack.yaml`, made by `deployer generate`, is for people to read. `deployer up` sends the",
        "same document in fewer bytes, as `deployer generate --wire -o -` prints it.\n",
        "## Parameters\n",
    ]
    lines += ["| parameter | option of `up` | default | meaning |", "| --- | --- | --- | --- |"]
    for key, raw in template["Parameters"].items():
        default = (
            f"`{raw['Default']}`" if raw.get("Default") not in (None, "") else ("" if "Default" in raw else "required")
        )
        option = f"`{PARAMETERS[key].option}{'-file' if PARAMETERS[key].secret else ''}`"
        option = "only `deployer access`" if PARAMETERS[key].of_the_grant else option
        lines.append(f"| `{key}` | {option} | {default} | {_sentence(raw.get('Description'))} |")
    lines += [
        "\n## Parts\n",
        "![The parts of the stack in rows, each above those that it uses; the table below says the same](stack.svg)\n",
        *pictures.parts_table(),
        "\n## Resources\n",
        "| logical id | type | condition | on deletion | on replacement |",
        "| --- | --- | --- | --- | --- |",
    ]
    for key, raw in template["Resources"].items():
        policies = [raw.get("DeletionPolicy", "Delete"), raw.get("UpdateReplacePolicy", "Delete")]
        lines.append(f"| `{key}` | {raw['Type']} | {raw.get('Condition', '')} | {policies[0]} | {policies[1]} |")
    lines += ["\n## Outputs\n", "| output | condition | meaning |", "| --- | --- | --- |"]
    for key, raw in template["Outputs"].items():
        lines.append(f"| `{key}` | {raw.get('Condition', '')} | {_sentence(raw.get('Description'))} |")
    return "\n".join(lines) + "\n"


def policies_page() -> str:
    """Every IAM statement of the template as a row of a table."""
    return NOTE + "\n" + policies.policies_page(_resources())


def policies_json() -> str:
    """The same statements as the template has them, by logical id."""
    return json.dumps(dict(policies.statements_of(_resources())), indent=1) + "\n"


def bill_of_materials() -> str:
    """What the wheel has in its `sboms`, and `publish` beside the template: read from the lock."""
    return sbom((DOCS.parents[1] / "requirements.lock").read_text(), DISTRIBUTION, __version__)


def keys_page() -> str:
    """The vendor's public keys that this source ships."""
    lines = [
        NOTE,
        "# The vendor's public keys\n",
        "What is signed with one of these is trusted by `deployer verify` and by `--template-url`, unless `--key` or",
        "the stored `trusted-keys` name others. `deployer publish trusted` shows the same of an installed package.\n",
    ]
    keys = trusted(())
    if not keys:
        lines.append("This source has no key of the vendor's yet.")
    for key in keys:
        lines += [f"## {Path(key.place).name}\n", f"Key ID: `{key.key_id}`\n", f"```text\n{key.pem.strip()}\n```\n"]
    return "\n".join(lines).rstrip() + "\n"


def _resources() -> dict[str, Any]:
    from generator.template.emit import template_dict

    resources: Any = template_dict()["Resources"]
    return dict(resources)


PAGES = {
    "cli.md": cli_page,
    "exit-codes.md": exit_codes_page,
    "template.md": template_page,
    "policies.md": policies_page,
    "policies.json": policies_json,
    "keys.md": keys_page,
    "sbom.cdx.json": bill_of_materials,
}


def main(argv: list[str]) -> int:
    stale = 0
    DOCS.mkdir(parents=True, exist_ok=True)
    pages = {DOCS / name: page for name, page in PAGES.items()}
    for path, page in {**pages, **pictures.PICTURES, **manual.files(commands)}.items():
        name, new = str(path.relative_to(DOCS.parents[1])), page()
        old = path.read_text() if path.exists() else ""
        if "--write" in argv:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(new)
        elif old != new:
            stale = 3
            print(
                *difflib.unified_diff(old.splitlines(), new.splitlines(), name, "generated now", lineterm="", n=1),
                sep="\n",
            )
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
