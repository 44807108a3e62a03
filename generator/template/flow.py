"""YAML nodes in flow style, the shortest form that every YAML parser reads: `{Type: String,Default: ""}`.

Each scalar keeps its text, letter for letter. What a parser might read otherwise is quoted, and text of several lines
is in double quotes with its line breaks as `\\n`, which needs no indentation.
"""

from __future__ import annotations

import json
import re

import yaml

from generator.template.yaml_nodes import RESOLVER, STR

PLAIN = re.compile(
    r"[\w/.$(^](?:[^{}\[\],:#'\"\\\x00-\x1f\x7f-\U0010ffff]|(?<=\w):{1,2}(?=[A-Za-z*]))*(?<! )", re.ASCII
)
"""Text that is the same in flow style without quotes. A colon only between letters, as in names of AWS (aws:SourceArn,
AWS::NoValue): published templates have these without quotes; on any other colon within flow style parsers differ."""
ESCAPED = re.compile(r"[^\x20-\x7e]")
"""What YAML takes in an escape only, and whatever is outside ASCII, which CloudFormation would give back as `?`."""


def flow(node: yaml.Node) -> str:
    """The node on one line."""
    if isinstance(node, yaml.MappingNode):
        tag = _tag(node, yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG)
        return tag + "{" + ",".join(f"{flow(key)}: {flow(value)}" for key, value in node.value) + "}"
    if isinstance(node, yaml.SequenceNode):
        tag = _tag(node, yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG)
        return tag + "[" + ",".join(map(flow, node.value)) + "]"
    assert isinstance(node, yaml.ScalarNode)
    return _scalar(node)


def _scalar(node: yaml.ScalarNode) -> str:
    """Without quotes only where that gives the same type: 2012-10-17 as a text has them, as a date it has none."""
    plain = bool(PLAIN.fullmatch(node.value))
    if RESOLVER.resolve(yaml.ScalarNode, node.value, (True, False)) == node.tag:  # type: ignore[no-untyped-call]
        return node.value if plain or node.tag != STR else _quoted(node.value)
    return _tag(node, STR) + (node.value if plain and node.tag != STR else _quoted(node.value))


def _tag(node: yaml.Node, usual: str) -> str:
    """The tag of the node with a blank after it; nothing where a parser gives the node that tag by itself."""
    if node.tag == usual:
        return ""
    return f"{node.tag} " if node.tag.startswith("!") else f"!<{node.tag}> "


def _quoted(text: str) -> str:
    if not text or ESCAPED.search(text):
        return ESCAPED.sub(lambda match: _escape(ord(match[0])), json.dumps(text, ensure_ascii=False))
    return "'" + text.replace("'", "''") + "'"


def _escape(code: int) -> str:
    """YAML's own escape; JSON's pairs of surrogates are two characters to it."""
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
