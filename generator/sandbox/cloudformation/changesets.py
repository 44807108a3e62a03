"""Change sets: removals by condition, references of live branches only, property values, NoEcho values masked.

AWS compares the resources that the conditions of both templates leave. MiniStack ignores conditions, shows NoEcho
values in clear and has no property values (IncludePropertyValues).
"""

from __future__ import annotations

import copy
import json
from typing import Any
from xml.etree import ElementTree as ET

from ministack.services import cloudformation
from ministack.services.cloudformation import _change_sets, _stacks, changesets, engine

from generator.sandbox.cloudformation.drift import LOST, without_lost
from generator.sandbox.service_api import NAMESPACES, Answer, Params, Proceed, serve

LATER = "{{changeSet:KNOWN_AFTER_APPLY}}"  # AWS's own words for a value that execution will tell
MASK = "****"
NAMESPACE = NAMESPACES["cloudformation"]

_resolve_refs = engine._resolve_refs
_diff = changesets._diff_resources

Template = dict[str, Any]


class _AnyAttribute(dict[str, str]):
    """The attributes of a resource that does not exist yet."""

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return LATER


def install() -> None:
    """Replace both parts of the comparison, and the description."""
    changesets._resolve_props_for_diff = resolve
    changesets._diff_resources = diff
    serve(cloudformation, {"DescribeChangeSet": describe})


def resolve(template: Template, params: dict[str, Any], stack_name: str, stack_id: str) -> Template:
    """The template under these parameters: without the resources whose condition is false, Fn::If replaced.

    AWS compares the resources that would exist. MiniStack ignores conditions ("didn't contain changes" for a flip) and
    reports the change of a parameter that only a branch not taken refers to. `_pruned` still has Ref, GetAtt and Sub.
    """
    if not template:
        return {}
    conditions = engine._evaluate_conditions(template, params)
    alive = {
        logical_id: resource
        for logical_id, resource in template.get("Resources", {}).items()
        if conditions.get(resource.get("Condition"), True)
    }
    stack = _stacks.get(stack_name) or {}
    existing = stack.get("_resources", {})
    if template is not stack.get("_template"):  # the side that is to come
        existing = {logical_id: resource for logical_id, resource in existing.items() if logical_id not in LOST.get()}
    later = {"PhysicalResourceId": LATER, "Attributes": _AnyAttribute()}
    resources = {logical_id: existing.get(logical_id, later) for logical_id in alive}
    context = (resources, params, conditions, template.get("Mappings", {}), stack_name, stack_id)
    return {
        "Resources": {k: {**v, "Properties": _properties(v, context)} for k, v in alive.items()},
        "_pruned": {"Resources": {k: _decided(v, conditions) for k, v in alive.items()}},
        "_secrets": [str(v["Value"]) for v in params.values() if v.get("NoEcho") and v.get("Value")],
    }


def diff(
    old: Template, new: Template, resources: Any = None, template: Any = None, changed: Any = (), retag: Any = ()
) -> list[dict[str, Any]]:
    """MiniStack's comparison of two resolved templates, each change with its values for IncludePropertyValues."""
    old = without_lost(old)
    changes: list[dict[str, Any]] = _diff(old, new, resources, new.get("_pruned", template), changed, retag)
    secrets = [*old.get("_secrets", ()), *new.get("_secrets", ())]
    for change in changes:
        logical_id = change["ResourceChange"]["LogicalResourceId"]
        before, after = (side.get("Resources", {}).get(logical_id) for side in (old, new))
        change["_before"], change["_after"] = _masked(before, secrets), _masked(after, secrets)
    return changes


def describe(params: Params, proceed: Proceed) -> Answer:
    """MiniStack's answer, with NoEcho parameters masked (it shows them in clear) and the property values it lacks."""
    status, headers, body = proceed()
    if status != 200:
        return status, headers, body
    ET.register_namespace("", NAMESPACE)
    root = ET.fromstring(body)  # noqa: S314 - written by MiniStack in this process
    change_set = _change_sets[root.findtext(f".//{_tag('ChangeSetId')}")]
    _mask_parameters(root, change_set)
    if str(params.get("IncludePropertyValues", "")).lower() == "true":
        _add_values(root, change_set)
    return status, headers, ET.tostring(root, encoding="utf-8", xml_declaration=True)


