"""Sigstore bundles (v0.3) of a key: written as cosign writes them, read strictly.

A bundle says what was signed and by whom its maker claims to be; it never brings the key that it is verified with.
Source: sigstore protobuf-specs, sigstore_bundle.proto; DSSE protocol; in-toto Statement v1.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from generator.model.signature import NotVerified, PublicKey, Signer, Statement, Verified, sha256_of
from generator.signing import keys

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_KNOWN = {
    "": frozenset({"mediaType", "verificationMaterial", "messageSignature", "dsseEnvelope"}),
    "verificationMaterial": frozenset({"publicKey", "tlogEntries", "timestampVerificationData"}),
    "messageSignature": frozenset({"messageDigest", "signature"}),
    "messageSignature.messageDigest": frozenset({"algorithm", "digest"}),
    "dsseEnvelope": frozenset({"payload", "payloadType", "signatures"}),
}
"""The keys that the parts of a bundle may have, by their names in JSON."""
_AGAIN = "Fetch the file and its bundle again. If it stays so, do not use the file, and ask the vendor."


def sign_content(content: bytes, signer: Signer) -> tuple[str, bytes]:
    """The bundle of a file's signature, and the same signature by itself (DER) as `openssl dgst -verify` takes it."""
    digest = hashlib.sha256(content).digest()
    signature = signer.sign(digest)
    described = {"algorithm": "SHA2_256", "digest": _encoded(digest)}
    return _bundle(
        signer, "messageSignature", {"messageDigest": described, "signature": _encoded(signature)}
    ), signature


def sign_statement(statement: Statement, signer: Signer) -> str:
    """The bundle of a signed statement (DSSE)."""
    payload = statement_bytes(statement)
    signature = signer.sign(hashlib.sha256(_pre_authentication(payload)).digest())
    envelope = {
        "payload": _encoded(payload),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"sig": _encoded(signature), "keyid": ""}],
    }
    return _bundle(signer, "dsseEnvelope", envelope)


def statement_bytes(statement: Statement) -> bytes:
    """The statement as it is signed: JSON, the same bytes each time."""
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": value}} for name, value in statement.subjects.items()],
        "predicateType": statement.predicate_type,
        "predicate": statement.predicate,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def verify_content(content: bytes, bundle: str, trusted: Sequence[PublicKey]) -> Verified:
    """What a bundle proves of a file, its signature by one of the trusted keys. Raises NotVerified.

    The bundle is of the file itself, or of a statement that names the file's digest.
    """
    whole = _parsed(bundle)
    actual = sha256_of(content)
    if "dsseEnvelope" in whole:
        verified = _verified_statement(whole["dsseEnvelope"], trusted)
        if verified.statement is None or actual not in verified.statement.subjects.values():
            raise _refusal(f"The signed statement is about other content: this has the SHA-256 {actual}.")
        return Verified(actual, verified.key_id, verified.statement)
    message = _table(whole, "messageSignature")
    described = _table(message, "messageDigest")
    claimed = _decoded(described, "digest").hex()
    if described.get("algorithm") != "SHA2_256":
        raise _refusal("The bundle's digest is not one of SHA-256.")
    if claimed != actual:
        raise _refusal(f"The bundle is of other content: of the SHA-256 {claimed}, and this has {actual}.")
    return Verified(actual, _signed_by(_decoded(message, "signature"), content, trusted))


def verify_statement(bundle: str, trusted: Sequence[PublicKey]) -> Verified:
    """The statement that a trusted key signed; `sha256` is that of the statement. Raises NotVerified."""
    return _verified_statement(_table(_parsed(bundle), "dsseEnvelope"), trusted)


def holds_statement(text: str) -> bool:
    """Whether a text is itself a bundle of a signed statement, so that none is beside it. Nothing is verified."""
    try:
        return "dsseEnvelope" in _json(text)
    except NotVerified:
        return False


def _verified_statement(envelope: Any, trusted: Sequence[PublicKey]) -> Verified:
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        raise _refusal("The bundle's statement is none of in-toto.")
    payload = _decoded(envelope, "payload")
    signatures = envelope.get("signatures")
    if not isinstance(signatures, list) or len(signatures) != 1 or not isinstance(signatures[0], dict):
        raise _refusal("The bundle has not exactly one signature.")
    _require_known(signatures[0], frozenset({"sig", "keyid"}))
    key_id = _signed_by(_decoded(signatures[0], "sig"), _pre_authentication(payload), trusted)
    return Verified(sha256_of(payload), key_id, _statement(payload))


