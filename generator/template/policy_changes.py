"""Two templates held beside each other, policy by policy. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import yaml

from generator.model.policy_change import PolicyChange
from generator.template.resolved_values import ResolvedTemplate, StackPlace
from generator.template.yaml_document import children, entries, function, parse, plain

WITHOUT_SID = "a statement without a Sid"
Statements = dict[str, list[object]]
Given = tuple[tuple[str, int], ...]
Holds = Callable[[str], bool | None]
"""Whether a condition holds; None where that is not known."""


def policy_changes(
    live: str, new: str, values: Mapping[str, str] | None = None, place: StackPlace | None = None
) -> tuple[PolicyChange, ...]:
    """What the policies of `new` permit or deny that those of `live` do not, and the reverse, resource by resource.

    A resource that only one of the two has counts with all of its statements. With the `values` of a stack's parameters
    and its place, what their conditions leave out counts as absent. Raises DeployerError for a text that is no
    template.
    """
    if live == new:
        return ()
    before, after = _policies(live, values, place), _policies(new, values, place)
    compared = (_change(name, before.get(name, {}), after.get(name, {})) for name in sorted({*before, *after}))
    return tuple(change for change in compared if change.gained or change.lost or change.altered)


def _change(name: str, before: Statements, after: Statements) -> PolicyChange:
    return PolicyChange(
        name,
        gained=tuple(sid for sid in after if sid not in before),
        lost=tuple(sid for sid in before if sid not in after),
        altered=tuple(sid for sid in after if sid in before and after[sid] != before[sid]),
    )


def _policies(text: str, values: Mapping[str, str] | None, place: StackPlace | None) -> dict[str, Statements]:
    sections = parse(text)
    holds: Holds = _not_known
    if values is not None and place is not None:
        holds = ResolvedTemplate(sections, values, place).holds
    resources = entries(sections.get("Resources"))
    return {name: _statements(node, holds) for name, node in resources.items() if _exists(node, holds)}


def _not_known(condition: str) -> bool | None:
    return None


def _exists(resource: yaml.Node, holds: Holds) -> bool:
    condition = entries(resource).get("Condition")
    return condition is None or holds(str(plain(condition))) is not False


def _statements(resource: yaml.Node, holds: Holds) -> Statements:
    """Every policy statement of a resource by its Sid; several may share one, or have none."""
    result: Statements = {}
    for given, node in _statement_nodes(resource, holds):
        sid = str(plain(entries(node)["Sid"])) if "Sid" in entries(node) else WITHOUT_SID
        result.setdefault(sid, []).append((given, plain(node)))
    return result


def _statement_nodes(node: yaml.Node, holds: Holds, given: Given = ()) -> Iterator[tuple[Given, yaml.Node]]:
    """Each statement with the undecided branches of Fn::If that it stands in: another condition, another permission."""
    if "Effect" in entries(node):
        yield given, node
        return
    called = function(node)
    if called and called[0] == "If":
        yield from _in_branches(called[1], holds, given)
        return
    for child in children(node):
        yield from _statement_nodes(child, holds, given)


def _in_branches(operand: yaml.Node, holds: Holds, given: Given) -> Iterator[tuple[Given, yaml.Node]]:
    first, *branches = children(operand)
    condition = str(plain(first))
    known = holds(condition)
    if known is not None:
        yield from _statement_nodes(branches[0 if known else 1], holds, given)
        return
    for number, branch in enumerate(branches):
        yield from _statement_nodes(branch, holds, (*given, (condition, number)))
