"""Words that must not come back: private metaphors where AWS, IAM or Python already have a term.

NAMES are banned wherever `generator/` defines a name: a module, a function, a class, an argument, a variable, an
attribute, a key of a literal. PHRASES are banned wherever a user reads: in each string of the source that is no
docstring, in the docstring of a command (its help text), and in the prose of the docs.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Words that stood for anything. Name the thing: `stack`, `statement`, `message`, `exists`.
GENERAL = "told said found held kept there way wish thing spoken heard"
METAPHORS = (
    "door doors brake hop mend grade grades slim narrow settle turn bury standin standing stripes rhythm sentences"
    " converse speak deaf excuse curfew farewell unhurried handmade closing hold outline"
)
NAMES = re.compile(f"_(?:{'|'.join((GENERAL + ' ' + METAPHORS).split())}|hand_made|by_hand)_")
# AWS's own, and a parameter of stacks as they are; a banned word is in each.
TERMS = re.compile("not_found|hop_limit|support_database_grade")

PHRASES = re.compile(
    r"""\b(?:NOT\sSO|Told|(?i:                         # FAIL, Done
      grades?                                         # access level
    | doors? | ways?\sin                              # access, access path
    | brakes?                                         # emergency stop
    | hops?(?![ -]limit)                              # jump host (the hop limit is EC2's)
    | mend(?:s|ed|ing)?                               # fix
    | lock(?:s|ed|ing)?\s(?:\w+\s)?out                # revoke access
    | (?:six|\d+|has|have|no|of|other|odd|more|these)\ssigns | blanks   # characters, spaces
    | tak(?:e|es|en|ing)\sback                        # roll back, undo
    | tak(?:e|es|en|ing)\sup                          # resume
    | stands?\sin(?!\s(?:for|the\sway)\b)             # is in, contains
    | asked\sof                                       # confirmed with
    | leads?\snowhere                                 # has no route to
    | c[oa]mes?\sabout                                # be established
    ))\b""",
    re.VERBOSE,
)


def _snake(name: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return f"_{words.strip('_')}_"


def _defined_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.Dict(keys=keys):
                yield from (k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str))


def _is_help(node: ast.AST) -> bool:
    """Whether the docstring of `node` is the help text of a command or a group."""
    decorators = getattr(node, "decorator_list", [])
    called = [d.func if isinstance(d, ast.Call) else d for d in decorators]
    return any(ast.unparse(name).endswith(("command", "callback")) for name in called)


def _docstrings(tree: ast.AST) -> set[int]:
    """The ids of the constants that only a reader of the source sees."""
    ids = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not _is_help(node):
            match node.body[:1]:
                case [ast.Expr(value=ast.Constant() as constant)]:
                    ids.add(id(constant))
    return ids


def _strings(tree: ast.AST) -> Iterator[str]:
    docstrings = _docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def banned_names(source: str, module: str = "") -> list[str]:
    """The names defined in `source`, its module's own among them, that hold a banned word."""
    names = {module, *_defined_names(ast.parse(source))}
    return sorted(name for name in names if NAMES.search(TERMS.sub("", _snake(name))))


def banned_phrases(source: str) -> list[str]:
    """The banned phrases in the strings of `source` that a user reads."""
    return sorted(m[0] for text in _strings(ast.parse(source)) for m in PHRASES.finditer(text))


def banned_prose(page: str) -> list[str]:
    """The banned phrases of a page outside fenced blocks, inline code and addresses."""
    prose = re.sub(r"^```.*?^```|`[^`\n]*`|\]\([^)]*\)", " ", page, flags=re.MULTILINE | re.DOTALL)
    return sorted(m[0] for m in PHRASES.finditer(prose))


def _banned(path: Path) -> list[str]:
    text = path.read_text()
    if path.suffix == ".md":
        return banned_prose(text)
    return banned_names(text, path.parent.name if path.stem == "__init__" else path.stem) + banned_phrases(text)


FILES = {
    str(path.relative_to(ROOT)): path
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "generator").rglob("*.py")])
}


@pytest.mark.parametrize("name", FILES)
def test_no_banned_word_comes_back(name: str) -> None:
    assert _banned(FILES[name]) == []


@pytest.mark.parametrize(
    "source",
    [
        "def find_door(): ...",
        "async def _turn(): ...",
        "class Wish: ...",
        "class HandMade: ...",
        "def f(held): ...",
        "def f(*, key_held=1): ...",
        "lambda told: 1",
        "found = 1",
        "for said in (): ...",
        "[1 for kept in ()]",
        "if found := 1: ...",
        "with open('x') as found: ...",
        "try: ...\nexcept OSError as found: ...",
        "import json as found",
        "match 1:\n    case found: ...",
        "class A:\n    narrowKey: int",
        "class A:\n    def f(self):\n        self.way = 1",
        "{'there': 1}",
    ],
)
def test_a_banned_word_is_seen_in_each_place_of_a_name(source: str) -> None:
    assert len(banned_names(source)) == 1
    assert banned_names("class StackNotFound: ...\nfounded = holder = 1", "wayside") == []


def test_a_module_is_a_name() -> None:
    assert banned_names("", "by_hand") == ["by_hand"]


@pytest.mark.parametrize(
    "source",
    [
        "raise ValueError('shut the door')",
        "f'the grade of {x}'",
        "typer.Option(help='Mend it.')",
        "@command(app)\ndef up():\n    '''Take up the rollback.'''",
        "@app.callback()\ndef main():\n    '''Locked out of it.'''",
    ],
)
def test_a_banned_phrase_is_seen_in_each_place_of_a_text(source: str) -> None:
    assert len(banned_phrases(source)) == 1
    assert banned_phrases("def f():\n    '''The door of a docstring.'''\n'take it with you, hop limit 1'") == []


def test_a_banned_phrase_is_seen_in_prose_alone() -> None:
    page = "# The brake\n\nA `door` of code, [a link](../door.md).\n\n```console\n$ deployer\nthe door\n```\n"
    assert banned_prose(page) == ["brake"]
