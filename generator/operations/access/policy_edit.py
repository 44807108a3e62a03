"""What a policy becomes when principals leave it: pure functions from the document as it stands, whatever its shape."""

from __future__ import annotations

from collections.abc import Mapping

from generator.model.grant import Grant
from generator.model.policy import raw_statements, read_document


def has_sid(document: object, sid: str) -> bool:
    """Whether a statement of that Sid stands in it."""
    return any(_is(statement, sid) for statement in raw_statements(document))


def without(document: object, sid: str) -> dict[str, object] | None:
    """The document without the statements of that Sid; None where no statement would be left."""
    return _with(document, [s for s in raw_statements(document) if not _is(s, sid)])


def replaced(document: object, sid: str, statement: Mapping[str, object]) -> dict[str, object]:
    """The document with this statement in the place of those of that Sid."""
    others = [s for s in raw_statements(document) if not _is(s, sid)]
    return {"Version": "2012-10-17", **(read_document(document) or {}), "Statement": [*others, statement]}


def restricted(document: object, sid: str, after: Grant) -> dict[str, object] | None:
    """The document with the statements of that Sid held to the principals of `after`.

    A statement that is not as the template makes it goes whole: what held it to anybody is not known. None where no
    statement would be left.
    """
    statements = (_restricted(s, after) if _is(s, sid) else s for s in raw_statements(document))
    return _with(document, [statement for statement in statements if statement is not None])


def _is(statement: object, sid: str) -> bool:
    return isinstance(statement, Mapping) and statement.get("Sid") == sid


def _restricted(statement: object, after: Grant) -> object | None:
    assert isinstance(statement, Mapping)
    conditions = statement.get("Condition")
    likes = conditions.get("ArnLike") if isinstance(conditions, Mapping) else None
    known = {"Effect": "Allow"}.items() <= statement.items() and "NotPrincipal" not in statement
    if not known or not isinstance(likes, Mapping) or "aws:PrincipalArn" not in likes:
        return None
    arns = {"aws:PrincipalArn": [principal.pattern for principal in after.principals]}
    return {
        **statement,
        "Principal": {"AWS": list(after.accounts)},
        "Condition": {**statement["Condition"], "ArnLike": {**likes, **arns}},
    }


def _with(document: object, statements: list[object]) -> dict[str, object] | None:
    if not statements:
        return None
    return {"Version": "2012-10-17", **(read_document(document) or {}), "Statement": statements}
