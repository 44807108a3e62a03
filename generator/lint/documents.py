"""The policy documents of a template, as mappings or as the JSON text that CloudFormation takes in their place."""

from __future__ import annotations

import json
from collections.abc import Iterator

from generator.lint.traverse import Path, Tree, mapping, policy_documents, resources
from generator.lint.values import FUNCTIONS, OPEN, Known, texts

NAMED = "polic"  # what CloudFormation calls such a property: KeyPolicy, AccessPolicies, PolicyDocument, InlinePolicy


def documents(template: Tree, known: Known) -> Iterator[tuple[Path, Tree]]:
    """Every policy document within a resource: whatever has statements, and each text that a property may come to."""
    for path, document in policy_documents(template):
        yield path, {**document, "Statement": _parsed_statements(document["Statement"], known.at(template, path))}
    for name, kind, properties in resources(template):
        for path, value in _texts_at(properties, ("Resources", name, "Properties")):
            if _is_policy(kind, path):
                yield from ((path, document) for document in _documents_in(value, known.at(template, path)))


def _is_policy(kind: str, path: Path) -> bool:
    named = any(NAMED in str(step).casefold() for step in path[3:])
    return named or (kind == "AWS::Organizations::Policy" and "Content" in path)


def _texts_at(value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """Each text within a value, and each function that makes one, but not what such a function is made of."""
    makes_text = FUNCTIONS.keys() - {"Fn::If"}
    if isinstance(value, str) or set(mapping(value)) & makes_text:
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts_at(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts_at(item, (*path, index))


def _documents_in(value: object, known: Known) -> Iterator[Tree]:
    for text in dict.fromkeys(texts(value, known)):
        document = mapping(_parsed(text)) if '"Statement"' in text else {}
        if "Statement" in document:
            yield document


def _parsed_statements(value: object, known: Known) -> object:
    """The statements as they are, or what their JSON text says."""
    if isinstance(value, str) or set(mapping(value)) & FUNCTIONS.keys() - {"Fn::If"}:
        return [each for text in texts(value, known) if (each := _parsed(text)) is not None] or value
    return value


def _parsed(text: str) -> object:
    """What a JSON text says, or None; what is open may stand in quotes or for a whole value."""
    for written in (text, text.replace(OPEN, f'"{OPEN}"')):
        try:
            return json.loads(written, strict=False)
        except (ValueError, RecursionError):
            continue
    return None
