"""The normal form of a template, in which two can be compared line by line."""

from __future__ import annotations

import json

import yaml

from generator.errors import DeployerError
from generator.template.yaml_nodes import to_node


def normal_form(text: str) -> str:
    """The template as YAML with sorted keys and short-form functions. Raises DeployerError when it cannot be parsed."""
    import cfn_flip  # needed to compare templates, not to emit one

    try:
        value = json.loads(cfn_flip.to_json(text))
    except (ValueError, yaml.YAMLError) as error:
        raise DeployerError(
            f"The template cannot be read: {str(error).splitlines()[0]}.", "deployer lint FILE"
        ) from None
    return str(yaml.serialize(to_node(_sorted(value)), Dumper=yaml.SafeDumper, width=100_000, allow_unicode=True))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _sorted(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value if isinstance(value, (bool, int, str)) else str(value)
