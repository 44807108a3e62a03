"""Each command that a message names is one that this program takes, and has what was given put in."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from generator.cli.command import CommandResult, command
from generator.cli.invocation import Invocation
from generator.cli.next_step import completed
from generator.errors import UsageError
from generator.model.command_line import CommandLine
from tests.cli.named_commands import COMMAND, GROUP, ROOT, UNKNOWN, Named, literal_aws_commands, named, refused, texts

IN_PROSE = {
    ("cli/command.py", "config"),
    ("cli/next_step.py", "db"),
    ("model/parameter_options.py", "access grant"),
    ("model/parameter_options.py", "db"),
    ("model/parameter_options.py", "recovery"),
    ("model/release.py", "access"),
    ("model/vendor.py", "access grant"),  # what each of the three policies is called
    ("model/vendor.py", "vendor identity-policy"),
    ("operations/engineers/up.py", "engineers"),
    ("sandbox/browser_page.py", "sandbox"),
    ("sandbox/ssm/live_session.py", "sandbox"),
    ("sandbox/ssm/shell.py", "sandbox"),
    ("template/emit.py", "db"),
    ("template/example_database.py", "db"),
    ("template/parameters.py", "db"),
}
"""Where a command is spoken of, and nobody is to type it as it stands."""
IN_A_TEMPLATE = ("template/", "keeper/", "sandbox/")
"""Rooms whose texts are for whoever reads a template or asks the sandbox: nobody's command line is known there."""


def _place(each: Named) -> tuple[str, str]:
    return each.where.partition(":")[0], " ".join(each.words)


TYPED = [each for each in named() if _place(each) not in IN_PROSE]


def test_the_source_is_seen() -> None:
    assert len(TYPED) > 250
    assert {_place(each) for each in named()} >= IN_PROSE, "an exception that is none any more"


@pytest.mark.parametrize("each", TYPED, ids=lambda each: f"{each.where} {' '.join(each.words)}")
def test_a_command_that_is_named_is_one_that_can_be_typed(each: Named) -> None:
    why = refused(each.words)
    assert not why or (each.more and why.startswith("Missing")), (each.text, why)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("events --folow", "No such option: --folow"),
        ("acess show", "No such command"),
        ("vendor identity-policy", "Missing option '--secret-id'"),
        ("cp --via ssh", "Missing argument"),
        ("db users --permission x", "is not one of"),
        ("access", GROUP),
        ("status now", "unexpected extra argument"),
    ],
)
def test_what_cannot_be_typed_is_seen(typed: str, why: str) -> None:
    assert why in refused(tuple(typed.split()))


GIVEN = {"--env": "e", "--stack-name": "second", "--region": "eu-west-1", "--profile": "p q"}
ANYBODYS = {
    "aws sts get-caller-identity": "whose credentials these are: asked with --profile, or by the vendor on its side",
    "aws organizations describe-organization": "the customer's organization, whatever account and region",
    "aws iam attach-user-policy": "named among others, and completed by the reader",
    "aws kms describe-key": "the publisher's own key",
    "aws iam get-role": "typed in the vendor's account",
    "aws ssm start-session": "what support types, or an output of the template, which fills in the region",
    "aws secretsmanager get-secret-value": "an output of the template, and the instance's own script",
    "aws cloudformation signal-resource": "the instance's own script",
    "aws ssm get-parameter": "the instance's own script",
    "aws cloudformation describe-stacks": "the sandbox's own page, behind the line that enters it",
    "aws configure list-profiles": "asks no account",
}


def test_no_other_aws_command_is_written_out_without_region_profile_and_sandbox() -> None:
    """All others are made by `CommandLine.aws`."""
    found = list(literal_aws_commands())
    assert [each for each in found if each[1] not in ANYBODYS] == []
    assert ANYBODYS.keys() == {command for _, command in found}  # none is kept that is not there


