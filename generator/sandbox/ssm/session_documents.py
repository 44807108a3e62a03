"""The content of a session document: what SSM refuses about it, and the session it describes. Pure functions.

Schema: Systems Manager user guide, "Session document schema".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from generator.errors import DeployerError

SESSION_TYPES = ("Standard_Stream", "InteractiveCommands", "NonInteractiveCommands", "Port")
_PARAMETER = re.compile(r"\{\{\s*([A-Za-z0-9_:]+)\s*\}\}")
_REQUIRED_INPUTS = ("s3EncryptionEnabled", "cloudWatchEncryptionEnabled", "runAsEnabled")


@dataclass(frozen=True)
class SessionPlan:
    """What a session will do: its type, the handshake's properties, and the document's inputs."""

    type: str
    properties: Any = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)


def parse(content: str, document_format: str) -> Any:
    """The content as values; ValueError or yaml.YAMLError when it is not written in its format."""
    return json.loads(content) if document_format == "JSON" else yaml.safe_load(content)


def fault(content: str, document_format: str, document_type: str) -> str:
    """Why SSM refuses this content, as one sentence; "" when it does not."""
    if document_format not in ("JSON", "YAML"):
        return f"The sandbox does not support the document format {document_format}."
    try:
        document = parse(content, document_format)
    except (ValueError, yaml.YAMLError):
        return f"{document_format} not well-formed."
    if not isinstance(document, dict) or not document.get("schemaVersion"):
        return "Document must have a schemaVersion."
    return _session_fault(document) if document_type == "Session" else ""


def plan(document: dict[str, Any], given: dict[str, list[str]]) -> SessionPlan:
    """The session a document makes of the caller's parameters; refuses with InvalidParameters."""
    values = _parameter_values(document.get("parameters") or {}, given)
    return SessionPlan(
        str(document.get("sessionType", "Standard_Stream")),
        _filled_in(document.get("properties") or {}, values),
        _filled_in(document.get("inputs") or {}, values),
    )


def _session_fault(document: dict[str, Any]) -> str:
    if document["schemaVersion"] != "1.0":
        return "A document of type Session has schemaVersion 1.0."
    kind = document.get("sessionType")
    if kind not in SESSION_TYPES:
        return f"sessionType {kind} is not one of {', '.join(SESSION_TYPES)}."
    inputs = document.get("inputs") or {}
    absent = [name for name in _REQUIRED_INPUTS if name not in inputs]
    if kind == "Standard_Stream" and absent:
        return f"inputs has no {absent[0]}."
    if kind == "Port" and "portNumber" not in (document.get("properties") or {}):
        return "properties of a Port document has no portNumber."
    return _parameters_fault(document) or _timeouts_fault(inputs)


def _parameters_fault(document: dict[str, Any]) -> str:
    declared = document.get("parameters") or {}
    used = set(_PARAMETER.findall(json.dumps([document.get("properties"), document.get("inputs")])))
    if undeclared := used - set(declared):
        return f"The parameter {sorted(undeclared)[0]} is used but not declared."
    for name, parameter in declared.items():
        try:
            re.compile(parameter.get("allowedPattern", ""))
        except re.error:
            return f"The allowedPattern of {name} is not a regular expression."
    return ""


def _timeouts_fault(inputs: dict[str, Any]) -> str:
    for name, most in (("idleSessionTimeout", 60), ("maxSessionDuration", 1440)):
        value = inputs.get(name, "")
        if value not in ("", None) and not (str(value).isdigit() and 1 <= int(value) <= most):
            return f"{name} is a number of minutes from 1 to {most}."
    return ""


def _parameter_values(declared: dict[str, Any], given: dict[str, list[str]]) -> dict[str, str]:
    if unknown := set(given) - set(declared):
        raise DeployerError(f"Parameter {sorted(unknown)[0]} is not defined in the document.", code="InvalidParameters")
    values = {}
    for name, parameter in declared.items():
        default = parameter.get("default")
        value = ",".join(map(str, given[name])) if name in given else default
        if value is None:
            raise DeployerError(f'Parameter "{name}" requires a value.', code="InvalidParameters")
        pattern, choices = parameter.get("allowedPattern"), parameter.get("allowedValues")
        if pattern and not re.search(pattern, str(value)):
            raise DeployerError(
                f'Parameter "{name}" has value "{value}" not matching "{pattern}".', code="InvalidParameters"
            )
        if choices and str(value) not in map(str, choices):
            raise DeployerError(f'Parameter "{name}" has value "{value}" not in {choices}.', code="InvalidParameters")
        values[name] = str(value)
    return values


def _filled_in(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_in(item, values) for item in value]
    return _PARAMETER.sub(lambda m: values.get(m[1], m[0]), value) if isinstance(value, str) else value
