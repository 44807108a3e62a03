"""What stands in the way of an adoption: each finding is a refusal that names it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import yaml

from generator.errors import DeployerError
from generator.model.contract import PUBLISHED_RESOURCES, Resource
from generator.template.references import references_of_entry
from generator.template.yaml_document import Entries, children, entries, plain, same

INSTANCE = str(Resource.INSTANCE)
NOUNS = {"Resources": "resource", "Parameters": "parameter"}
Sections = dict[str, Entries]
"""The entries of each section of a template, by the section's name."""


REMEDY = "Take that out of the stack's template with an update of your own, then run it again."


def refused(why: str, remedy: str = REMEDY) -> DeployerError:
    """The error for a live template that cannot be brought to this version; `why` is a clause that names the thing."""
    return DeployerError(
        f"The stack's template cannot be brought to this version: {why}.",
        f"Nothing was changed. {remedy}",
        code="not-adoptable",
    )


def refuse_macros(live: Entries) -> None:
    """Raise DeployerError for what changes the meaning of the rest of a template when it is processed."""
    for section in ("Transform", "Hooks", "Fn::Transform"):
        if section in live:
            raise refused(f"it has a section {section}, which changes what the other sections say")
    for node in live.values():
        for inner in _within(node):
            if inner.tag == "!Transform" or "Fn::Transform" in entries(inner):
                raise refused("it uses Fn::Transform, which changes what stands next to it")


def require_the_same_types(ours: Sections, live: Sections) -> None:
    """Raise DeployerError unless it is a DeepSQL stack, and each name is of one kind and one type in both templates."""
    if INSTANCE not in live["Resources"]:
        raise refused(
            "it has no resource Instance, so it is no DeepSQL stack",
            "Check --stack-name, --region and --profile: another stack may be meant.",
        )
    for one, other in (("Parameters", "Resources"), ("Resources", "Parameters")):
        for name in sorted(set(live[one]) & set(ours[other])):
            raise refused(f"its {NOUNS[one]} {name} has the name of a {NOUNS[other]} of this version")
    for section, noun in NOUNS.items():
        for name, node in live[section].items():
            was, now = type_of(node), type_of(ours[section].get(name, node))
            if was != now:
                raise refused(f"its {noun} {name} is of type {was}, and this version's is of type {now}")


def require_no_name_of_ours(ours: Sections, live: Sections) -> None:
    """Raise DeployerError where a template that is none of ours has a resource or rule of its own by a name of ours."""
    if str(Resource.KEEPER_FUNCTION) in live["Resources"]:
        return
    for name in sorted(set(live["Resources"]) & set(ours["Resources"]) - PUBLISHED_RESOURCES):
        raise refused(f"its resource {name} has the name of one that this version adds")
    for name in sorted(set(live["Rules"]) & set(ours["Rules"])):
        if not same(live["Rules"][name], ours["Rules"][name]):
            raise refused(f"its rule {name} says something else than this version's rule of that name")


def require_an_order(resources: Entries) -> None:
    """Raise DeployerError where carried pieces and ours would wait for each other."""
    graph = {name: references_of_entry(node).names & set(resources) for name, node in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise refused(f"these would wait for each other: {', '.join(error.args[1])}") from None


def type_of(node: yaml.Node) -> str:
    """The `Type` of a resource or parameter."""
    return str(plain(entries(node).get("Type")))


def has_dynamic_reference(node: yaml.Node) -> bool:
    """Whether a text within it is one that CloudFormation reads from elsewhere, such as `{{resolve:ssm:…}}`."""
    return any(isinstance(inner, yaml.ScalarNode) and "{{resolve:" in inner.value for inner in _within(node))


def _within(node: yaml.Node) -> Iterator[yaml.Node]:
    yield node
    for child in children(node):
        yield from _within(child)