@pytest.mark.parametrize("words", [("kms", "enable-key", "--key-id", "x"), ("s3", "rm", "s3://b/a b")])
def test_an_aws_command_of_the_sandbox_cannot_reach_another_account(words: tuple[str, ...], tmp_path: Path) -> None:
    """Typed in a shell of another account; where no sandbox runs, nothing is run at all."""
    line = CommandLine("s", "eu-west-1", "", sandbox=True).aws(*words)
    for running, expected in ((True, f"http://sandbox {' '.join(words)} --region eu-west-1"), (False, "")):
        (tmp_path / "deployer").write_text(f"#!/bin/sh\necho {'export AT=http://sandbox' if running else 'false'}\n")
        (tmp_path / "aws").write_text('#!/bin/sh\nprintf "%s" "$AT"; for each; do printf " %s" "$each"; done\n')
        for program in ("deployer", "aws"):
            (tmp_path / program).chmod(0o755)
        environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "AT": "the shell's own account"}
        done = subprocess.run(["sh", "-c", f'{line}; echo " $AT"'], env=environment, capture_output=True, text=True)
        assert done.stdout == f"{expected} the shell's own account\n", done


NOBODYS = frozenset({"sandbox", "demo", "generate", "lint", "verify", "publish"})
STORE = {"config": {"--env"}}


def wanted(name: str, line: str) -> set[str]:
    """The options that a command in a line must have."""
    if name in NOBODYS or "--help" in line:
        return set()
    theirs = "vendor's support" in line or ("ustomer" in line and name != "vendor")
    options = {"--stack-name", "--region"} if theirs else set(GIVEN)
    return STORE.get(name, options - ({"--stack-name"} if name == "vendor" else set()))


@pytest.mark.parametrize(
    "each",
    [each for each in TYPED if not each.where.startswith(IN_A_TEMPLATE)],
    ids=lambda each: f"{each.where} {' '.join(each.words)}",
)
def test_what_was_given_is_in_each_command_once(each: Named) -> None:
    text = each.text if "deployer " in each.text else shlex.join(["deployer", *each.words])
    for line in completed(text, GIVEN, sandbox=True).split("\n"):
        for match in COMMAND.finditer(line):
            words = match[0].split("&&")[0].split()
            words = words[2:] if words[1] == "--sandbox" else words[1:]
            words[0] = words[0].strip(UNKNOWN)
            options = [word for word in words if word in GIVEN]
            missing = wanted(words[0], line) - set(options)
            assert not missing and len(options) == len(set(options)), (match[0], missing)
            assert words[0] in NOBODYS | {"config"} or "deployer --sandbox" in match[0] or "--help" in line, match[0]


def _tellers() -> Iterator[str]:
    """The functions of the command line that write a line without Invocation.say."""
    for path in sorted((ROOT / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tell", "print"):
                yield path.name


def test_nothing_is_said_past_the_place_that_completes_it() -> None:
    """`app` has a line about the sandbox, and `db activity --watch` a table without commands."""
    assert set(_tellers()) == {"invocation.py", "sanitize.py", "render.py", "app.py", "db_admin_commands.py"}
    shown = "".join(text for text, _ in texts(ast.parse((ROOT / "cli/db_admin_commands.py").read_text())))
    assert "deployer db kill" not in shown


SAID = "deployer status"
WHOLE = "deployer status --env e --stack-name second --region eu-west-1 --profile 'p q'"


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("fails", [True, False])
def test_every_way_out_of_a_command_completes_it(
    fails: bool, output: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.operations.config.paths.anything_stored", lambda env: False)
    app = typer.Typer()

    @command(app, "look")
    def look(call: Invocation) -> CommandResult:
        """Look."""
        call.say(f"said: {SAID}")
        if fails:
            raise UsageError("No.", f"Look with: {SAID}\nor {SAID}")
        result = {"rows": [{"hint": SAID, "name": SAID}]}
        return CommandResult(result, [f"{SAID} shows it", f"  next: {SAID}"], to_read=True, next=(SAID,))

    words = [word for option, value in GIVEN.items() for word in (option, value)]
    with pytest.raises(SystemExit) as ended:
        app(args=[*words, "--output", output])
    assert ended.value.code == (2 if fails else 0)
    out, err = capsys.readouterr()
    named_in = out + err
    if output == "json":
        document = json.loads(out)
        row = {"hint": document["error"]["hint"]} if fails else document["result"]["rows"][0]
        assert row["hint"].count(WHOLE) == (2 if fails else 1)
        assert fails or row["name"] == SAID, "a value is data"
        named_in = err
    assert named_in.count(SAID) == named_in.count(WHOLE) >= 1, named_in
