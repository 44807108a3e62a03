"""`publish`: sign a version, store it where nothing is ever overwritten, point to it, and read it as a customer does.

Every write names what must be there before: nothing, or for the pointer the very object that was read. So a run that
was interrupted is run again, and two at once cannot mix.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Protocol

from generator import __version__
from generator.errors import DeployerError, Refused, UsageError
from generator.gateway.aws import Gateway
from generator.model.caller import Caller
from generator.model.publishing import PassphraseCaller
from generator.model.release import (
    STACK_FILE,
    WIRE_FILE,
    Published,
    PublishPlan,
    PublishRequest,
    ReleaseFile,
)
from generator.model.signature import PublicKey, Signer, sha256_of
from generator.operations.clock import SYSTEM, Clock
from generator.operations.publishing import bucket, pointer, release
from generator.operations.publishing.followed import read_pointer
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.links import checked_links, quick_create, require_short, unreadable
from generator.operations.publishing.release import Release
from generator.operations.publishing.signer import signer_of
from generator.operations.publishing.verify import read


class PublishCaller(Caller, PassphraseCaller, Protocol):
    """What `publish` asks of its caller: the plan's question, and the passphrase of the key."""


def publish(
    gateway: Gateway, request: PublishRequest, caller: PublishCaller, clock: Clock = SYSTEM
) -> PublishPlan | Published:
    """Publish this version; with `plan_only` return the plan. What is there already with the same content stays.

    Raises Refused for a bucket that is not fit, for a version that is there with other content, and where reading it
    back shows anything else; UsageError, Declined, NotFound and AwsError.
    """
    parameters = checked_links(gateway, request)
    signer = signer_of(gateway, request.key, caller)
    trusted = (signer.public_key, *(trusted_keys(request.also_trusted) if request.also_trusted else ()))
    made = _read(gateway, request, signer, trusted, _withdrawn(request, trusted))
    require_short(gateway, request, made.key(STACK_FILE))
    plan = _plan(gateway, made, clock)
    if request.plan_only:
        return plan
    _require_fit(plan)
    caller.show(plan)
    if plan.new or plan.moves_pointer:
        caller.confirm(plan)
    written = [*_write(gateway, made)]
    if plan.moves_pointer or made.pointer is None:
        latest = pointer.signed(made, clock)
        written.append(pointer.write(gateway, made, latest))
    else:
        latest = made.pointer.content
    _require_pointer(gateway, made, latest, clock)
    links = _links(gateway, made, parameters) if request.regions else {}
    return _read_back(gateway, made, plan, tuple(written), links)


def _withdrawn(request: PublishRequest, trusted: Sequence[PublicKey]) -> tuple[PublicKey, ...]:
    """The keys that were withdrawn. Raises UsageError for one that is trusted all the same."""
    keys = trusted_keys(request.withdrawn) if request.withdrawn else ()
    for key in keys:
        if key.key_id in {each.key_id for each in trusted}:
            raise UsageError(
                f"The key {key.key_id} is given as withdrawn, and as one that signs or is trusted.",
                "Sign with another key: --key FILE",
                code="withdrawn-key",
            )
    return keys


def _read(
    gateway: Gateway,
    request: PublishRequest,
    signer: Signer,
    trusted: tuple[PublicKey, ...],
    withdrawn: tuple[PublicKey, ...],
) -> Release:
    """What there is to publish and what is there of it. Raises Refused for other content."""
    files, source = release.contents(request), release.source(request)
    made = Release(request, signer, trusted, files, withdrawn=withdrawn, source=source)
    objects = {name: gateway.s3.read(request.bucket, made.key(name)) for name in made.parts}
    stored = {name: each for name, each in objects.items() if each is not None}
    for name in sorted(stored, key=lambda name: name != made.parts[name].name):  # what is plain first: the files
        made.require_same(name, stored[name].content)
    made.require_never_replaced(gateway.s3.replaced(request.bucket, made.key("")))
    return replace(made, stored=stored, pointer=gateway.s3.read(request.bucket, made.pointer_key))


def _plan(gateway: Gateway, made: Release, clock: Clock) -> PublishPlan:
    request = made.request
    settings = gateway.s3.settings(request.bucket)
    account = gateway.location().account
    checks = bucket.checks(
        settings,
        gateway.region,
        gateway.partition,
        request.bucket,
        request.prefix,
        account,
        account_blocks=bucket.account_block(gateway, account),
    )
    latest = pointer.current(made)
    new = tuple(made.key(name) for name in made.parts if name not in made.stored)
    return PublishPlan(
        version=__version__,
        bucket=request.bucket,
        prefix=request.prefix,
        key_id=made.signer.public_key.key_id,
        source=made.source if new else None,
        new=new,
        present=tuple(made.key(name) for name in made.parts if name in made.stored),
        moves_pointer=pointer.moves(latest, made, clock),
        latest=latest.version if latest else "",
        checks=checks,
        remedies=bucket.remedies(checks, gateway.commands, request.bucket, request.prefix, account),
        links=request.regions,
    )