def _statement(payload: bytes) -> Statement:
    whole = _json(payload)
    subjects = whole.get("subject")
    if whole.get("_type") != STATEMENT_TYPE or not isinstance(subjects, list):
        raise _refusal("The signed statement is none of in-toto, version 1.")
    try:
        named = [(each["name"], each["digest"]["sha256"]) for each in subjects]
        kind, predicate = whole["predicateType"], whole["predicate"]
    except (KeyError, TypeError):
        raise _refusal("The signed statement lacks a part that in-toto requires.") from None
    if not isinstance(predicate, dict) or not all(isinstance(text, str) for text in (kind, *chain(*named))):
        raise _refusal("The signed statement has a part of another kind than in-toto says.")
    if len(dict(named)) != len(named):
        raise _refusal("The signed statement names a file twice.")
    return Statement(kind, dict(named), predicate)


def _signed_by(signature: bytes, content: bytes, trusted: Sequence[PublicKey]) -> str:
    """The id of the trusted key whose signature this is."""
    digest = hashlib.sha256(content).digest()
    for key in trusted:
        if keys.holds(key, signature, digest):
            return key.key_id
    asked = ", ".join(key.key_id for key in trusted)
    raise _refusal(f"The signature is by none of the trusted keys ({asked}), or of other content.")


def _bundle(signer: Signer, kind: str, signed: Mapping[str, object]) -> str:
    hint = _encoded(bytes.fromhex(signer.public_key.key_id))
    material = {"publicKey": {"hint": hint}, "tlogEntries": []}
    return json.dumps({"mediaType": MEDIA_TYPE, "verificationMaterial": material, kind: signed}, indent=1) + "\n"


def _parsed(bundle: str) -> dict[str, Any]:
    """The bundle as JSON. Raises NotVerified for what is none of a key, or wants to bring its own key."""
    whole = _json(bundle)
    if whole.get("mediaType") != MEDIA_TYPE:
        raise _refusal("The bundle is no Sigstore bundle of version 0.3.")
    _require_no_key_of_its_own(_table(whole, "verificationMaterial"))
    if ("dsseEnvelope" in whole) == ("messageSignature" in whole):
        raise _refusal("The bundle has not exactly one of a signature and a signed statement.")
    for name, known in _KNOWN.items():
        _require_known(_part(whole, name), known)
    return whole


def _require_no_key_of_its_own(material: Mapping[str, Any]) -> None:
    named = material.get("publicKey")
    own = {name for name in material if "certificate" in name.lower()}
    if not own and named is None:
        raise _refusal("The bundle is none of a key.")
    if own or not isinstance(named, dict) or set(named) - {"hint"}:
        raise _refusal("The bundle brings a key or certificate of its own, which proves nothing.")


def _part(whole: Mapping[str, Any], name: str) -> Any:
    """What is under names with dots between them; nothing for a part that is not there, or is no table."""
    for each in filter(None, name.split(".")):
        whole = whole.get(each, {}) if isinstance(whole, dict) else {}
    return whole


def _require_known(table: Any, known: frozenset[str]) -> None:
    """Raise NotVerified for a key that this does not read: another reader may, such as one of another spelling."""
    for name in set(table) - known if isinstance(table, dict) else ():
        raise _refusal(f"The bundle has a part that does not belong in one of a key: {name[:40]!r}.")


def _json(text: str | bytes) -> dict[str, Any]:
    """A JSON object none of whose keys is given twice, so that two readers cannot read two things."""
    try:
        given = text.decode() if isinstance(text, bytes) else text
        whole = json.loads(given, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        whole = None
    if not isinstance(whole, dict):
        raise _refusal("The bundle is damaged: it is no JSON, or not all of it.")
    return whole


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key is given twice")
    return table


def _no_number(text: str) -> None:
    """Python reads NaN and Infinity, which JSON has not."""
    raise ValueError(f"{text} is no number of JSON")


def _table(whole: Mapping[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    if not isinstance(part, dict):
        raise _refusal(f"The bundle has no {name}.")
    return part


def _decoded(table: Mapping[str, Any], name: str) -> bytes:
    """What is written in base64, in the one way in which it is written: with padding, and no bits left over."""
    written = table.get(name)
    with suppress(TypeError, ValueError):
        content = base64.b64decode(written or "", validate=True)
        if _encoded(content) == written:
            return content
    raise _refusal(f"The bundle is damaged: its {name} cannot be read.")


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _pre_authentication(payload: bytes) -> bytes:
    """What a DSSE signature is over (PAE of the protocol)."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _refusal(sentence: str) -> NotVerified:
    return NotVerified(f"Not verified: {sentence[0].lower()}{sentence[1:]}", _AGAIN)
