"""Every plan, question and result of a command that changes something in AWS names account, region and whose AWS."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from generator import cli, operations
from generator.cli.command import CHANGING
from generator.cli.invocation import Invocation
from generator.cli.main import main
from generator.operations import sandbox
from tests.docs.reference import commands
from tests.embedded import PLACE, VENDOR_ROLE, Deployer, run
from tests.faulty import proxied

SANDBOX = "in the sandbox (account 111122223333, region us-east-1)"
GRANT = ("access", "grant", "--principal", VENDOR_ROLE, "--reason", "T-1")
DATABASE = ("--endpoint", "app.cluster-c1.us-east-1.rds.amazonaws.com", "--engine", "postgresql", "--dbname", "app")
READING = {
    *("generate", "lint", "status", "outputs", "events", "diff", "demo", "doctor", "permissions"),
    *(
        "access show",
        "access confirm",
        "access reveal",
        "access verify",
        "sessions list",
        "session-preferences show",
        "recovery status",
        "recovery explain",
        "engineers status",
    ),
    *("vendor credentials", "vendor profile", "vendor check", "vendor identity-policy"),
    *("db token", "db list", "db whoami", "db ca-bundle", "db policy", "db users", "db activity"),
    *("verify", "publish keys", "publish public-key", "publish trusted", "publish policy"),
    *("config set", "config unset", "config get", "config list", "config explain"),
}
SESSIONS = {"connect", "ssh", "ssh-config", "ssh-proxy", "cp", "connect-bastion", "db connect"}
"""What opens a session and leaves nothing behind in AWS."""


class Terminal(io.StringIO):
    """A stream that somebody sits at."""

    def isatty(self) -> bool:
        return True


def nothing(deployer: Deployer) -> None:
    """The stack is all that the question needs."""


def with_user(deployer: Deployer) -> None:
    deployer.gateway.client("iam").create_user(UserName=f"by-hand-{deployer.stack_name}")


def with_policy(deployer: Deployer) -> None:
    with_user(deployer)
    assert deployer(*attached(deployer), "--yes").code == 0


def with_session(deployer: Deployer) -> None:
    deployer.gateway.client("ssm").start_session(Target=deployer.outputs["InstanceId"])


def with_saved(deployer: Deployer) -> None:
    assert deployer("session-preferences", "set", "--idle-timeout", "15", "--yes").code == 0


def listed(deployer: Deployer) -> tuple[str, ...]:
    bundle = str(sandbox.database("asked")["caBundle"])
    return ("db", "bootstrap", "asked", "--users", "al=r", "--local-port", "0", "--ca-bundle", bundle)


def attached(deployer: Deployer) -> tuple[str, ...]:
    user = f"by-hand-{deployer.stack_name}"
    return ("access", "policy", "--attach-to", user, "--instance-id", deployer.outputs["InstanceId"])


Case = tuple[str, Callable[[Deployer], None], Callable[[Deployer], tuple[str, ...]]]


def case(site: str, *words: str, before: Callable[[Deployer], None] = nothing) -> Case:
    return site, before, lambda deployer: words


ASKING: dict[str, Case] = {
    "up": case("up.py:carry_out", "up", "--bastion-host=yes"),
    "upgrade": case("up.py:carry_out", "upgrade", "--replace-instance"),
    "down": case("down.py:down", "down"),
    "access grant": case("grant.py:grant", *GRANT),
    "access revoke": case("revoke.py:revoke", "access", "revoke", "--all"),
    "access resume": case("pause.py:resume", "access", "resume"),
    "access rotate": case("key.py:rotate", "access", "rotate"),
    "access policy": ("policy_attachment.py:support_policy", with_user, attached),
    "access policy --undo": ("policy_attachment.py:support_policy", with_policy, lambda d: (*attached(d), "--undo")),
    "cluster kubectl": case("kubectl.py:install", "cluster", "kubectl", "--version", "1.33.1", "--sha256", "ab" * 32),
    "sessions end": case("listing.py:end", "sessions", "end", "--all", before=with_session),
    "session-preferences set": case("preferences.py:_carry_out", "session-preferences", "set", "--idle-timeout", "20"),
    "session-preferences restore": case(
        "preferences.py:_carry_out", "session-preferences", "restore", before=with_saved
    ),
    "db bootstrap": case("manage_users.py:bootstrap", "db", "bootstrap", *DATABASE),
    "db bootstrap --users": ("listed_users.py:bootstrap_listed", nothing, listed),
    "db drop-user": case("manage_users.py:drop_user", "db", "drop-user", "alice_r", *DATABASE),
    "db shut-out": case("revoke.py:shut_out", "db", "shut-out", *DATABASE),
}
QUESTIONS = {"confirm", "confirm_action", "confirm_name"}
AT_A_TERMINAL = {"secret_output.py:allow_secret", "missing_values.py:_subnet"}


@pytest.fixture
def asked_from(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """From where in the code a question was asked, as file:function."""
    sites = set[str]()
    for name in QUESTIONS:
        real = getattr(Invocation, name)

        def recorded(call: Invocation, *words: object, real: Callable[..., None] = real) -> None:
            frame = sys._getframe(1)
            while Path(frame.f_code.co_filename).name == "callers.py" and frame.f_back:
                frame = frame.f_back
            code = frame.f_code
            if Path(code.co_filename).name != "invocation.py":
                sites.add(f"{Path(code.co_filename).name}:{code.co_name}")
            real(call, *words)

        monkeypatch.setattr(Invocation, name, recorded)
    return sites


@pytest.mark.parametrize("name", ASKING)
def test_the_question_of_every_verb_names_them(
    name: str, deployer: Deployer, asked_from: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    site, before, words = ASKING[name]
    deployer.create()
    before(deployer)
    asked_from.clear()
    unanswered = deployer(*words(deployer))
    assert unanswered.code == 2 and asked_from == {site}, unanswered.err
    question = next(line for line in unanswered.err.splitlines() if line.startswith("error: "))
    assert question.startswith("error: This needs an answer, and there is no terminal to ask at: ")
    assert f"{SANDBOX}?" in question


def test_questions_at_a_terminal_name_them(
    deployer: Deployer, asked_from: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")  # a list by numbers; the one that is drawn asks nothing by a method
    subnets = deployer.gateway.ec2.describe_subnets("vpc-00000001")
    public = next(subnet.subnet_id for subnet in subnets if subnet.is_public)
    assert f"anyway {SANDBOX}? [y/N]" in typed(f"{public}\nn\n", "up", *PLACE[:2], *PLACE[4:], deployer=deployer)
    deployer.create()
    assert f"on this screen {SANDBOX}? [y/N]" in typed("n\n", "access", "reveal", deployer=deployer)
    assert asked_from >= AT_A_TERMINAL


def typed(answers: str, *words: str, deployer: Deployer) -> str:
    """What stands on the screen when a person answers this."""
    screen, stdin = Terminal(), sys.stdin
    sys.stdin = Terminal(answers)
    try:
        with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
            assert main([*words, "--stack-name", deployer.stack_name]) == 1
    finally:
        sys.stdin = stdin
    return screen.getvalue()


def test_no_question_is_asked_past_these() -> None:
    """A new question has to be walked here; one that is asked otherwise than by these methods would not name them."""
    found, others = set[str](), set[str]()
    for file in (*Path(cli.__file__).parent.glob("*.py"), *Path(operations.__file__).parent.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text())):
            if not isinstance(function, ast.FunctionDef) or file.name == "invocation.py":
                continue
            called = {name for statement in function.body for name in questions(statement)}
            found |= {f"{file.name}:{function.name}"} if called & QUESTIONS else set()
            others |= {f"{file.name}:{function.name}"} if called & {"ask", "confirm_here", "prompt"} else set()
    walked = {site for site, _, _ in ASKING.values()} | AT_A_TERMINAL
    # with a database, with a bucket and a key, on a stack of its own:
    elsewhere = {"activity.py:kill", "publish.py:publish", "up.py:up"}
    where = "tests/database/test_activity.py, tests/story/test_publish.py, tests/sessions/test_engineers.py"
    assert found == walked | elsewhere, where
    first_up = {"first_up.py:_with_region", "first_up.py:_with_stack_name"}  # asks where it works
    assert others == {"ask.py:value", "ask.py:_numbered", "sandbox_commands.py:reset"} | first_up


def questions(node: ast.AST) -> Iterator[str]:
    """Names of the methods that a piece of code calls to ask somebody, functions within it left out."""
    if isinstance(node, ast.FunctionDef):
        return
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="call" | "caller" | "typer"), attr=name)):
            yield name
    for child in ast.iter_child_nodes(node):
        yield from questions(child)


def test_every_command_that_changes_something_is_declared_as_that() -> None:
    names = {name for name, _ in commands()}
    sandbox = {name for name in names if name.startswith("sandbox ")}
    asking = {name.partition(" --")[0] for name in ASKING}
    changing = asking | {"access pause", "access rotate", "run", "recovery up", "recovery down", "db kill"}
    changing |= {"init", "publish template", "engineers up", "engineers down"}
    assert changing == CHANGING
    assert names == CHANGING | READING | SESSIONS | sandbox


@pytest.mark.parametrize(
    "words",
    [
        ("up", "--session-log-retention-days=30", "--yes"),
        ("up", "--session-log-retention-days=30", "--plan"),
        (*GRANT, "--yes"),
        ("access", "revoke", "--all", "--yes"),
        ("access", "pause"),
        ("access", "resume", "--yes"),
        ("access", "rotate", "--yes"),
        ("recovery", "up"),
        ("run",),
        ("sessions", "end", "--all", "--yes"),
        ("session-preferences", "set", "--idle-timeout", "17", "--yes"),
        ("down", "--yes"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_the_result_has_them(
    words: tuple[str, ...], deployer: Deployer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    deployer.create("--recovery-bastion=yes")
    command = ("--", "true") if words == ("run",) else ()
    done = run(*words, "--stack-name", deployer.stack_name, "--output", "json", *command)
    assert done.code == 0, done.out + done.err
    told = {key: done.result[key] for key in ("account", "region", "sandbox")}
    assert told == {"account": "111122223333", "region": "us-east-1", "sandbox": True}


def test_plan_and_result_say_it_to_a_person(deployer: Deployer) -> None:
    made = deployer.create()
    assert f"Create the stack {deployer.stack_name} {SANDBOX}:" in made.err
    where, following = made.err.splitlines()[-2:]
    assert where == "  where: the sandbox (account 111122223333, region us-east-1)"
    assert following.startswith("  next: deployer access grant ")
    planned = deployer("up", "--support-user=no", "--plan")
    assert f"Update the stack {deployer.stack_name} {SANDBOX}:" in planned.out and planned.err.count("where: ") == 1
    assert f"Access to the stack {deployer.stack_name} {SANDBOX}:" in deployer(*GRANT, "--yes").err
    assert f"Delete the stack {deployer.stack_name} {SANDBOX}:" in deployer("down", "--yes").err


def test_a_failure_says_where_it_happened(deployer: Deployer) -> None:
    deployer.create()
    refused = deployer.up("--image-id", "ami-0123456789abcdef0")
    assert refused.code == 3
    said = refused.err[refused.err.index("error: ") :]
    assert said.splitlines()[1] == "  where: the sandbox (account 111122223333, region us-east-1)"
    assert said.splitlines()[2].startswith("  next: ") and said.count("where: ") == 1


@pytest.mark.parametrize(
    "words",
    [
        ("access", "grant"),
        ("access", "revoke", "--principal", "arn:aws:iam::1:root"),
        ("sessions", "end", "root-1"),
        ("run", "--", "true"),
    ],
)
def test_what_comes_next_is_last_whatever_was_refused(words: tuple[str, ...], deployer: Deployer) -> None:
    done = deployer(*words)
    kinds = re.findall(r"^(?:error|  where|  next)(?=: )", done.err, re.MULTILINE)
    assert done.code and kinds in (["error", "  next"], ["error", "  where", "  next"]), done.err


def test_another_endpoint_is_named_and_never_called_the_sandbox(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxied(deployer.gateway.client("cloudformation").meta.endpoint_url, hidden=True) as other:
        monkeypatch.setenv("AWS_ENDPOINT_URL", other.endpoint.replace("http://", "http://user:secret@"))
        made = deployer.create()
    assert f"in account 111122223333, us-east-1 at {other.endpoint}:" in made.err
    assert "in the sandbox" not in made.err.lower() and "secret@" not in made.err