def _require_fit(plan: PublishPlan) -> None:
    if not plan.fit:
        wrong = "; ".join(f"{check.subject}: {check.answer}" for check in plan.checks if not check.holds)
        raise Refused(
            f"Nothing was changed: the bucket {plan.bucket} is not fit to publish from ({wrong}).",
            "\n".join(plan.remedies),
            code="bucket-not-fit",
        )


def _write(gateway: Gateway, made: Release) -> Iterator[str]:
    """Write what is not there; yields the keys. Raises Refused where another write came first with other content."""
    missing = [name for name in made.parts if name not in made.stored]
    signed = release.signatures(made.files, made.signer, made.source) if missing else ()
    content = {file.name: file for file in (*made.files, *signed)}
    for name in missing:
        file, place = content[name], made.key(name)
        if gateway.s3.create(made.request.bucket, place, file.content, file.content_type):
            yield place
            continue
        other = gateway.s3.read(made.request.bucket, place)
        if other is None:
            raise DeployerError(f"{place} could not be written: another write is under way.", "Run it again.")
        made.require_same(name, other.content)


def _links(gateway: Gateway, made: Release, parameters: Mapping[str, str]) -> dict[str, str]:
    """Links to the version of the template that the bucket has. Raises Refused unless everybody reads that one."""
    key, bucket = made.key(STACK_FILE), made.request.bucket
    stored = gateway.s3.read(bucket, key)
    version = stored.version if stored else ""
    if not version:
        raise Refused(f"S3 names no version of {key}.", "Look whether the bucket keeps versions, and run it again.")
    [file] = [each for each in made.files if each.name == STACK_FILE]
    url = gateway.s3.address(bucket, key, version)
    with _published_and_unusable():
        same = _everybody_reads(gateway, url) == file.content
    if not same:
        raise _other_content(url)
    return quick_create(gateway, made.request, key, version, parameters)


def _read_back(
    gateway: Gateway, made: Release, plan: PublishPlan, written: tuple[str, ...], links: Mapping[str, str]
) -> Published:
    """Read all of it at its address, as a customer does, and verify it. Raises Refused where that shows another."""
    address = gateway.s3.address(plan.bucket, f"{plan.prefix}/{__version__}/")
    for file in made.files:
        _require_readable(gateway, f"{address}{file.name}", file, made.trusted)
    return Published(
        version=plan.version,
        bucket=plan.bucket,
        prefix=plan.prefix,
        key_id=plan.key_id,
        source=plan.source,
        sha256={file.name: sha256_of(file.content) for file in made.files if file.name in (STACK_FILE, WIRE_FILE)},
        written=written,
        template_url=f"{address}{WIRE_FILE}",
        latest_url=gateway.s3.address(plan.bucket, made.pointer_key),
        links=links,
        unreadable=unreadable(gateway) if links else "",
    )


def _everybody_reads(gateway: Gateway, url: str) -> bytes:
    """What an unsigned request gets, through a proxy that intercepts TLS too: the calls' authorities are trusted."""
    return read(url, gateway.given_ca_bundle)


def _require_readable(gateway: Gateway, url: str, file: ReleaseFile, trusted: Sequence[PublicKey]) -> None:
    """Raise Refused unless everybody reads this file there, and beside it all that proves it."""
    with _published_and_unusable():
        same = _everybody_reads(gateway, url) == file.content
        for suffix in release.BESIDE:
            beside = _everybody_reads(gateway, f"{url}{suffix}")
            release.require_signature_of(file, f"{file.name}{suffix}", beside, trusted)
    if not same:
        raise _other_content(url)


def _other_content(url: str) -> Refused:
    return Refused(f"{url} gives other content than was published.", "Look at what stands before the bucket.")


def _require_pointer(gateway: Gateway, made: Release, written: bytes, clock: Clock) -> None:
    """Raise Refused unless everybody reads the very pointer that was written or kept, and may follow it."""
    url = gateway.s3.address(made.request.bucket, made.pointer_key)
    with _published_and_unusable():
        content = _everybody_reads(gateway, url)
        read_pointer(url, content, made.trusted, clock.now())
    if content != written:
        raise Refused(f"{url} gives another pointer than the bucket has.", "Look at what stands before the bucket.")


@contextmanager
def _published_and_unusable() -> Iterator[None]:
    try:
        yield
    except DeployerError as error:
        raise Refused(
            f"It was published, and cannot be used as it is: {error.message}",
            "Put that right, and run it again: what is there already is kept.",
            code="not-readable",
        ) from error
