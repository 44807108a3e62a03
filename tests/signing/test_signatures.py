"""What is signed here is taken by verifiers of others, and what was changed is refused by them and by ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from generator.model.signature import NotVerified, PublicKey, Statement
from generator.signing import bundle
from generator.signing.keys import KeySigner
from tests.signing.conftest import openssl_says, pair, sigstore_says

CONTENT = b"Resources: {}\n" * 50
CHANGED = CONTENT[:100] + bytes([CONTENT[100] ^ 1]) + CONTENT[101:]
STATEMENT = Statement("https://slsa.dev/provenance/v1", {"a.yaml": bundle.sha256_of(CONTENT)}, {"buildDefinition": {}})


def ours(content: bytes, text: str, *trusted: PublicKey) -> bool:
    try:
        bundle.verify_content(content, text, trusted)
    except NotVerified as error:
        assert error.exit_code == 3 and error.message.endswith(".") and error.hint
        return False
    return True


def signed(signer: KeySigner, kind: str) -> str:
    return bundle.sign_content(CONTENT, signer)[0] if kind == "content" else bundle.sign_statement(STATEMENT, signer)


@pytest.mark.parametrize("kind", ["content", "statement"])
def test_both_take_what_is_signed(signer: KeySigner, kind: str) -> None:
    text = signed(signer, kind)
    assert sigstore_says(CONTENT, text, signer.public_key)
    verified = bundle.verify_content(CONTENT, text, [signer.public_key])
    assert (verified.sha256, verified.key_id) == (bundle.sha256_of(CONTENT), signer.public_key.key_id)
    assert verified.statement == (STATEMENT if kind == "statement" else None)


def test_openssl_takes_the_detached_signature_of_that_content_and_key_alone(
    signer: KeySigner, other: KeySigner, tmp_path: Path
) -> None:
    signature = bundle.sign_content(CONTENT, signer)[1]
    assert openssl_says(tmp_path, CONTENT, signature, signer.public_key)
    assert not openssl_says(tmp_path, CHANGED, signature, signer.public_key)
    assert not openssl_says(tmp_path, CONTENT, signature, other.public_key)
    assert not openssl_says(tmp_path, CONTENT, signature[:-1], signer.public_key)


@pytest.mark.parametrize("kind", ["content", "statement"])
def test_two_keys_are_trusted_at_once(signer: KeySigner, other: KeySigner, kind: str) -> None:
    trusted = (other.public_key, signer.public_key)
    for each in (signer, other):
        text = signed(each, kind)
        assert ours(CONTENT, text, *trusted) and sigstore_says(CONTENT, text, *trusted)
        assert bundle.verify_content(CONTENT, text, trusted).key_id == each.public_key.key_id


def flipped(text: str, *path: str | int) -> str:
    """The bundle with one bit of a base64 value changed."""
    whole = json.loads(text)
    table: Any = whole
    for step in path[:-1]:
        table = table[step]
    raw = bytearray(base64.b64decode(table[path[-1]]))
    raw[len(raw) // 2] ^= 1
    table[path[-1]] = base64.b64encode(raw).decode()
    return json.dumps(whole)


def cut(text: str) -> str:
    """The bundle with the last byte of its signature gone."""
    whole = json.loads(text)
    signature = base64.b64decode(whole["messageSignature"]["signature"])[:-1]
    whole["messageSignature"]["signature"] = base64.b64encode(signature).decode()
    return json.dumps(whole)


def with_own_certificate(text: str, signer: KeySigner) -> str:
    """A bundle whose maker puts in a certificate of the key that signed it."""
    private = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(private)
    whole = json.loads(text)
    whole["verificationMaterial"] = {"certificate": {"rawBytes": made}, "tlogEntries": []}
    signature = private.sign(CONTENT, ec.ECDSA(hashes.SHA256()))
    whole["messageSignature"]["signature"] = base64.b64encode(signature).decode()
    return json.dumps(whole)


def _certificate(private: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the vendor")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2100, 1, 1))
    made = builder.sign(private, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


ATTACKS: dict[str, Callable[[str], str]] = {
    "another signature": lambda text: flipped(text, "messageSignature", "signature"),
    "truncated": lambda text: text[: len(text) // 2],
    "a signature cut short": lambda text: cut(text),
    "its own certificate": lambda text: with_own_certificate(text, pair("attacker")),
    "signed by somebody else": lambda text: bundle.sign_content(CONTENT, pair("attacker"))[0],
    "junk": lambda text: "junk",
    "empty": lambda text: "",
    "no signature": lambda text: text.replace("messageSignature", "messageSignatures"),
    "a list": lambda text: f"[{text}]",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_both_refuse_a_changed_bundle(signer: KeySigner, attack: str) -> None:
    changed = ATTACKS[attack](signed(signer, "content"))
    assert not ours(CONTENT, changed, signer.public_key)
    assert not sigstore_says(CONTENT, changed, signer.public_key)


def test_both_refuse_changed_content_and_another_key(signer: KeySigner, other: KeySigner) -> None:
    for kind in ("content", "statement"):
        text = signed(signer, kind)
        assert not ours(CHANGED, text, signer.public_key)
        assert not ours(CONTENT, text, other.public_key) and not sigstore_says(CONTENT, text, other.public_key)
    assert not sigstore_says(CHANGED, signed(signer, "content"), signer.public_key)


def test_both_refuse_a_changed_statement(signer: KeySigner) -> None:
    for path in (("dsseEnvelope", "payload"), ("dsseEnvelope", "signatures", 0, "sig")):
        changed = flipped(signed(signer, "statement"), *path)
        assert not ours(CONTENT, changed, signer.public_key)
        assert not sigstore_says(CONTENT, changed, signer.public_key)


OWN = {  # ours alone: npm's reader passes over what it does not know
    "a raw key beside the hint": ("verificationMaterial", "publicKey", {"hint": "", "rawBytes": "AAAA"}),
    "an x509 chain": ("verificationMaterial", "x509CertificateChain", {"certificates": []}),
    "an x509 chain in another spelling": ("verificationMaterial", "x509_certificate_chain", {"certificates": []}),
    "material in another spelling too": ("verification_material", "", {}),
    "a statement in another spelling": ("dsse_envelope", "", {}),
    "junk": ("junk", "", None),
    "junk in the material": ("verificationMaterial", "junk", 1),
    "junk in the signature": ("messageSignature", "message_digest", {}),
    "another version": ("mediaType", "", "application/vnd.dev.sigstore.bundle.v0.2+json"),
    "a wrong digest": ("messageSignature", "messageDigest", {"algorithm": "SHA2_256", "digest": "AAAA"}),
    "another algorithm": ("messageSignature", "messageDigest", {"algorithm": "SHA2_512", "digest": ""}),
    "a statement too": ("dsseEnvelope", "", {}),
    "no key named": ("verificationMaterial", "", {"tlogEntries": []}),
    "a digest that is no text": ("messageSignature", "messageDigest", {"algorithm": "SHA2_256", "digest": 7}),
    "a number that JSON has not": ("messageSignature", "weight", float("nan")),
}


@pytest.mark.parametrize("case", OWN)
def test_ours_refuses_what_a_bundle_of_a_key_never_has(signer: KeySigner, case: str) -> None:
    whole = json.loads(signed(signer, "content"))
    outer, inner, value = OWN[case]
    if inner:
        whole[outer][inner] = value
    else:
        whole[outer] = value
    assert not ours(CONTENT, json.dumps(whole), signer.public_key)


def test_the_digest_has_to_be_said_to_be_one_of_sha256(signer: KeySigner) -> None:
    for algorithm in ("SHA2_512", "HASH_ALGORITHM_UNSPECIFIED", "", None):
        whole = json.loads(signed(signer, "content"))
        whole["messageSignature"]["messageDigest"]["algorithm"] = algorithm
        assert not ours(CONTENT, json.dumps(whole), signer.public_key)


def test_a_bundle_of_a_file_and_of_a_statement_at_once_is_refused(signer: KeySigner) -> None:
    whole = {**json.loads(signed(signer, "content")), **json.loads(signed(signer, "statement"))}
    assert {"messageSignature", "dsseEnvelope"} <= set(whole)
    assert not ours(CONTENT, json.dumps(whole), signer.public_key)


@pytest.mark.parametrize("number", [0, 2])
def test_a_statement_has_one_signature(signer: KeySigner, number: int) -> None:
    whole = json.loads(signed(signer, "statement"))
    whole["dsseEnvelope"]["signatures"] *= number
    assert not ours(CONTENT, json.dumps(whole), signer.public_key)


def test_nothing_more_is_in_a_digest_an_envelope_or_its_signature(signer: KeySigner) -> None:
    content, statement = (json.loads(signed(signer, kind)) for kind in ("content", "statement"))
    parts = (
        (content, content["messageSignature"]["messageDigest"]),
        (statement, statement["dsseEnvelope"]),
        (statement, statement["dsseEnvelope"]["signatures"][0]),
    )
    for whole, part in parts:
        assert ours(CONTENT, json.dumps(whole), signer.public_key)
        part["payload_type"] = "x"
        assert not ours(CONTENT, json.dumps(whole), signer.public_key)
        del part["payload_type"]


def test_what_cosign_writes_without_saying_anything_is_read(signer: KeySigner) -> None:
    whole = json.loads(signed(signer, "content"))
    whole["verificationMaterial"]["timestampVerificationData"] = {}
    assert ours(CONTENT, json.dumps(whole), signer.public_key)


def test_a_bundle_of_nobody_is_told_from_one_that_brings_a_key(signer: KeySigner) -> None:
    whole = json.loads(signed(signer, "content"))
    for material, why in (({}, "is none of a key"), ({"certificate": {}}, "brings a key or certificate of its own")):
        whole["verificationMaterial"] = material
        with pytest.raises(NotVerified, match=why):
            bundle.verify_content(CONTENT, json.dumps(whole), [signer.public_key])


def test_a_key_given_twice_in_the_bundle_is_refused(signer: KeySigner) -> None:
    text = signed(signer, "content")
    assert not ours(CONTENT, text.replace("{", '{"mediaType": "x",', 1), signer.public_key)


def loose(written: str) -> str:
    """The same bytes in base64 with a bit set that belongs to none of them."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    text = written.rstrip("=")
    return f"{text[:-1]}{letters[letters.index(text[-1]) + 1]}{written[len(text) :]}"