def find(identifier: str) -> dict[str, Any] | None:
    """A change set by its ARN."""
    change_set: dict[str, Any] | None = _change_sets.get(identifier)
    return change_set


def _properties(resource: dict[str, Any], context: tuple[Any, ...]) -> dict[str, Any]:
    raw = copy.deepcopy(resource.get("Properties", {}))
    try:
        return dict(_resolve_refs(raw, *context))
    except ValueError:  # an attribute the resource does not have: execution will say so
        return dict(raw)


def _decided(value: Any, conditions: dict[str, bool]) -> Any:
    """A part of a template with each Fn::If replaced by its live branch."""
    if isinstance(value, list):
        items = [_decided(item, conditions) for item in value]
        return [item for item in items if item != {"Ref": "AWS::NoValue"}]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        name, yes, no = value["Fn::If"]
        return _decided(yes if conditions.get(name) else no, conditions)
    pairs = {key: _decided(item, conditions) for key, item in value.items()}
    return {key: item for key, item in pairs.items() if item != {"Ref": "AWS::NoValue"}}


def _masked(resource: dict[str, Any] | None, secrets: list[str]) -> dict[str, Any]:
    """The resource without the values of NoEcho parameters."""
    if resource is None:
        return {}
    text = json.dumps({key: resource[key] for key in ("Properties", "Metadata", "DeletionPolicy") if key in resource})
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(json.dumps(secret)[1:-1], MASK)
    masked: dict[str, Any] = json.loads(text)
    return masked


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _mask_parameters(root: ET.Element, change_set: dict[str, Any]) -> None:
    hidden = {key for key, value in change_set.get("_resolved_params", {}).items() if value.get("NoEcho")}
    for member in root.iterfind(f".//{_tag('Parameters')}/{_tag('member')}"):
        value = member.find(_tag("ParameterValue"))
        if member.findtext(_tag("ParameterKey")) in hidden and value is not None:
            value.text = MASK


def _add_values(root: ET.Element, change_set: dict[str, Any]) -> None:
    """What IncludePropertyValues adds to each change, and leaves out of the list."""
    listed = root.find(f".//{_tag('Changes')}")
    if listed is None:
        return
    changes = change_set.get("Changes", [])
    in_place = {c["LogicalResourceId"] for c in _resource_changes(changes) if c.get("Replacement") == "False"}
    for member, change in list(zip(listed.findall(_tag("member")), changes, strict=True)):
        if _is_false_echo(change, in_place):
            listed.remove(member)
        else:
            _add_values_of(member.find(_tag("ResourceChange")), change)


def _resource_changes(changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [change["ResourceChange"] for change in changes]


def _is_false_echo(change: dict[str, Any], in_place: set[str]) -> bool:
    """Whether it only refers to an attribute of what is changed in place, and has the same values as before.

    AWS leaves those out with IncludePropertyValues, and lists them without (recorded pairs).
    """
    details = change["ResourceChange"].get("Details", [])
    referring = all(
        d.get("Evaluation") == "Dynamic" and str(d.get("CausingEntity", "")).partition(".")[0] in in_place
        for d in details
    )
    return bool(details) and referring and change.get("_before") == change.get("_after")


def _add_values_of(element: ET.Element | None, change: dict[str, Any]) -> None:
    if element is None:
        return
    if change["ResourceChange"]["Action"] == "Add":  # as AWS has it with property values (recorded)
        ET.SubElement(element, _tag("Replacement")).text = "True"
    sides = {"Before": change.get("_before", {}), "After": change.get("_after", {})}
    for side, resource in sides.items():
        if resource:
            ET.SubElement(element, _tag(f"{side}Context")).text = json.dumps(resource)
    for target in element.iterfind(f"{_tag('Details')}/{_tag('member')}/{_tag('Target')}"):
        _add_target_values(target, sides)


def _add_target_values(target: ET.Element, sides: dict[str, dict[str, Any]]) -> None:
    name = target.findtext(_tag("Name"))
    if name is None:
        return
    present = {side: resource.get("Properties", {}).get(name) for side, resource in sides.items()}
    ET.SubElement(target, _tag("Path")).text = f"/Properties/{name}"
    for side, value in present.items():
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            ET.SubElement(target, _tag(f"{side}Value")).text = text
    kind = "Add" if present["Before"] is None else "Remove" if present["After"] is None else "Modify"
    ET.SubElement(target, _tag("AttributeChangeType")).text = kind
