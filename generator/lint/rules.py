"""The product's own rules for templates. Each is one function from a template to places and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TypeAlias

from generator.lint.conditions import may_not_limit
from generator.lint.documents import documents
from generator.lint.permissions import open_permissions
from generator.lint.policy_values import anyone, is_everything, may_allow
from generator.lint.traverse import (
    Path,
    Tree,
    mapping,
    nodes,
    references,
    resources,
    statements,
)
from generator.lint.values import OPEN, Known, known_values, texts
from generator.model.contract import (
    FIXED_PROPERTIES,
    INSTALLATION_NAMES,
    TEMPLATE_LIMIT_BYTES,
    Condition,
    Output,
    Parameter,
    Resource,
)
from generator.model.lint import Level, RuleInfo
from generator.model.parameter_options import REQUIRED
from generator.template.yaml_document import wire_form

Hits: TypeAlias = Iterator[tuple[Path, str]]
Check: TypeAlias = Callable[[Tree, str], Hits]

FIXED = {str(name): properties for name, properties in FIXED_PROPERTIES.items()}
IAM_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::SAMLProvider": "Name",
    "AWS::IAM::ServerCertificate": "ServerCertificateName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::VirtualMFADevice": "VirtualMfaDeviceName",
}
STATEFUL = frozenset(
    {
        "AWS::EC2::Instance",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::SecretsManager::Secret",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
    }
)


def is_ours(template: Tree) -> bool:
    """Whether this is the product's own template, of whatever version."""
    return {Resource.KEEPER_FUNCTION, Resource.INSTANCE} <= set(mapping(template.get("Resources")))


def is_adopted(template: Tree) -> bool:
    """Whether its instance was carried over from another template, which pins no image as ours does."""
    image = mapping(mapping(template.get("Resources")).get(Resource.INSTANCE_IMAGE))
    return is_ours(template) and (not image or "Condition" in image)


def _changeable(template: Tree, value: object, path: Path) -> Iterator[tuple[Path, object]]:
    """The nodes of a value but for those that an adoption carries over letter for letter."""
    adopted = is_adopted(template)
    yield from ((place, node) for place, node in nodes(value, path) if not (adopted and _is_carried(place)))


def _is_carried(path: Path) -> bool:
    """Whether the path leads into the instance, or into a property whose change would replace its resource."""
    section, name, _properties, key = (*path, None, None, None, None)[:4]
    return section == "Resources" and (name == Resource.INSTANCE or key in FIXED.get(str(name), ()))


def _wildcard_resources(template: Tree, _: str) -> Hits:
    for place, statement, known in _unlimited(template, caller=False):
        everywhere = is_everything(statement.get("Resource"), known) or "NotResource" in statement
        # a statement with a principal is of a resource: there `*` is what carries the policy
        if everywhere and not {"Principal", "NotPrincipal"} & set(statement):
            yield place, f"{_called(statement)} allows on every resource, and no condition limits it."


def _open_principals(template: Tree, _: str) -> Hits:
    for place, statement, known in _unlimited(template, caller=True):
        if anyone(statement.get("Principal"), known) or "NotPrincipal" in statement:
            yield place, f"{_called(statement)} lets everyone in."
    for place, name in open_permissions(template, known_values(template, every_answer=True)):
        yield place, f"{name} lets everyone in."


def _called(statement: Tree) -> str:
    return str(statement.get("Sid", "A statement"))


def _unlimited(template: Tree, *, caller: bool) -> Iterator[tuple[Path, Tree, Known]]:
    """The statements that may allow without a condition that limits, and what is known of the values in them."""
    everywhere = known_values(template, every_answer=True)
    for path, document in documents(template, everywhere):
        for place, statement in statements(document, path):
            known = everywhere.at(template, place)
            if may_allow(statement, known) and may_not_limit(statement.get("Condition"), known, caller=caller):
                yield place, statement, known