SPELLINGS: dict[str, Callable[[str], str]] = {
    "a bit left over": loose,
    "no padding": lambda written: written.rstrip("="),
    "a line end": lambda written: f"{written}\n",
    "in the alphabet of addresses": lambda written: written.replace("+", "-").replace("/", "_").replace("=", "") + "-",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_base64_that_is_written_in_another_way_is_refused(signer: KeySigner, spelling: str) -> None:
    for kind, path in (
        ("content", ("messageSignature", "messageDigest", "digest")),
        ("statement", ("dsseEnvelope", "payload")),
    ):
        statement = Statement("t" * 2, STATEMENT.subjects, {})  # so that padding is needed
        text = signed(signer, kind) if kind == "content" else bundle.sign_statement(statement, signer)
        whole = json.loads(text)
        table = whole
        for step in path[:-1]:
            table = table[step]
        assert table[path[-1]].endswith("="), "otherwise no bit is left over"
        assert ours(CONTENT, json.dumps(whole), signer.public_key)
        table[path[-1]] = SPELLINGS[spelling](table[path[-1]])
        assert not ours(CONTENT, json.dumps(whole), signer.public_key)


def test_nobody_trusted_verifies_nothing(signer: KeySigner) -> None:
    assert not ours(CONTENT, signed(signer, "content"))


def stated(**parts: object) -> bytes:
    """A statement about the content, with other parts than it should have."""
    subject = [{"name": "a.yaml", "digest": {"sha256": bundle.sha256_of(CONTENT)}}]
    return json.dumps(
        {"_type": bundle.STATEMENT_TYPE, "predicateType": "t", "predicate": {}, "subject": subject, **parts}
    ).encode()


TWICE = [{"name": "a.yaml", "digest": {"sha256": digest}} for digest in ("0" * 64, bundle.sha256_of(CONTENT))]


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"[]", "damaged"),
        (stated(_type="https://in-toto.io/Statement/v0.1"), "version 1"),
        (stated(subject={}), "version 1"),
        (stated(subject=[1]), "lacks a part"),
        (stated(subject=[{"name": "a.yaml", "digest": {"sha512": "00"}}]), "lacks a part"),
        (b'{"_type": "https://in-toto.io/Statement/v1", "subject": []}', "lacks a part"),
        (stated(predicate=[]), "of another kind"),
        (stated(predicateType=1), "of another kind"),
        (stated(subject=[{"name": 1, "digest": {"sha256": "00"}}]), "of another kind"),
        (stated(subject=[{"name": "a", "digest": {"sha256": ["00"]}}]), "of another kind"),
        (stated(subject=TWICE), "names a file twice"),
        (stated().replace(b'"predicateType"', b'"predicateType": "u", "predicateType"'), "damaged"),
        (stated().replace(b'"t"', b'"\xff"'), "damaged"),
        (stated(predicate={"a": float("inf")}), "damaged"),
    ],
)
def test_a_signed_text_that_is_no_statement_is_refused(
    signer: KeySigner, payload: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle, "statement_bytes", lambda statement: payload)
    text = bundle.sign_statement(STATEMENT, signer)
    with pytest.raises(NotVerified, match=why):
        bundle.verify_statement(text, [signer.public_key])
    assert not ours(CONTENT, text, signer.public_key)


