"""A template read as YAML nodes, so that what is copied from one template into another stays letter for letter.

Values would not do: a parser of values turns `0777` into 511 and `12:30:45` into 45045, and there is no way back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache

import yaml

from generator.errors import DeployerError
from generator.template.flow import flow
from generator.template.nesting import too_deep
from generator.template.yaml_nodes import STR, Literal, to_block, to_node

LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
MAP = yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG
SEQUENCE = yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG
Entries = dict[str, yaml.Node]
"""The entries of a mapping node, in order."""


def parse(text: str) -> Entries:
    """The sections of a template in YAML or JSON. Raises DeployerError when the text is neither, or no template.

    The mapping is the caller's own; its nodes are shared by all who parse the same text, and nobody changes them.
    """
    return entries(_document(text))


@lru_cache(maxsize=4)  # an update asks several questions of the same two or three texts, and each takes 25 ms to read
def _document(text: str) -> yaml.MappingNode:
    try:
        text.encode()
        if too_deep(text):
            raise ValueError("it is nested too deeply")
        root = _root(text)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise _unreadable(str(error).splitlines()[0]) from None
    if not isinstance(root, yaml.MappingNode):
        raise _unreadable("it is no mapping of sections")
    _refuse_what_is_no_template(root)
    return root


def _root(text: str) -> yaml.Node | None:
    """The outermost node; a text that begins like JSON may still be YAML on one line."""
    if text.lstrip().startswith("{"):
        try:
            return _json(text)
        except json.JSONDecodeError:
            pass
    node: yaml.Node | None = yaml.compose(text, Loader=LOADER)
    return node


def _json(text: str) -> yaml.Node:
    value = json.loads(text, parse_float=Literal)
    json.dumps(value, ensure_ascii=False).encode()  # raises ValueError for half a surrogate pair
    return to_block(value)


def entries(node: yaml.Node | None) -> Entries:
    """The entries of a mapping node; none for any other node. Raises DeployerError for a key that is there twice."""
    if not isinstance(node, yaml.MappingNode):
        return {}
    pairs = [(key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
    result = dict(pairs)
    if len(result) != len(node.value):
        names = [name for name, _ in pairs]
        raise _unreadable(f"{next((n for n in names if names.count(n) > 1), 'a key')} is in one mapping more than once")
    return result


def mapping(content: Mapping[str, yaml.Node], like: yaml.Node | None = None) -> yaml.MappingNode:
    """A mapping node of these entries, in block style unless `like` was written on one line."""
    flow = bool(like.flow_style) if isinstance(like, yaml.MappingNode) else False
    return yaml.MappingNode(MAP, [(to_node(key), node) for key, node in content.items()], flow_style=flow)


def with_property(resource: yaml.Node, key: str, value: yaml.Node) -> yaml.Node:
    """The resource with one more property."""
    attributes = entries(resource)
    return mapping(attributes | {"Properties": mapping(entries(attributes["Properties"]) | {key: value})})


def scalar(node: yaml.Node | None) -> str | None:
    """The text of a scalar node; None for any other node."""
    return node.value if isinstance(node, yaml.ScalarNode) else None


def children(node: yaml.Node) -> Iterator[yaml.Node]:
    """What stands directly within a node, values of a mapping without its keys."""
    if isinstance(node, yaml.MappingNode):
        yield from (value for _, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def function(node: yaml.Node) -> tuple[str, yaml.Node] | None:
    """Name without `Fn::` and operand of an intrinsic function, in either form; None for what is no function."""
    if node.tag.startswith("!"):
        return node.tag[1:], _untagged(node)
    if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
        key, operand = node.value[0]
        name = scalar(key) or ""
        if name == "Ref" or name.startswith("Fn::") or (name == "Condition" and isinstance(operand, yaml.ScalarNode)):
            return name.removeprefix("Fn::"), operand
    return None


def _untagged(node: yaml.Node) -> yaml.Node:
    """The operand of a short form: the node without its tag."""
    if isinstance(node, yaml.ScalarNode):
        return yaml.ScalarNode(STR, node.value, style=node.style)
    if isinstance(node, yaml.SequenceNode):
        return yaml.SequenceNode(SEQUENCE, node.value, flow_style=node.flow_style)
    return yaml.MappingNode(MAP, node.value)


def same(one: yaml.Node | None, other: yaml.Node | None) -> bool:
    """Whether two nodes mean the same document, however each is laid out and whichever form its functions have."""
    return plain(one) == plain(other)


def plain(node: yaml.Node | None) -> object:
    """A node as plain values that can be compared: functions by name, mappings without their order."""
    if node is None:
        return None
    named = function(node)
    if named:
        return f"!{named[0]}", _operand(*named)
    if isinstance(node, yaml.MappingNode):
        return {key: plain(value) for key, value in entries(node).items()}
    if isinstance(node, yaml.SequenceNode):
        return [plain(item) for item in node.value]
    return _value(node)


def _operand(name: str, node: yaml.Node) -> object:
    """The operand alone; GetAtt's list is the same as its dotted text."""
    value = plain(node)
    return ".".join(map(str, value)) if name == "GetAtt" and isinstance(value, list) else value


def _value(node: yaml.Node) -> str:
    """CloudFormation reads every scalar as text, and a truth value in whatever spelling as true or false."""
    text = str(node.value)
    if node.tag != "tag:yaml.org,2002:bool":
        return text
    return "true" if text.lower() in ("true", "yes", "on") else "false"


def wire_form(text: str) -> str:
    """The wire form of a template in YAML or JSON. Raises DeployerError when the text is neither, or no template."""
    return text_of(parse(text))


def text_of(sections: Mapping[str, yaml.Node]) -> str:
    """The template in its wire form, ending in a newline: one line per parameter, resource and output."""
    return "".join(_section(name, body) for name, body in sections.items())


def _section(name: str, body: yaml.Node) -> str:
    if not isinstance(body, yaml.MappingNode) or not body.value:
        return f"{name}: {flow(body)}\n"
    return f"{name}:\n" + "".join(f" {flow(key)}: {flow(value)}\n" for key, value in body.value)


def _refuse_what_is_no_template(root: yaml.Node) -> None:
    """Raise DeployerError for an alias, and for a key that one mapping has twice."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            raise _unreadable("it uses YAML aliases, which CloudFormation does not read")
        seen.add(id(node))
        entries(node)
        waiting.extend(children(node))


def _unreadable(why: str) -> DeployerError:
    return DeployerError(
        f"The template cannot be read: {why}.", "Check it with: deployer lint FILE", code="template-unreadable"
    )