def _secrets_of(template: Tree) -> set[str]:
    parameters = mapping(template.get("Parameters")).items()
    return {name for name, body in parameters if str(mapping(body).get("NoEcho", "")).lower() == "true"}


def _secret_in(value: object, secrets: set[str]) -> str:
    """The secret that this node would write out; "" for none."""
    for name in sorted(references(value)):
        if name in secrets or name.endswith(".SecretAccessKey"):
            return name
    if isinstance(value, str) and ("{{resolve:secretsmanager" in value or "{{resolve:ssm-secure" in value):
        return "a resolved secret"
    return ""


def _secrets_in_outputs(template: Tree, _: str) -> Hits:
    secrets = _secrets_of(template)
    for path, value in nodes(template.get("Outputs"), ("Outputs",)):
        if secret := _secret_in(value, secrets):
            yield path, f"The output shows {secret}."


def _secrets_in_user_data(template: Tree, _: str) -> Hits:
    secrets = _secrets_of(template)
    for name, _kind, properties in resources(template):
        place: Path = ("Resources", name, "Properties", "UserData")
        for path, value in _changeable(template, properties.get("UserData"), place):
            if secret := _secret_in(value, secrets):
                yield path, f"The user data of {name} contains {secret}: whoever may describe the instance can read it."


def _keys_in_cloudformation(template: Tree, _: str) -> Hits:
    for name, kind, _properties in resources(template):
        if kind == "AWS::IAM::AccessKey":
            yield ("Resources", name), f"{name} is an access key whose secret passes through CloudFormation."


def _sids(template: Tree, _: str) -> Hits:
    """A Sid is there once in a document, and in our template it means one thing: the same statement word for word."""
    meanings: dict[str, Tree] = {}
    for path, document in documents(template, known_values(template, every_answer=True)):
        seen: set[str] = set()
        for place, statement in statements(document, path):
            sid = str(statement.get("Sid", ""))
            if sid and sid in seen:
                yield place, f"The Sid {sid} is used twice."
            elif sid and is_ours(template) and meanings.setdefault(sid, statement) != statement:
                yield place, f"The Sid {sid} stands for two different statements."
            seen.add(sid)


def _size(template: Tree, text: str) -> Hits:
    """Of our template the wire form counts: the file for people is longer, and never sent."""
    size = len((wire_form(text) if is_ours(template) else text).encode())
    if size > TEMPLATE_LIMIT_BYTES:
        yield (), f"The template has {size:,} bytes; above {TEMPLATE_LIMIT_BYTES:,} it cannot be sent without a bucket."


def _fixed_names(template: Tree, _: str) -> Hits:
    """A text in which nothing is open: written out, made of such texts, or left to parameters with a default."""
    known = known_values(template)
    for name, kind, properties in resources(template):
        key = IAM_NAMES.get(kind, "")
        place: Path = ("Resources", name, "Properties", key)
        given = texts(properties.get(key), known.at(template, place[:3]))
        fixed = any(text and OPEN not in text for text in given)
        if fixed and not (is_adopted(template) and _is_carried(place)):
            yield place, f"{key} of {name} is the same in every stack of a region, but IAM's names are global."


def _literal_partitions(template: Tree, _: str) -> Hits:
    for path, value in _changeable(template, template.get("Resources"), ("Resources",)):
        if isinstance(value, str) and "ZipFile" not in path and ("arn:aws:" in value or ".amazonaws.com/" in value):
            yield path, "An ARN or address of one partition: write ${AWS::Partition} and ${AWS::URLSuffix}."


def _deletion_policies(template: Tree, _: str) -> Hits:
    for name, body in mapping(template.get("Resources")).items():
        resource = mapping(body)
        missing = [key for key in ("DeletionPolicy", "UpdateReplacePolicy") if key not in resource]
        carried = is_adopted(template) and name == Resource.INSTANCE
        if str(resource.get("Type")) in STATEFUL and missing and not carried:
            yield ("Resources", name), f"{name} holds state and has no {' and '.join(missing)}."


