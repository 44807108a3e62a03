"""How keys, published versions and verified files read: pure functions from values to lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.publishing import BUNDLE_SUFFIX, SIGNATURE_SUFFIX, VerifiedPointer

if TYPE_CHECKING:
    from generator.model.provenance import Source
    from generator.model.publishing import KeyPair, KnownKey, VerifiedFile
    from generator.model.release import Published, PublishPlan

LINKS_LATER = "  quick-create links for {}: printed once the template is there, as they name its version in S3"
NOT_AWS = "AWS's console cannot read {}: here a link shows its form, and what it names can be given to CreateStack."


def pair_lines(pair: KeyPair) -> list[str]:
    """A new pair of keys: where it is, and its ID."""
    return [
        f"private key  {pair.private}  (encrypted; keep it and its passphrase apart)",
        f"public key   {pair.public}",
        f"key ID       {pair.key_id}",
    ]


def public_lines(key: KnownKey) -> list[str]:
    """A public key with its ID over it, as a file that every program reads."""
    return [f"key ID {key.key_id}", *key.pem.splitlines()]


def trusted_lines(keys: Sequence[KnownKey]) -> list[str]:
    """Whose signatures count."""
    if not keys:
        return ["No key is trusted: this build of deployer has no public key of the vendor's, and none is stored."]
    return [f"{key.key_id}  {key.place}" for key in keys]


def verified_lines(done: VerifiedFile) -> list[str]:
    """What a verification showed."""
    rows: tuple[tuple[str, str], ...] = (
        ("SHA-256", done.sha256),
        ("signed by", done.key_id),
        ("version", done.version),
        ("published as", done.name),
        ("signer says", done.says),
        ("made from", done.source),
    )
    rows += _pointer_rows(done) if isinstance(done, VerifiedPointer) else ()
    return [f"{done.file} is verified: {done.kind}.", *(f"  {name:<12}  {text}" for name, text in rows if text)]


def _pointer_rows(pointer: VerifiedPointer) -> tuple[tuple[str, str], ...]:
    named = tuple(
        ("names" if not number else "", f"{digest}  {name}")
        for number, (name, digest) in enumerate(pointer.files.items())
    )
    return (("good until", pointer.expires), *named)


def plan_lines(plan: PublishPlan) -> list[str]:
    """What would be written, and whether the bucket is fit for it."""
    checks = table([("  ok  " if each.holds else "  FAIL", each.subject, each.answer) for each in plan.checks])
    pointer = f"latest: {plan.latest or 'none'} -> {plan.version}" if plan.moves_pointer else f"latest: {plan.latest}"
    return [
        f"  version {plan.version}, signed by {plan.key_id}",
        *([f"  made from {_source(plan.source)}"] if plan.source else []),
        *_new(plan.new),
        *([f"  {len(plan.present)} objects of this version are there already and stay"] if plan.present else []),
        f"  {pointer}",
        *checks,
        *(f"        {remedy}" for remedy in plan.remedies),
        *([LINKS_LATER.format(", ".join(plan.links))] if plan.links else []),
    ]


def _source(source: Source) -> str:
    """What a version is made from, and why a commit is not named."""
    why = "" if source.commit else " (no clean checkout of it is here, and the package names none: it is left out)"
    return f"{source.sentence}{why}"


def _new(keys: Sequence[str]) -> list[str]:
    """A line per file; the signatures beside it are counted."""
    files = [key for key in keys if not key.endswith((BUNDLE_SUFFIX, SIGNATURE_SUFFIX))]
    rest = len(keys) - len(files)
    return [*(f"  + {key}" for key in files), *([f"  + {rest} signatures and statements beside them"] if rest else [])]


def action(plan: PublishPlan) -> str:
    """What is asked."""
    return f"Publish version {plan.version} to s3://{plan.bucket}/{plan.prefix}/"


def published_lines(done: Published) -> list[str]:
    """What is at which address."""
    rows = [("version", done.version), ("signed by", done.key_id)]
    rows += [("made from", _source(done.source))] if done.source else []
    rows += [(f"SHA-256 of {name}", digest) for name, digest in done.sha256.items()]
    rows += [("template", done.template_url), ("latest", done.latest_url)]
    written = f"{len(done.written)} objects written" if done.written else "nothing to do: it is published"
    return [
        f"Version {done.version} is published, and verifies at its address ({written}).",
        *table(rows),
        *_links(done),
    ]


def _links(done: Published) -> list[str]:
    links = [line for region, link in done.links.items() for line in (f"quick-create link for {region}:", f"  {link}")]
    return [*links, *([NOT_AWS.format(done.unreadable)] if done.unreadable else [])]
