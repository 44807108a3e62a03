"""`publish`: sign a version, store it where nothing is ever overwritten, point to it, and read it as a customer does.

Every write names what must be there before: nothing, or for the pointer the very object that was read. So a run that
was interrupted is run again, and two at once cannot mix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote, urlencode

from generator import __version__
from generator.errors import DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.deployment import DEFAULT_STACK_NAME
from generator.model.publishing import BUNDLE_SUFFIX, PassphraseCaller
from generator.model.release import (
    LONGEST_ADDRESS,
    STACK_FILE,
    WIRE_FILE,
    Published,
    PublishPlan,
    PublishRequest,
    ReleaseFile,
    checked_parameters,
)
from generator.model.signature import PublicKey, Signer, sha256_of
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing import bucket, pointer, release
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.release import Release
from generator.operations.publishing.signer import signer_of
from generator.operations.publishing.verify import read

CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class PublishCaller(Caller, PassphraseCaller, Protocol):
    """What `publish` asks of its caller: the plan's question, and the passphrase of the key."""


def publish(
    gateway: Gateway, request: PublishRequest, caller: PublishCaller, clock: Clock = SYSTEM
) -> PublishPlan | Published:
    """Publish this version; with `plan_only` return the plan. What is there already with the same content stays.

    Raises Refused for a bucket that is not fit, for a version that is there with other content, and where reading it
    back shows anything else; UsageError, Declined, NotFound and AwsError.
    """
    parameters = checked_parameters(request.parameters)
    signer = signer_of(gateway, request.key, caller)
    trusted = (signer.public_key, *(trusted_keys(request.also_trusted) if request.also_trusted else ()))
    made = _read(gateway, request, signer, trusted)
    plan = _plan(gateway, made, parameters, clock)
    if request.plan_only:
        return plan
    caller.show(plan)
    _require_fit(plan)
    if plan.new or plan.moves_pointer:
        caller.confirm(plan)
    written = [*_write(gateway, made), *([pointer.write(gateway, made, clock)] if plan.moves_pointer else [])]
    return _read_back(gateway, made, plan, tuple(written))


def _read(gateway: Gateway, request: PublishRequest, signer: Signer, trusted: tuple[PublicKey, ...]) -> Release:
    """What there is to publish and what is there of it. Raises Refused for other content."""
    made = Release(request, signer, trusted, release.contents(request))
    objects = {name: gateway.s3.read(request.bucket, made.key(name)) for name in made.parts}
    stored = {name: each for name, each in objects.items() if each is not None}
    for name in sorted(stored, key=lambda name: name != made.parts[name].name):  # what is plain first: the files
        made.require_same(name, stored[name].content)
    return replace(made, stored=stored, pointer=gateway.s3.read(request.bucket, made.pointer_key))


def _plan(gateway: Gateway, made: Release, parameters: Mapping[str, str], clock: Clock) -> PublishPlan:
    request = made.request
    settings = gateway.s3.settings(request.bucket)
    latest = pointer.current(made)
    return PublishPlan(
        version=__version__,
        bucket=request.bucket,
        prefix=request.prefix,
        key_id=made.signer.public_key.key_id,
        new=tuple(made.key(name) for name in made.parts if name not in made.stored),
        present=tuple(made.key(name) for name in made.parts if name in made.stored),
        moves_pointer=pointer.moves(latest, request, clock),
        latest=latest.version if latest else "",
        checks=bucket.checks(settings, gateway.region, gateway.partition, request.bucket, request.prefix),
        links=_links(gateway, made, parameters),
    )


def _links(gateway: Gateway, made: Release, parameters: Mapping[str, str]) -> dict[str, str]:
    """A quick-create link per region (CloudFormation user guide, "Creating quick-create links for stacks")."""
    address = gateway.s3.address(made.request.bucket, made.key(STACK_FILE))
    if len(address) > LONGEST_ADDRESS:
        raise UsageError("The template's address is too long for a quick-create link.", "Give a shorter --prefix.")
    values = {"templateURL": address, "stackName": DEFAULT_STACK_NAME}
    values |= {f"param_{key}": value for key, value in parameters.items()}
    query, console = urlencode(values, quote_via=quote), CONSOLES.get(gateway.partition, CONSOLES["aws"])
    return {
        region: f"https://{region}.{console}/cloudformation/home?region={region}#/stacks/quickcreate?{query}"
        for region in made.request.regions
    }


def _require_fit(plan: PublishPlan) -> None:
    if not plan.fit:
        wrong = "; ".join(f"{check.subject}: {check.answer}" for check in plan.checks if not check.holds)
        raise Refused(
            f"Nothing was changed: the bucket {plan.bucket} is not fit to publish from ({wrong}).",
            f"The policy that it needs: deployer publish policy --bucket {plan.bucket} --prefix {plan.prefix}",
            code="bucket-not-fit",
        )


def _write(gateway: Gateway, made: Release) -> Iterator[str]:
    """Write what is not there; yields the keys. Raises Refused where another write came first with other content."""
    missing = [name for name in made.parts if name not in made.stored]
    content = {
        file.name: file for file in (*made.files, *(release.signatures(made.files, made.signer) if missing else ()))
    }
    for name in missing:
        file, place = content[name], made.key(name)
        if gateway.s3.create(made.request.bucket, place, file.content, file.content_type):
            yield place
            continue
        other = gateway.s3.read(made.request.bucket, place)
        if other is None:
            raise DeployerError(f"{place} could not be written: another write is under way.", "Run it again.")
        made.require_same(name, other.content)


def _read_back(gateway: Gateway, made: Release, plan: PublishPlan, written: tuple[str, ...]) -> Published:
    """Read every file at its address, as a customer does, and verify it. Raises Refused where that shows another."""
    address = gateway.s3.address(plan.bucket, f"{plan.prefix}/{__version__}/")
    for file in made.files:
        _require_readable(f"{address}{file.name}", file, made.trusted)
    return Published(
        version=plan.version,
        bucket=plan.bucket,
        prefix=plan.prefix,
        key_id=plan.key_id,
        sha256={file.name: sha256_of(file.content) for file in made.files if file.name in (STACK_FILE, WIRE_FILE)},
        written=written,
        template_url=f"{address}{WIRE_FILE}",
        latest_url=gateway.s3.address(plan.bucket, made.pointer_key),
        links=plan.links,
    )


def _require_readable(url: str, file: ReleaseFile, trusted: Sequence[PublicKey]) -> None:
    from generator.signing.bundle import verify_content

    try:
        same = read(url) == file.content
        bundle = read(f"{url}{BUNDLE_SUFFIX}")
        verify_content(file.content, bundle.decode("utf-8", "replace"), trusted)
    except DeployerError as error:
        raise Refused(
            f"It was published, and cannot be used as it is: {error.message}",
            "Put that right, and run it again: what is there already is kept.",
            code="not-readable",
        ) from error
    if not same:
        raise Refused(f"{url} gives other content than was published.", "Look at what stands before the bucket.")
