"""The AWS calls that each command of the CLI may make, read from the source.

From a command's body through the functions of `operations` that it names, and those that they name, to the methods of
the gateway, and from these to the operations of AWS's APIs. It is what may be called in any case, not in one run.
`python -m tests.permissions.calls --write` writes generator/model/verb_calls.json again (make permissions); `--check`
exits 3 when it is stale (make check).
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from botocore.loaders import create_loader

from generator.model.permissions import PUBLISH
from tests.permissions.generated import keep_current

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "generator/model/verb_calls.json"
Name = tuple[str, str]  # module, name in it
Call = tuple[str, str]  # file of the gateway, operation in snake case

FILES = {  # of commands that are not named by their group
    "db": "db",
    "db_admin": "db",
    "preferences": "session-preferences",
}
SERVICES = {"instance_connect": "ec2-instance-connect", "lambda_functions": "lambda"}
VARIABLE = {  # operations that a method of the gateway takes as an argument
    ("iam", "operation"): ("get_user_policy", "get_role_policy"),
    ("rds", "operation"): ("describe_db_instances", "describe_db_clusters"),
}
NO_PERMISSION = {"sts:GetCallerIdentity"}  # "No permissions are required" (STS API reference)
OF_A_BUCKET = {  # that only its owner can name: up --s3-bucket and publish
    *("s3:PutObject", "s3:GetObject", "s3:ListBucket", "s3:GetBucketVersioning", "s3:GetBucketPolicy"),
    *("s3:GetBucketOwnershipControls", "s3:GetBucketPublicAccessBlock", "s3:GetLifecycleConfiguration"),
    *("s3:DeleteObject", "s3:ListBucketVersions", "s3:GetEncryptionConfiguration"),
}
OF_A_KEY = {"kms:Sign", "kms:GetPublicKey"}  # that only its owner can name: --signing-key
NAMED_OTHERWISE = {  # actions that are not called like their operations (service authorization reference, S3)
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "s3control:GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the rooms that a call comes through."""
    rooms = ("cli", "operations", "gateway")
    paths = [path for room in rooms for path in sorted((ROOT / "generator" / room).rglob("*.py"))]
    return {_module(path): ast.parse(path.read_text()) for path in paths}


@cache
def definitions() -> dict[Name, ast.AST]:
    """Each function, class and constant of a module."""
    found: dict[Name, ast.AST] = {}
    for module, tree in modules().items():
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found[module, node.name] = node
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {(module, target.id): node for target in targets if isinstance(target, ast.Name)}
    return found


@cache
def imports(tree: ast.AST) -> dict[str, Name]:
    """Local name -> what it stands for, of the names imported from this program."""
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {a.asname or a.name: (f.module, a.name) for f in froms if f.module for a in f.names}


@cache
def gateway_methods() -> dict[str, dict[str, frozenset[str]]]:
    """Method -> file of the gateway -> operations that it calls."""
    found: dict[str, dict[str, frozenset[str]]] = {}
    for module, tree in modules().items():
        for klass in [node for node in tree.body if isinstance(node, ast.ClassDef) if ".gateway." in module]:
            methods = {node.name: node for node in klass.body if isinstance(node, ast.FunctionDef)}
            for name, method in methods.items():
                if operations := _operations(method, methods, {name}):
                    found.setdefault(name, {})[module.rpartition(".")[2]] = frozenset(operations)
    return found


def _operations(method: ast.AST, methods: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    """The operations of a method and of the methods beside it that it calls."""
    called: set[str] = set()
    for node in ast.walk(method):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("_call", "_pages")
        ):
            first = node.args[0] if node.args else None
            called.add(str(first.value) if isinstance(first, ast.Constant) else ast.unparse(first) if first else "")
        own = isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr
        if own and own in methods and own not in seen:
            called |= _operations(methods[own], methods, seen | {own})
    return called - {""}


@cache
def references(module: str, node: ast.AST) -> frozenset[Name]:
    """The definitions of this program that a piece of a module names."""
    names, used = {**imports(modules()[module]), **imports(node)}, set[Name]()
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            used.add(names.get(each.id, (module, each.id)))
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in names:
            used.add((".".join(names[each.value.id]), each.attr))
    return frozenset(name for name in used if name in definitions())


def calls(module: str, node: ast.AST) -> set[Call]:
    """What a command's body may call."""
    found, seen, pending = set[Call](), set[Name](), [(module, node)]
    while pending:
        module, node = pending.pop()
        found |= _direct(node)
        fresh = {name for name in references(module, node) if name not in seen}
        fresh = {name for name in fresh if ".gateway." not in name[0]}
        seen |= fresh
        pending += [(name[0], definitions()[name]) for name in sorted(fresh)]
    return found


@cache
def _direct(node: ast.AST) -> frozenset[Call]:
    """The calls of gateway methods in a piece of source. The receiver's name tells which file a method is from."""
    found: set[Call] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and each.attr in gateway_methods():
            owners = gateway_methods()[each.attr]
            named = [file for file in owners if ast.unparse(each.value).endswith(file)] or list(owners)
            found |= {(file, operation) for file in named for operation in owners[file]}
    return frozenset(found)


def commands() -> Iterator[tuple[str, str, ast.AST]]:
    """Each command as it is typed, with its module and its body."""
    for module, tree in modules().items():
        file = module.rpartition(".")[2].removesuffix("_commands")
        for node in ast.walk(tree):
            for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "command":
                    group, name = (ast.unparse(argument) for argument in decorator.args)
                    typed = [name.strip("'")] if name != "name" else ["connect", "connect-bastion"]
                    for each in typed:
                        grouped = group == "group" and each != "connect-bastion"
                        yield f"{FILES.get(file, file)} {each}" if grouped else each, module, node


@cache
def _spelling(service: str) -> dict[str, str]:
    """Operations of a service in lower case without underscores -> as its API spells them."""
    model: dict[str, Any] = create_loader().load_service_model(service, "service-2")
    return {name.lower(): name for name in model["operations"]}


def actions(typed: str, found: set[Call]) -> list[str]:
    """The IAM actions of a command's calls, sorted."""
    spelled = set()
    for file, operation in found:
        service = SERVICES.get(file, file)
        for each in VARIABLE.get((file, operation), (operation,)):
            action = f"{service}:{_spelling(service)[re.sub('_', '', each)]}"
            spelled.add(NAMED_OTHERWISE.get(action, action))
    return sorted(spelled - NO_PERMISSION - OF_A_KEY - (set() if typed == PUBLISH else OF_A_BUCKET))


def table() -> str:
    """The text of the table: each command that calls AWS, and the actions. `demo` and `sandbox` call the sandbox."""
    real = [each for each in commands() if each[0].split()[0] not in ("demo", "sandbox")]
    found = {typed: actions(typed, calls(module, body)) for typed, module, body in real}
    return json.dumps(dict(sorted((typed, each) for typed, each in found.items() if each)), indent=1) + "\n"


def main(argv: list[str]) -> int:
    """Write the table, or say whether it is current."""
    return keep_current(TABLE, table(), argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
