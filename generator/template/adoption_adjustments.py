"""Adjustments to our template on adoption: what names a carried resource follows it."""

from __future__ import annotations

import yaml

from generator.model.contract import Resource
from generator.template.references import references_of
from generator.template.stack_key import SECRET_PATTERN
from generator.template.yaml_document import SEQUENCE, Entries, children, entries, function, mapping, scalar

NO_VALUE = "AWS::NoValue"


def follow_installation(role: yaml.Node, absent: set[str], conditions: Entries) -> yaml.Node:
    """The instance's role without the policies of what the template does not have.

    `absent`: logical IDs that are not there. `conditions`: of what is there only under a condition, its name; a policy
    that names such a resource comes under the same condition.
    """
    attributes = entries(role)
    properties = entries(attributes["Properties"])
    policies: list[yaml.Node] = []
    for policy in children(properties["Policies"]):
        names = references_of(policy).names
        if names & absent:
            continue
        condition = next((conditions[name] for name in sorted(names & set(conditions))), None)
        policies.append(policy if condition is None else _only_if(condition, policy))
    properties["Policies"] = yaml.SequenceNode(properties["Policies"].tag, policies, flow_style=False)
    return mapping(attributes | {"Properties": mapping(properties)})


def follow_dependencies(resource: yaml.Node, missing: set[str]) -> yaml.Node:
    """The resource without the names in its `DependsOn` that are not there, or not in every stack."""
    attributes = entries(resource)
    waits_for = attributes.get("DependsOn")
    if waits_for is None:
        return resource
    rest = [item for item in list(children(waits_for)) or [waits_for] if scalar(item) not in missing]
    del attributes["DependsOn"]
    listed = {"DependsOn": yaml.SequenceNode(SEQUENCE, rest, flow_style=True)} if rest else {}
    return mapping({"Type": attributes["Type"]} | listed | attributes)


def _only_if(condition: yaml.Node, then: yaml.Node) -> yaml.Node:
    return yaml.SequenceNode("!If", [condition, then, yaml.ScalarNode("!Ref", NO_VALUE)], flow_style=False)


def follow_secret_name(resources: Entries, name: yaml.Node) -> None:
    """Let the key's policy name the support secret by the name that it keeps; a reference would be circular."""
    key = str(Resource.STACK_KEY)
    resources[key] = _with_pattern(resources[key], name)


def _with_pattern(node: yaml.Node, name: yaml.Node) -> yaml.Node:
    """A copy of the node with each pattern of the secret's ARN replaced by one made of `name`."""
    if isinstance(node, yaml.ScalarNode):
        return _pattern(name, node) if node.value.endswith(SECRET_PATTERN) else node
    if isinstance(node, yaml.MappingNode):
        pairs = [(key, _with_pattern(value, name)) for key, value in node.value]
        return yaml.MappingNode(node.tag, pairs, flow_style=node.flow_style)
    assert isinstance(node, yaml.SequenceNode)
    items = [_with_pattern(item, name) for item in node.value]
    return yaml.SequenceNode(node.tag, items, flow_style=node.flow_style)


def _pattern(name: yaml.Node, generated: yaml.ScalarNode) -> yaml.Node:
    """The ARN of a secret of this name, Secrets Manager's six characters open; `generated` where it has none."""
    called = function(name)
    if called and called[0] == "Ref" and scalar(called[1]) == NO_VALUE:
        return generated
    if called and called[0] == "If" and isinstance(called[1], yaml.SequenceNode):
        condition, *branches = called[1].value
        return yaml.SequenceNode("!If", [condition, *(_pattern(branch, generated) for branch in branches)])
    prefix = yaml.ScalarNode("!Sub", generated.value.removesuffix(SECRET_PATTERN) + "secret:")
    ending = yaml.ScalarNode("tag:yaml.org,2002:str", "-??????", style='"')
    parts = yaml.SequenceNode("tag:yaml.org,2002:seq", [prefix, name, ending], flow_style=False)
    return yaml.SequenceNode("!Join", [yaml.ScalarNode("tag:yaml.org,2002:str", "", style='"'), parts])
