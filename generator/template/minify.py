"""Python source in few bytes: a template has room for 51,200, the keeper's code included."""

from __future__ import annotations

import ast
import re

MOST_IN_A_LINE = 130
COMPOUND = re.compile(r"@|(async|class|def|elif|else|except|finally|for|if|match|try|while|with)\b")


def minify(text: str) -> str:
    """The same program without comments, docstrings and type annotations, indented by one space."""
    tree = ast.parse(text)
    _Minifier().visit(tree)
    return _compact(ast.unparse(tree)) + "\n"


def _compact(text: str) -> str:
    """One space for four, short statements side by side, and a body of one line on its header's line.

    `ast.unparse` writes every statement and every string on one line: a line that ends in a colon is a header.
    """
    lines = _side_by_side(
        [(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.splitlines() if line.strip()]
    )
    compact: list[str] = []
    for index, (depth, code) in enumerate(lines):
        after = lines[index + 1][0] if index + 1 < len(lines) else 0
        header = compact[-1] if compact else ""
        only_one = header.endswith(":") and after < depth and not code.endswith(":")
        if only_one and len(header) + len(code) < MOST_IN_A_LINE:
            compact[-1] = f"{header} {code}"
        else:
            compact.append(" " * (depth // 4) + code)
    return "\n".join(compact)


def _side_by_side(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines, with consecutive simple statements joined as far as they fit."""
    joined: list[tuple[int, str]] = []
    for depth, code in lines:
        before, above = joined[-1] if joined else (-1, "")
        if before == depth and _is_simple(code) and _is_simple(above) and len(above) + len(code) < MOST_IN_A_LINE:
            joined[-1] = (depth, f"{above}; {code}")
        else:
            joined.append((depth, code))
    return joined


def _is_simple(code: str) -> bool:
    """Whether a statement can share a line with another; one with a body cannot."""
    return not COMPOUND.match(code)


class _Minifier(ast.NodeTransformer):
    """Drops what a running program does not use."""

    def visit(self, node: ast.AST) -> ast.AST | None:
        self.generic_visit(node)
        if isinstance(node, ast.ImportFrom) and node.module in ("__future__", "typing"):
            return None
        if isinstance(node, ast.AnnAssign):
            return ast.copy_location(ast.Assign([node.target], node.value), node) if node.value else None
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
