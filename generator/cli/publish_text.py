"""How keys, published versions and verified files read: pure functions from values to lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from generator.cli.render import table
from generator.model.publishing import BUNDLE_SUFFIX, SIGNATURE_SUFFIX, VerifiedPointer

if TYPE_CHECKING:
    from generator.model.publishing import KeyPair, VerifiedFile
    from generator.model.release import Published, PublishPlan


def pair_lines(pair: KeyPair) -> list[str]:
    """A new pair of keys: where it is, and its ID."""
    return [
        f"private key  {pair.private}  (encrypted; keep it and its passphrase apart)",
        f"public key   {pair.public}",
        f"key ID       {pair.key_id}",
    ]


def verified_lines(done: VerifiedFile) -> list[str]:
    """What a verification showed."""
    rows: tuple[tuple[str, str], ...] = (
        ("SHA-256", done.sha256),
        ("signed by", done.key_id),
        ("version", done.version),
        ("signer says", done.says),
    )
    rows += _pointer_rows(done) if isinstance(done, VerifiedPointer) else ()
    return [f"{done.file} is verified: {done.kind}.", *(f"  {name:<11}  {text}" for name, text in rows if text)]


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
        *_new(plan.new),
        *([f"  {len(plan.present)} objects of this version are there already and stay"] if plan.present else []),
        f"  {pointer}",
        *checks,
        *_links(plan.links),
    ]


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
    rows += [(f"SHA-256 of {name}", digest) for name, digest in done.sha256.items()]
    rows += [("template", done.template_url), ("latest", done.latest_url)]
    written = f"{len(done.written)} objects written" if done.written else "nothing to do: it is published"
    return [
        f"Version {done.version} is published, and verifies at its address ({written}).",
        *table(rows),
        *_links(done.links),
    ]


def _links(links: Mapping[str, str]) -> list[str]:
    return [line for region, link in links.items() for line in (f"quick-create link for {region}:", f"  {link}")]
