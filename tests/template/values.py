"""A template's values as a third library reads them: cfn-flip's rules, on libyaml's parser where PyYAML has it."""

from __future__ import annotations

import json
from typing import Any

import yaml
from cfn_tools.yaml_loader import CfnYamlLoader


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    yaml_constructors = CfnYamlLoader.yaml_constructors
    yaml_multi_constructors = CfnYamlLoader.yaml_multi_constructors


def values_of(text: str) -> Any:
    """A template in JSON or YAML as plain values, short forms written out. As cfn_flip.to_json."""
    try:
        return json.loads(text)
    except ValueError:
        return json.loads(json.dumps(yaml.load(text, _Loader), default=str))
