"""The keeper: a small function inside the stack that makes, keeps and removes the support user's key."""

from __future__ import annotations

import ast
import re
from functools import cache
from importlib import resources

from troposphere import Sub, Template
from troposphere.awslambda import Code, Function, LoggingConfig
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup

from generator.model.contract import Resource
from generator.policies.keeper import keeper_policy
from generator.policies.trust import service_assumes
from generator.template.parts import STACK_ID, arn_of, ref

SOURCE = "index.py"
MOST_IN_A_LINE = 130
COMPOUND = re.compile(r"@|(async|class|def|elif|else|except|finally|for|if|match|try|while|with)\b")
PUBLIC_IMAGES = "arn:${AWS::Partition}:ssm:${AWS::Region}::parameter/aws/service/ami-amazon-linux-latest/*"


@cache
def source() -> str:
    """The keeper's code as it goes into the template. It cannot change while a process runs."""
    return slim(resources.files("generator.keeper").joinpath(SOURCE).read_text(encoding="utf-8"))


def slim(text: str) -> str:
    """The same program without comments, docstrings and type annotations, indented by one: a template has few bytes."""
    tree = ast.parse(text)
    _Slim().visit(tree)
    return _narrow(ast.unparse(ast.fix_missing_locations(tree))) + "\n"


def _narrow(text: str) -> str:
    """One space for four, short statements side by side, and a body of one line on its header's line.

    `ast.unparse` writes every statement and every string on one line: a line that ends in a colon is a header.
    """
    lines = _side_by_side(
        [(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.splitlines() if line.strip()]
    )
    narrow: list[str] = []
    for index, (depth, code) in enumerate(lines):
        after = lines[index + 1][0] if index + 1 < len(lines) else 0
        header = narrow[-1] if narrow else ""
        only_one = header.endswith(":") and after < depth and not code.endswith(":")
        if only_one and len(header) + len(code) < MOST_IN_A_LINE:
            narrow[-1] = f"{header} {code}"
        else:
            narrow.append(" " * (depth // 4) + code)
    return "\n".join(narrow)


def _side_by_side(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Simple statements that follow each other, as far as they fit into a line."""
    joined: list[tuple[int, str]] = []
    for depth, code in lines:
        before, above = joined[-1] if joined else (-1, "")
        if before == depth and _is_simple(code) and _is_simple(above) and len(above) + len(code) < MOST_IN_A_LINE:
            joined[-1] = (depth, f"{above}; {code}")
        else:
            joined.append((depth, code))
    return joined


def _is_simple(code: str) -> bool:
    """Whether a statement can stand beside another: whatever has a body cannot."""
    return not COMPOUND.match(code)


class _Slim(ast.NodeTransformer):
    """Drops what a running program does not look at."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        self.generic_visit(node)
        if isinstance(node, ast.ImportFrom) and node.module in ("__future__", "typing"):
            return None
        if isinstance(node, ast.AnnAssign):
            return ast.Assign([node.target], node.value) if node.value else None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            _drop_docstring(node)
        return node


def _drop_docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    if ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:]
    if not node.body and not isinstance(node, ast.Module):
        node.body = [ast.Pass()]


def add_keeper(template: Template) -> None:
    """Role, log group, function."""
    template.add_resource(
        LogGroup(
            str(Resource.KEEPER_LOG_GROUP), RetentionInDays=90, DeletionPolicy="Delete", UpdateReplacePolicy="Delete"
        )
    )
    template.add_resource(
        Role(
            str(Resource.KEEPER_ROLE),
            AssumeRolePolicyDocument=service_assumes("LambdaAssumes", "lambda.amazonaws.com"),
            Policies=[
                Policy(
                    PolicyName="deepsql-keeper",
                    PolicyDocument=keeper_policy(
                        streams=arn_of(Resource.KEEPER_LOG_GROUP, ":*"),
                        images=Sub(PUBLIC_IMAGES),
                        stack=STACK_ID,
                    ),
                )
            ],
        )
    )
    template.add_resource(
        Function(
            str(Resource.KEEPER_FUNCTION),
            Description="Keeps the DeepSQL support user's key: makes, stores, rotates and removes it.",
            Runtime="python3.12",
            Handler="index.handler",
            Timeout=300,
            MemorySize=256,
            Role=arn_of(Resource.KEEPER_ROLE),
            LoggingConfig=LoggingConfig(LogGroup=ref(Resource.KEEPER_LOG_GROUP)),
            Code=Code(ZipFile=source()),
        )
    )
