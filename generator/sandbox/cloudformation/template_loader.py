"""Templates are read by libyaml, where PyYAML has it, and with the domain of the region's partition.

Every change set reads a template or two. MiniStack's loader, in Python, takes a tenth of a second for ours; the same
loader on libyaml's parser takes a tenth of that. MiniStack's `AWS::URLSuffix` is amazonaws.com in every region.
"""

from __future__ import annotations

from typing import Any

import yaml
from ministack.core.responses import get_region
from ministack.services.cloudformation import engine

from generator.sandbox.partitions import dns_suffix

_SUFFIX = "AWS::URLSuffix"


def install() -> None:
    """Put MiniStack's tags on the fast parser."""
    base = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

    class Loader(base):  # type: ignore[misc, valid-type]
        yaml_constructors = engine.CfnLoader.yaml_constructors
        yaml_implicit_resolvers = engine.CfnLoader.yaml_implicit_resolvers

        def get_single_data(self) -> Any:
            return _in_region(super().get_single_data())

    engine.CfnLoader = Loader


def _in_region(value: Any) -> Any:
    """The template with AWS::URLSuffix filled in where that is not what MiniStack would say."""
    suffix = dns_suffix(get_region())
    return value if suffix == "amazonaws.com" else _filled(value, suffix)


def _filled(value: Any, suffix: str) -> Any:
    if value == {"Ref": _SUFFIX}:
        return suffix
    if isinstance(value, dict):
        return {key: _filled(inner, suffix) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, suffix) for inner in value]
    return value.replace(f"${{{_SUFFIX}}}", suffix) if isinstance(value, str) else value
