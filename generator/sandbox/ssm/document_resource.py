"""AWS::SSM::Document over the sandbox's documents. MiniStack has neither the type nor documents."""

from __future__ import annotations

import json
from typing import Any

from generator.errors import DeployerError
from generator.sandbox.cloudformation.naming import random_name
from generator.sandbox.cloudformation.resource_types import Created, Properties, register
from generator.sandbox.control import take_failure
from generator.sandbox.ssm import documents

# createOnly and conditionalCreateOnly of the schema; a changed Content replaces unless UpdateMethod is NewVersion
REPLACING = ("Name", "DocumentType")
CONDITIONAL = ("Content", "Attachments", "VersionName", "DocumentFormat", "TargetType", "Requires")


def install() -> None:
    """Add the type."""
    register("AWS::SSM::Document", create, update, delete, replacing=REPLACING, conditionally=CONDITIONAL, tags=True)


def create(logical_id: str, props: Properties, stack: str) -> Created:
    """CreateDocument; ValueError with SSM's sentence."""
    name = props.get("Name") or random_name(stack, logical_id)
    try:
        documents.create(
            name,
            _text(props["Content"]),
            document_type=props.get("DocumentType", "Command"),
            document_format=props.get("DocumentFormat", "JSON"),
            version_name=props.get("VersionName", ""),
            tags={tag["Key"]: tag["Value"] for tag in props.get("Tags") or []},
            target_type=props.get("TargetType", ""),
        )
    except DeployerError as error:
        raise ValueError(error.message) from error
    return name, {}


def update(physical_id: str, old: Properties, new: Properties, stack: str, logical_id: str) -> Created:
    """A new version made the default one, or (UpdateMethod Replace, the default) another document."""
    changed = _text(new["Content"]) != _text(old["Content"])
    if changed and new.get("UpdateMethod", "Replace") == "Replace":
        return create(logical_id, new, stack)
    try:
        if changed:
            version = _version(physical_id, _text(new["Content"]))
            if take_failure(stack, logical_id, "default-version") is None:
                documents.set_default_version(physical_id, version)
    except DeployerError as error:
        raise ValueError(error.message) from error
    if document := documents.find(physical_id):
        document.tags.update({tag["Key"]: tag["Value"] for tag in new.get("Tags") or []})
    return physical_id, {}


def delete(physical_id: str, props: Properties) -> None:
    """DeleteDocument; one that is gone is no error."""
    if documents.find(physical_id):
        documents.delete(physical_id)


def _version(name: str, text: str) -> str:
    """The version with this content, an earlier one when a rollback brings it back."""
    contents = documents.get(name).contents
    return next((number for number, content in contents.items() if content == text), "") or documents.update(name, text)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)