def test_a_statement_may_have_other_digests_and_files_besides(
    signer: KeySigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = bundle.sha256_of(CONTENT)
    subjects = [
        {"name": "a.yaml", "digest": {"sha512": "00", "sha256": digest}},
        {"name": "b", "digest": {"sha256": "0" * 64}},
    ]
    monkeypatch.setattr(bundle, "statement_bytes", lambda statement: stated(subject=subjects))
    text = bundle.sign_statement(STATEMENT, signer)
    assert ours(CONTENT, text, signer.public_key) and sigstore_says(CONTENT, text, signer.public_key)
    assert not ours(CHANGED, text, signer.public_key)


@pytest.mark.parametrize("kind", ["application/json", "application/vnd.in-toto+JSON", "", 1])
def test_the_payload_type_is_part_of_what_is_signed(
    signer: KeySigner, kind: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = json.loads(signed(signer, "statement"))
    whole["dsseEnvelope"]["payloadType"] = kind
    assert not ours(CONTENT, json.dumps(whole), signer.public_key)
    if isinstance(kind, str):
        assert not sigstore_says(CONTENT, json.dumps(whole), signer.public_key)
        monkeypatch.setattr(bundle, "PAYLOAD_TYPE", kind)
        rightly_signed = bundle.sign_statement(STATEMENT, signer)
        monkeypatch.undo()
        assert not ours(CONTENT, rightly_signed, signer.public_key), "signed, and still no statement of in-toto"
