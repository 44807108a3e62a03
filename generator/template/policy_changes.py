"""Two templates held beside each other, policy by policy. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from generator.model.policy_change import PolicyChange
from generator.template.yaml_document import children, entries, function, parse, plain

WITHOUT_SID = "a statement without a Sid"
Statements = dict[str, list[object]]
Given = tuple[tuple[str, int], ...]


def policy_changes(live: str, new: str) -> tuple[PolicyChange, ...]:
    """What the policies of `new` permit or deny that those of `live` do not, and the reverse, resource by resource.

    A resource that only one of the two has counts with all of its statements. Raises DeployerError for a text that is
    no template.
    """
    before, after = _policies(live), _policies(new)
    compared = (_change(name, before.get(name, {}), after.get(name, {})) for name in sorted({*before, *after}))
    return tuple(change for change in compared if change.gained or change.lost or change.altered)


def _change(name: str, before: Statements, after: Statements) -> PolicyChange:
    return PolicyChange(
        name,
        gained=tuple(sid for sid in after if sid not in before),
        lost=tuple(sid for sid in before if sid not in after),
        altered=tuple(sid for sid in after if sid in before and after[sid] != before[sid]),
    )


def _policies(text: str) -> dict[str, Statements]:
    resources = entries(parse(text).get("Resources"))
    return {name: _statements(node) for name, node in resources.items()}


def _statements(resource: yaml.Node) -> Statements:
    """Every policy statement of a resource by its Sid; several may share one, or have none."""
    result: Statements = {}
    for given, node in _statement_nodes(resource):
        sid = str(plain(entries(node)["Sid"])) if "Sid" in entries(node) else WITHOUT_SID
        result.setdefault(sid, []).append((given, plain(node)))
    return result


def _statement_nodes(node: yaml.Node, given: Given = ()) -> Iterator[tuple[Given, yaml.Node]]:
    """Each statement with the branches of Fn::If that it stands in: another condition is another permission."""
    if "Effect" in entries(node):
        yield given, node
        return
    called = function(node)
    if called and called[0] == "If":
        condition, *branches = children(called[1])
        for number, branch in enumerate(branches):
            yield from _statement_nodes(branch, (*given, (str(plain(condition)), number)))
        return
    for child in children(node):
        yield from _statement_nodes(child, given)
