"""A command is parse, one operation, render: no body in cli/ calls more than one function of operations.

Read off the source. A body may not hide a second call in a helper of cli either, nor reach a service of AWS by itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

CLI = Path(__file__).parent.parent / "generator" / "cli"


@dataclass
class Module:
    """One file: its functions and classes, and what each name it imports stands for."""

    name: str
    source: str
    functions: dict[str, ast.AST] = field(default_factory=dict)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    @cached_property
    def imported(self) -> dict[str, str]:
        """Local name -> full name; an import within a function counts for the whole file."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        return names

    @cached_property
    def helpers(self) -> dict[str, ast.AST]:
        """Functions and classes of the file's top level."""
        return {node.name: node for node in self.tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}

    def bodies(self) -> Iterator[ast.FunctionDef]:
        """The functions declared with @command(…)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef):
                for each in node.decorator_list:
                    if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "command":
                        yield node


def operations_of(body: ast.AST, module: Module, modules: dict[str, Module]) -> set[str]:
    """Full names of the functions of operations, and of the gateway's calls, that a body reaches."""
    found: set[str] = set()
    seen: set[int] = set()

    def visit(node: ast.AST, within: Module) -> None:
        if id(node) in seen:
            return
        seen.add(id(node))
        for name, called in references(node, within):
            if (name.startswith("generator.operations.") and called[:1].islower()) or name.startswith("gateway."):
                found.add(name)
            elif name.startswith("generator.cli."):
                file, _, function = name.removeprefix("generator.cli.").rpartition(".")
                if file in modules and function in modules[file].helpers and function != "Invocation":
                    visit(modules[file].helpers[function], modules[file])

    visit(body, module)
    return found


def references(node: ast.AST, within: Module) -> Iterator[tuple[str, str]]:
    """What a piece of code names: (full name, last part), annotations and inner imports left out."""
    local = {
        alias.asname or alias.name: f"{each.module}.{alias.name}"
        for each in ast.walk(node)
        if isinstance(each, ast.ImportFrom)
        for alias in each.names
    }
    names = {
        **{name: f"generator.cli.{within.name}.{name}" for name in within.helpers},
        **{name: full for name, full in within.imported.items() if full.startswith("generator.cli")},
        **local,
    }
    for each in code_of(node):
        match each:
            case ast.Attribute(value=ast.Attribute(value=ast.Attribute(attr="gateway"), attr=service), attr=method):
                yield f"gateway.{service}.{method}", method
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in names:
                yield f"{names[name]}.{attribute}", attribute
            case ast.Name(id=name) if name in names and not is_module(names[name]):
                yield names[name], names[name].rpartition(".")[2]


def code_of(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but decorators, annotations and the default values of parameters."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.arguments) or (isinstance(node, ast.FunctionDef) and child in node.decorator_list):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AnnAssign)) and child in (
            getattr(node, "returns", None),
            getattr(node, "annotation", None),
        ):
            continue
        yield child
        yield from code_of(child)


def is_module(name: str) -> bool:
    path = Path(CLI.parent.parent, *name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def modules_of(sources: dict[str, str]) -> dict[str, Module]:
    return {name: Module(name, source) for name, source in sources.items()}


MODULES = modules_of({path.stem: path.read_text() for path in sorted(CLI.glob("*.py"))})
BODIES = {
    f"{module.name}.{body.name}": operations_of(body, module, MODULES)
    for module in MODULES.values()
    for body in module.bodies()
}


@pytest.mark.parametrize("body", sorted(BODIES))
def test_a_command_calls_at_most_one_operation(body: str) -> None:
    assert len(BODIES[body]) <= 1, sorted(BODIES[body])


DECLARED = "@command(app, 'x')\ndef x(call):\n    "
INNER = "from generator.operations.a import plan, apply"


@pytest.mark.parametrize(
    "sources",
    [
        {"one": f"{DECLARED}{INNER}\n    apply(plan(call.gateway))"},
        {"one": f"{DECLARED}from generator.operations import aws\n    aws.plan()\n    aws.apply()"},
        {"one": f"{DECLARED}if call.yes:\n        {INNER}\n        plan()\n    else:\n        apply()"},
        {"one": f"{DECLARED}{INNER}\n    plan(helper)\n\ndef helper():\n    {INNER}\n    apply()"},
        {
            "one": f"from generator.cli.two import helper\n{DECLARED}{INNER}\n    helper(plan())",
            "two": f"def helper():\n    {INNER}\n    return lambda: apply()",
        },
        {
            "one": f"from generator.cli import two\n{DECLARED}{INNER}\n    two.Helper(plan())",
            "two": f"class Helper:\n    def act(self):\n        {INNER}\n        apply()",
        },
        {"one": f"{DECLARED}{INNER}\n    plan(call.gateway.ec2.describe_vpcs())"},
    ],
)
def test_a_second_operation_is_found_wherever_it_hides(sources: dict[str, str]) -> None:
    modules = modules_of(sources)
    [body] = modules["one"].bodies()
    assert len(operations_of(body, modules["one"], modules)) == 2


def test_values_of_operations_and_its_text_do_not_count() -> None:
    source = f"{DECLARED}{INNER}\n    from generator.operations.a import Request\n    return plan(Request(), call)"
    modules = modules_of({"one": source})
    [body] = modules["one"].bodies()
    assert operations_of(body, modules["one"], modules) == {"generator.operations.a.plan"}
