"""permissions: the IAM policies with which a person, or a service role, may run commands. Changes nothing in AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.errors import UsageError
from generator.gateway.aws import Gateway
from generator.model.arn import Arn
from generator.model.deployment import DEFAULT_STACK_NAME
from generator.model.engineers import DEFAULT_STACK_NAME as ENGINEERS_STACK
from generator.model.permissions import PUBLISH, Need, Part, needs, of_engineers, parse_verbs
from generator.model.publishing import DEFAULT_PREFIX
from generator.policies.operator import Place, characters, operator_policies, sid

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "LetCloudFormationAssumeTheRole",
            "Effect": "Allow",
            "Principal": {"Service": "cloudformation.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
"""The trust policy of a service role (CloudFormation user guide, "AWS CloudFormation service role")."""


@dataclass(frozen=True)
class PermissionsRequest:
    """For which commands, and where. `account` "" is the caller's.

    `service_role`, `bucket`: the name of what `up --role-arn` and `--s3-bucket` get, "" for none; `publish` writes
    below `prefix` in that bucket. `signing_key`: who signs, as `publish --key` takes it. `engineers_stack`: the name of
    that stack, "" for its usual one; where no other command is named, the deployment's name is taken for it.
    """

    words: tuple[str, ...]
    account: str = ""
    without: tuple[str, ...] = ()
    user_name: str = ""
    role_name: str = ""
    service_role: str = ""
    instance_name: str = ""
    bucket: str = ""
    directory: Path | None = None
    prefix: str = DEFAULT_PREFIX
    signing_key: str = ""
    engineers_stack: str = ""


@dataclass(frozen=True)
class StatementPurpose:
    """What one statement of a policy is for."""

    sid: str
    purpose: str


@dataclass(frozen=True)
class NamedPolicy:
    """A managed policy to create: its name, whose it is ("person" or "service role"), where it was written."""

    name: str
    whose: str
    characters: int
    purposes: tuple[StatementPurpose, ...]
    document: dict[str, object]
    file: str = ""


@dataclass(frozen=True)
class Permissions:
    """What these commands need, as policies ready to be created."""

    verbs: tuple[str, ...]
    region: str
    account: str
    policies: tuple[NamedPolicy, ...]
    service_role: str = ""
    trust: dict[str, object] | None = None
    trust_file: str = ""


def permissions(gateway: Gateway, request: PermissionsRequest) -> Permissions:
    """The policies, written to files where a directory is named. Raises UsageError; asks STS only for the account."""
    chosen = parse_verbs(request.words)
    if PUBLISH in chosen and not request.bucket:
        raise UsageError("publish writes to a bucket, and none is named.", "Name it: --s3-bucket NAME")
    key = _key_resource(request.signing_key)
    request = replace(request, service_role=_role_name(request.service_role), signing_key=key)
    place = _place(gateway, request)
    policies = tuple(
        policy
        for verbs, of_stack in _by_stack(chosen, place, request)
        for policy in _policies(_needs(verbs, request), of_stack, request, _base(verbs, of_stack))
    )
    trust: dict[str, object] | None = {**TRUST} if request.service_role else None
    trust_file = _write(request.directory, f"{request.service_role}-trust", trust) if trust else ""
    return Permissions(chosen, place.region, place.account, policies, request.service_role, trust, trust_file)


def _by_stack(
    chosen: Sequence[str], place: Place, request: PermissionsRequest
) -> Iterator[tuple[tuple[str, ...], Place]]:
    """The commands about the product's stack, and those about the engineers', each with the names of its own stack."""
    engineers = tuple(verb for verb in chosen if of_engineers(verb))
    if others := tuple(verb for verb in chosen if verb not in engineers):
        yield others, place
    if engineers:
        given = "" if others or place.stack_name == DEFAULT_STACK_NAME else place.stack_name
        name = request.engineers_stack or given or ENGINEERS_STACK
        yield engineers, replace(place, stack_name=name, documents=f"{name}-*")


def _needs(verbs: Sequence[str], request: PermissionsRequest) -> tuple[Need, ...]:
    return needs(
        verbs,
        request.without,
        service_role=bool(request.service_role),
        bucket=bool(request.bucket),
        signing_key=bool(request.signing_key),
    )


def _role_name(text: str) -> str:
    """The name of a role, given as that or by its ARN, as `up --role-arn` takes it. Raises UsageError."""
    name = re.sub(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/", "", text)
    if name and not re.fullmatch(r"[\w+=,.@-]{1,64}", name):
        raise UsageError(
            f"--service-role takes the name of a role, and {text!r} is none.",
            "Give the name alone, without a path, for example: --service-role deepsql-cloudformation",
        )
    return name


def _key_resource(reference: str) -> str:
    """key/ID of a key in KMS; "" for a key elsewhere, which needs no permission. Raises UsageError for an alias."""
    if not reference.startswith("awskms://"):
        return ""
    named = re.fullmatch(r"awskms:///(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?([A-Za-z0-9-]{1,128})", reference)
    if named is None:
        raise UsageError(
            f"{reference} names no key of KMS by its ID or ARN, and an alias can be given to another key.",
            "Write awskms:///ID. An alias's: aws kms describe-key --key-id alias/NAME --query KeyMetadata.KeyId",
            code="bad-key",
        )
    return f"key/{named[1]}"


def _place(gateway: Gateway, request: PermissionsRequest) -> Place:
    if not gateway.region:
        raise UsageError("No AWS region is set.", "Give --region eu-central-1, or set AWS_REGION.", code="no-region")
    if request.account and not re.fullmatch(r"[0-9]{12}", request.account):
        raise UsageError(
            f"{request.account} cannot be the number of an account.", "Give its twelve digits.", code="bad-account"
        )
    partition, account = gateway.partition, request.account
    if not account:
        caller = Arn.parse(gateway.sts.get_caller_arn())
        partition, account = caller.partition, caller.account
    names = (request.user_name, request.role_name, request.service_role, request.instance_name, request.bucket)
    published = (request.prefix, request.signing_key)
    return Place(gateway.deployment.stack_name, gateway.region, account, partition, *names, *published)


def _base(chosen: Sequence[str], place: Place) -> str:
    """What the names of the person's policies begin with."""
    return "deepsql-publisher" if set(chosen) == {PUBLISH} else f"{place.stack_name}-operator"


def _policies(
    selected: Sequence[Need], place: Place, request: PermissionsRequest, persons: str
) -> Iterator[NamedPolicy]:
    """The person's policies and, where a service role works on the stack, that role's."""
    of_role = [need for need in selected if request.service_role and need.part is Part.HANDLERS]
    of_person = [need for need in selected if need not in of_role]
    for whose, part in (("person", of_person), ("service role", of_role)):
        documents = operator_policies(part, place, via_cloudformation=whose == "person")
        purposes = {sid(need): need.scope.purpose for need in part}
        base = persons if whose == "person" else place.service_role
        for number, document in enumerate(documents, 1):
            name = f"{base}-{number}"
            used = tuple(StatementPurpose(each, purposes[each]) for each in _sids(document))
            file = _write(request.directory, name, document)
            yield NamedPolicy(name, whose, characters(document), used, document, file)


def _sids(document: dict[str, object]) -> list[str]:
    statements = document["Statement"]
    return [statement["Sid"] for statement in statements] if isinstance(statements, list) else []


def _write(directory: Path | None, name: str, document: object) -> str:
    """Write one document to NAME.json; its path, "" without a directory."""
    if directory is None:
        return ""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return str(path)
