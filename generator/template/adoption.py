"""Take over a stack: this version's template with what an update may not touch as the stack's own template has it.

The instance holds the customer's data, so no upgrade changes its definition, whoever wrote it. It is copied from the
live template node by node, and with it each name that CloudFormation could change only by replacing a resource, and
the parameters, conditions and mappings that these pieces use. Everything else is ours. What cannot be carried over
without changing its meaning is refused by name; nothing is dropped in silence (docs/decisions/0031-adoption.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from generator.model.contract import (
    FIXED_PROPERTIES,
    INSTALLATION_RESOURCES,
    RETIRED_RESOURCES,
    VERSION_KEY,
    Resource,
)
from generator.template.adoption_adjustments import follow_dependencies, follow_installation, follow_secret_name
from generator.template.adoption_checks import (
    INSTANCE,
    Sections,
    has_dynamic_reference,
    refuse_macros,
    refused,
    require_an_order,
    require_no_name_of_ours,
    require_the_same_types,
    type_of,
)
from generator.template.references import NONE, References, references_of, references_of_entry
from generator.template.yaml_document import (
    SEQUENCE,
    Entries,
    children,
    entries,
    mapping,
    parse,
    plain,
    same,
    scalar,
    text_of,
    with_property,
)
from generator.template.yaml_nodes import to_node

IMAGE = str(Resource.INSTANCE_IMAGE)
OURS = frozenset(str(name) for name in Resource)
FIXED = {str(name): properties for name, properties in FIXED_PROPERTIES.items()}


@dataclass(frozen=True)
class Adopted:
    """A merged template, and what was taken from the live one.

    `added`: logical IDs of resources and outputs that neither template's authors but the customer put there.
    `fixed`: parameters that the definition of the instance reaches. `rereads_image`: whether the instance's image is a
    dynamic reference, which CloudFormation reads again whenever it touches the instance.
    """

    text: str
    parameters: frozenset[str]
    resources: frozenset[str]
    added: tuple[str, ...]
    fixed: frozenset[str]
    rereads_image: bool


def adopt(ours: str, live: str, *, replacing: str = "") -> Adopted:
    """Our template, in YAML or JSON, with the pieces of the live template that have to stay as they are.

    `replacing`: the id of the live instance where this version's definition shall take its place; the image lookup then
    accepts this one instance. Raises DeployerError, code `not-adoptable`, which names what cannot be carried over.
    """
    merge = _Merge.of(parse(ours), parse(live))
    merge.replacing = replacing
    return merge.adopted()


def same_document(one: str, other: str) -> bool:
    """Whether two templates mean the same, in whatever layout. Raises DeployerError when one cannot be read."""
    return one == other or {name: plain(node) for name, node in parse(one).items()} == {
        name: plain(node) for name, node in parse(other).items()
    }


def needs_no_update(one: str, other: str) -> bool:
    """Whether they differ in their Metadata at most, which CloudFormation does not update by itself."""
    return one == other or {name: plain(node) for name, node in parse(one).items() if name != "Metadata"} == {
        name: plain(node) for name, node in parse(other).items() if name != "Metadata"
    }


def parameters_of(text: str) -> frozenset[str]:
    """The keys of the parameters that a template declares."""
    return frozenset(entries(parse(text).get("Parameters")))


def version_of(text: str) -> str:
    """The version of this program that wrote a template, "" where it names none."""
    return scalar(entries(parse(text).get("Metadata")).get(VERSION_KEY)) or ""


def is_template(text: str) -> bool:
    """Whether a YAML text is a template of CloudFormation, of whatever."""
    return "Resources" in parse(text)


@dataclass
class _Merge:
    """The work of one adoption: `sections` becomes the result, `carried` collects what came from the live template."""

    sections: Sections
    live: Sections
    plain_sections: Entries
    carried: References
    replacing: str = ""

    @classmethod
    def of(cls, ours: Entries, live: Entries) -> _Merge:
        refuse_macros(live)
        names = ("Parameters", "Mappings", "Rules", "Conditions", "Resources", "Outputs")
        return cls(
            {name: entries(ours.get(name)) for name in names},
            {name: entries(live.get(name)) for name in names},
            {name: node for name, node in ours.items() if name not in names},
            NONE,
        )

    def adopted(self) -> Adopted:
        """Carry over piece by piece, check that every name still means one thing, and drop what nothing uses."""
        require_the_same_types(self.sections, self.live)
        require_no_name_of_ours(self.sections, self.live)
        self._carry_resources()
        self._carry_fixed_properties()
        added = (*self._add("Resources"), *self._add("Outputs"), *self._add("Rules"))
        self._follow()
        self._carry_exports()
        self._carry_names()
        self._drop_unused()
        require_an_order(self.sections["Resources"])
        return Adopted(
            text=text_of(self._whole()),
            parameters=frozenset(self.sections["Parameters"]),
            resources=frozenset(self.sections["Resources"]),
            added=added,
            fixed=self._fixed(),
            rereads_image=any(map(has_dynamic_reference, self._behind_the_instance())),
        )

    def _carry_resources(self) -> None:
        """The instance as it stands there; what only a new instance needs, as it stands there or not at all."""
        ours, live = self.sections["Resources"], self.live["Resources"]
        if self.replacing:
            ours[IMAGE] = with_property(ours[IMAGE], "Replaces", to_node(self.replacing))
            return
        for name in (INSTANCE, *INSTALLATION_RESOURCES):
            if name in live:
                ours[name] = self._from_live(live[name])
            else:
                ours.pop(name, None)

    def _carry_fixed_properties(self) -> None:
        """The properties whose change would replace a resource, or their absence."""
        for name, properties in FIXED.items():
            if name not in self.live["Resources"] or name not in self.sections["Resources"]:
                continue
            was = entries(entries(self.live["Resources"][name]).get("Properties"))
            fixed = {key: self._from_live(node) for key, node in was.items() if key in properties}
            self._change_properties(name, fixed, properties)

    def _change_properties(self, name: str, fixed: Entries, properties: tuple[str, ...]) -> None:
        resource = self.sections["Resources"][name]
        attributes = entries(resource)
        old = attributes.get("Properties")
        rest = {key: node for key, node in entries(old).items() if key not in properties}
        changed = mapping(fixed | rest, like=old if not fixed else None)
        self.sections["Resources"][name] = mapping(attributes | {"Properties": changed})

    def _add(self, section: str) -> tuple[str, ...]:
        """Carry over what somebody added to the stack's template: the names of it."""
        new = {
            name: node
            for name, node in self.live[section].items()
            if name not in self.sections[section] and not (section == "Resources" and name in RETIRED_RESOURCES)
        }
        self.sections[section] |= {name: self._from_live(node) for name, node in new.items()}
        return tuple(new)

    def _from_live(self, node: yaml.Node) -> yaml.Node:
        self.carried |= references_of_entry(node)
        return node

    def _follow(self) -> None:
        """Our pieces that name carried ones: gone with an absent one, conditional with a conditional one."""
        resources = self.sections["Resources"]
        needed = [str(name) for name in INSTALLATION_RESOURCES]
        absent = {name for name in needed if name not in resources}
        conditions = {
            name: entries(resources[name])["Condition"]
            for name in needed
            if name not in absent and "Condition" in entries(resources[name])
        }
        role, secret = str(Resource.INSTANCE_ROLE), str(Resource.SUPPORT_SECRET)
        resources[role] = follow_installation(resources[role], absent, conditions)
        profile = str(Resource.INSTANCE_PROFILE)
        resources[profile] = follow_dependencies(resources[profile], absent | set(conditions))
        self._follow_in_outputs(absent, conditions)
        name = entries(entries(resources[secret]).get("Properties")).get("Name")
        if name is not None:
            follow_secret_name(resources, name)

    def _follow_in_outputs(self, absent: set[str], conditions: Entries) -> None:
        for name, node in list(self.sections["Outputs"].items()):
            used = references_of_entry(node).names
            if used & absent and name in self.live["Outputs"]:
                self.sections["Outputs"][name] = self._from_live(self.live["Outputs"][name])
            elif used & absent:
                del self.sections["Outputs"][name]
            for resource in used & set(conditions):
                self.sections["Outputs"][name] = mapping(entries(node) | {"Condition": conditions[resource]})

    def _carry_exports(self) -> None:
        """An export that another stack may import stays, whatever we say of the output itself."""
        for name, node in self.live["Outputs"].items():
            export = entries(node).get("Export")
            if export is not None and "Export" not in entries(self.sections["Outputs"][name]):
                exported = entries(self.sections["Outputs"][name]) | {"Export": self._from_live(export)}
                self.sections["Outputs"][name] = mapping(exported)

    def _carry_names(self) -> None:
        """The definitions that the carried pieces use: parameters, and conditions and mappings that mean one thing."""
        waiting = self.carried
        conditions: set[str] = set()
        # `Condition` within a Metadata attribute is no function: what names no condition is text.
        while new := (waiting.conditions & set(self.live["Conditions"])) - conditions:
            conditions |= new
            for name in new:
                waiting |= references_of(self.live["Conditions"][name])
        self.carried = waiting
        self._take("Conditions", "condition", conditions)
        self._take("Mappings", "mapping", waiting.mappings)
        parameters = waiting.names & set(self.live["Parameters"])
        for name in sorted(parameters & references_of(self.sections["Resources"][INSTANCE]).names):
            if type_of(self.live["Parameters"][name]).startswith("AWS::SSM::Parameter::Value"):
                raise refused(f"AWS reads its parameter {name} again with every update, and its instance uses it")
        self.sections["Parameters"] |= {name: self.live["Parameters"][name] for name in parameters}
        self._require_resources(waiting.names - parameters)

    def _take(self, section: str, noun: str, names: set[str] | frozenset[str]) -> None:
        for name in sorted(names):
            node = self.live[section][name]
            if not same(self.sections[section].get(name, node), node):
                raise refused(f"its {noun} {name} says something else than this version's {noun} of that name")
            self.sections[section][name] = node

    def _require_resources(self, names: frozenset[str]) -> None:
        for name in sorted(names):
            if name in self.sections["Resources"] or name not in self.live["Resources"]:
                continue
            raise refused(f"a piece that has to stay refers to its resource {name}, which this version removes")

    def _drop_unused(self) -> None:
        """Parameters, conditions and mappings that served only what is not there."""
        used = NONE
        for section in ("Resources", "Outputs", "Rules"):
            for node in self.sections[section].values():
                used |= references_of_entry(node)
        used = self._with_conditions(used)
        self._keep("Conditions", used.conditions)
        self._keep("Mappings", used.mappings)
        self._keep("Parameters", used.names)

    def _keep(self, section: str, names: frozenset[str]) -> None:
        self.sections[section] = {name: node for name, node in self.sections[section].items() if name in names}

    def _whole(self) -> Entries:
        order = ("AWSTemplateFormatVersion", "Description", "Metadata", *self.sections)
        whole = self.plain_sections | {name: mapping(body) for name, body in self.sections.items() if body}
        if "Metadata" in whole:
            whole["Metadata"] = _trimmed_form(whole["Metadata"], set(self.sections["Parameters"]))
        return {name: whole[name] for name in order if name in whole}

    def _fixed(self) -> frozenset[str]:
        """The parameters that would change the instance: in its definition, or in a name that it depends on."""
        return self._reach_of_the_instance().names & set(self.sections["Parameters"])

    def _reach_of_the_instance(self) -> References:
        resources = self.sections["Resources"]
        reach = self._with_conditions(references_of(resources[INSTANCE]))
        seen: set[str] = set()
        while new := (reach.names & set(resources)) - seen:
            seen |= new
            for name in new:
                properties = entries(entries(resources[name]).get("Properties"))
                for key, node in properties.items():
                    used = self._with_conditions(references_of(node))
                    follows = name not in OURS or key in FIXED.get(name, ())
                    reach |= used if follows else References(used.names & set(FIXED))
        return reach

    def _with_conditions(self, used: References) -> References:
        """With what the conditions that it uses use in turn."""
        seen: set[str] = set()
        while new := (used.conditions & set(self.sections["Conditions"])) - seen:
            seen |= new
            for name in new:
                used |= references_of(self.sections["Conditions"][name])
        return used

    def _behind_the_instance(self) -> Iterator[yaml.Node]:
        """What its definition may get a text from: itself, mappings, defaults, resources that are no part of ours."""
        reach = self._reach_of_the_instance()
        yield self.sections["Resources"][INSTANCE]
        for section, names in (("Mappings", reach.mappings), ("Parameters", reach.names), ("Resources", reach.names)):
            for name in names & set(self.sections[section]) - OURS:
                yield self.sections[section][name]


def _trimmed_form(metadata: yaml.Node, parameters: set[str]) -> yaml.Node:
    """The metadata without the parameters that the template no longer has in the console's form."""
    name = "AWS::CloudFormation::Interface"
    form = entries(entries(metadata).get(name))
    if "ParameterGroups" not in form:
        return metadata
    groups = [_trimmed_group(group, parameters) for group in children(form["ParameterGroups"])]
    trimmed = yaml.SequenceNode(SEQUENCE, groups, flow_style=False)
    return mapping(entries(metadata) | {name: mapping(form | {"ParameterGroups": trimmed})})


def _trimmed_group(group: yaml.Node, parameters: set[str]) -> yaml.Node:
    listed = entries(group).get("Parameters")
    if not isinstance(listed, yaml.SequenceNode):
        return group
    remaining = [item for item in listed.value if item.value in parameters]
    return mapping(
        entries(group) | {"Parameters": yaml.SequenceNode(SEQUENCE, remaining, flow_style=listed.flow_style)}
    )