def _floating_images(template: Tree, _: str) -> Hits:
    for name, kind, properties in resources(template):
        if kind != "AWS::EC2::Instance":
            continue
        place: Path = ("Resources", name, "Properties", "ImageId")
        for path, value in _changeable(template, properties.get("ImageId"), place):
            if isinstance(value, str) and "{{resolve:ssm:" in value:
                yield path, f"The image of {name} is looked up again at each update, which may replace the instance."


def _contract(template: Tree, _: str) -> Hits:
    spared = INSTALLATION_NAMES if is_adopted(template) else frozenset[str]()
    wanted: tuple[tuple[str, type[StrEnum]], ...] = (
        ("Parameters", Parameter),
        ("Resources", Resource),
        ("Outputs", Output),
        ("Conditions", Condition),
    )
    for section, names in wanted:
        for missing in sorted({str(name) for name in names} - spared - set(mapping(template.get(section)))):
            yield (section,), f"{missing} is part of the contract and is missing in {section}."
    for name, body in mapping(template.get("Parameters")).items():
        if name not in REQUIRED and "Default" not in mapping(body) and not is_adopted(template):
            yield ("Parameters", name), f"{name} has no default, so an existing stack could not be updated."


IAM_GUIDE = "IAM user guide, security best practices"
CFN_GUIDE = "CloudFormation user guide"

OWN_RULES: tuple[tuple[RuleInfo, Check], ...] = (
    (RuleInfo("D0001", "No permission on `*` without a condition", Level.ERROR, IAM_GUIDE), _wildcard_resources),
    (RuleInfo("D0002", "No principal `*` without a condition", Level.ERROR, IAM_GUIDE), _open_principals),
    (
        RuleInfo("D0003", "No secret in an output", Level.ERROR, f"{CFN_GUIDE}, NoEcho does not mask outputs"),
        _secrets_in_outputs,
    ),
    (
        RuleInfo("D0004", "No secret in user data", Level.ERROR, "EC2 user guide, user data is not protected"),
        _secrets_in_user_data,
    ),
    (
        RuleInfo("D0005", "No access key made by CloudFormation", Level.ERROR, "docs/explanation/keeper.md"),
        _keys_in_cloudformation,
    ),
    (RuleInfo("D0006", "Every Sid is unique", Level.ERROR, "IAM user guide, Sid"), _sids),
    (RuleInfo("D0007", "At most 51,200 bytes as it is sent", Level.ERROR, f"{CFN_GUIDE}, quotas"), _size),
    (RuleInfo("D0008", "No fixed IAM name", Level.ERROR, "IAM user guide, names are global"), _fixed_names),
    (
        RuleInfo("D0009", "No partition written out", Level.ERROR, f"{CFN_GUIDE}, pseudo parameters"),
        _literal_partitions,
    ),
    (
        RuleInfo("D0010", "No floating image", Level.ERROR, "docs/decisions/0002-image-pinned-by-the-keeper.md"),
        _floating_images,
    ),
    (
        RuleInfo(
            "D0011",
            "State has deletion policies",
            Level.ERROR,
            "docs/decisions/0003-how-resources-end.md",
        ),
        _deletion_policies,
    ),
    (
        RuleInfo("D0012", "The contract is complete", Level.ERROR, "generator/model/contract.py", ours_only=True),
        _contract,
    ),
)
OF_FAILURE = RuleInfo("D0000", "Every rule of deployer runs on every template", Level.ERROR, "generator/lint/engine.py")
"""Found when a rule fails on a template: the other findings are still complete."""

OF_VARIANTS = RuleInfo(
    "D0013", "Every reference exists with every Yes and No", Level.ERROR, "generator/lint/variants.py"
)
"""Checked for each combination of answers, not for the template as a whole."""


def rules() -> list[RuleInfo]:
    """The product's own rules, for docs and reports."""
    return [OF_FAILURE, *(info for info, _ in OWN_RULES), OF_VARIANTS]
