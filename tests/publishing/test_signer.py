"""Who signs: a key that cannot is named for what it is, before its passphrase is asked for, and shows nothing."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from generator.errors import AwsError, UsageError
from generator.model.signature import PublicHalf
from generator.operations.publishing.keys import trusted_keys
from generator.operations.publishing.signer import signer_of
from generator.signing import keys
from tests.signing.conftest import PASSPHRASE, pair

PEM = keys.new_private_key(PASSPHRASE)


class Caller:
    asked = 0

    def passphrase(self, key: str, *, new: bool = False) -> str:
        self.asked += 1
        return PASSPHRASE


def pem_of(private: Any, passphrase: bytes = b"") -> str:
    sealed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    form = serialization.PrivateFormat.TraditionalOpenSSL if passphrase else serialization.PrivateFormat.PKCS8
    return str(private.private_bytes(serialization.Encoding.PEM, form, sealed).decode())


def write(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "k"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())


@pytest.mark.parametrize(
    "text",
    [PEM, pem_of(P256), pem_of(P256, PASSPHRASE.encode()), f"  {PEM}  ", PEM.replace("\n", "\r\n"), f'"{PEM}"'],
    ids=["ours", "plain", "openssl's, encrypted", "blanks around it", "CRLF", "quoted"],
)
def test_each_form_of_a_key_signs_from_a_file_and_from_the_environment(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", text)
    for reference in (write(tmp_path, text), "env://KEY"):
        signer = signer_of(None, reference, Caller())  # type: ignore[arg-type] - no AWS is asked
        assert keys.holds(signer.public_key, signer.sign(bytes(32)), bytes(32))


OTHERS: dict[str, tuple[str, str]] = {
    "P-384": (pem_of(P384), "is no ECDSA key on the curve P-256."),
    "RSA": (pem_of(rsa.generate_private_key(65537, 2048)), "is no ECDSA key on the curve P-256."),
    "Ed25519": (pem_of(ed25519.Ed25519PrivateKey.generate()), "is no ECDSA key on the curve P-256."),
    "a public key": (pair("ours").public_key.pem, "is a public key."),
    "cosign's own": (PEM.replace("ENCRYPTED PRIVATE", "ENCRYPTED SIGSTORE PRIVATE"), "in cosign's own form"),
    "cosign's own, older": (PEM.replace("ENCRYPTED PRIVATE", "ENCRYPTED COSIGN PRIVATE"), "in cosign's own form"),
    "line ends written out": (PEM.replace("\n", "\\n"), "has \\n written out in the place of its line ends."),
    "junk": ("junk", "is no private key in PEM (PKCS #8)."),
    "cut short": (pem_of(P256)[:120], "is no private key in PEM (PKCS #8)."),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_another_kind_of_key_is_named_and_no_passphrase_asked_for(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, says = OTHERS[kind]
    monkeypatch.setenv("KEY", text)
    for reference in (write(tmp_path, text), "env://KEY"):
        caller = Caller()
        with pytest.raises(UsageError) as caught:
            signer_of(None, reference, caller)  # type: ignore[arg-type]
        assert caught.value.message.startswith(f"{reference} ") and says in caught.value.message and caught.value.hint
        assert caller.asked == 0 and text.splitlines()[-1][:20] not in caught.value.message


@pytest.mark.parametrize("reference", ["", "env://", "gcpkms://p", "file:///k", "pkcs11:x://y"])
def test_what_names_no_key_is_said_of_private_and_of_public_keys(reference: str) -> None:
    for using in (lambda: signer_of(None, reference, Caller()), lambda: trusted_keys([reference])):  # type: ignore
        with pytest.raises(UsageError, match="names no key"):
            using()


def test_a_folder_is_not_told_to_be_closed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not be read: Is a directory"):
        signer_of(None, str(tmp_path), Caller())  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o677])
def test_a_key_that_others_may_use_is_not_used(mode: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        signer_of(None, write(tmp_path, PEM, mode), Caller())  # type: ignore[arg-type]
    assert "may be read by other users" in caught.value.message and "chmod 600" in caught.value.hint
    assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == mode


@pytest.mark.parametrize("kind", ["a public key", "junk", "cosign's own"])
def test_what_is_no_private_key_is_not_told_to_be_closed(kind: str, tmp_path: Path) -> None:
    text, says = OTHERS[kind]
    with pytest.raises(UsageError) as caught:
        signer_of(None, write(tmp_path, text, 0o644), Caller())  # type: ignore[arg-type]
    assert says in caught.value.message and "chmod" not in caught.value.hint


class Kms:
    """KMS, as far as a signer asks it."""

    def __init__(self, half: PublicHalf | AwsError, signing: AwsError | None = None) -> None:
        self.kms, self._half, self._signing = self, half, signing

    def get_public_key(self, key: str) -> PublicHalf:
        if isinstance(self._half, AwsError):
            raise self._half
        return self._half

    def sign_digest(self, key: str, digest: bytes) -> bytes:
        if self._signing is not None:
            raise self._signing
        return pair("another").sign(digest)


def spki(private: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(private.public_key().public_bytes(serialization.Encoding.DER, form))


def aws(code: str) -> AwsError:
    return AwsError("the stack's secret cannot be read", "restore it", aws_code=code)


@pytest.mark.parametrize(
    "half",
    [
        PublicHalf(spki(P384), "SIGN_VERIFY"),
        PublicHalf(spki(rsa.generate_private_key(65537, 2048)), "SIGN_VERIFY"),
        PublicHalf(spki(P256), "KEY_AGREEMENT"),
        aws("UnsupportedOperationException"),
        aws("InvalidKeyUsageException"),
    ],
    ids=["P-384", "RSA", "key agreement", "symmetric", "HMAC"],
)
def test_a_key_of_kms_that_cannot_sign_is_told_what_it_needs(half: Any) -> None:
    with pytest.raises(UsageError, match="awskms:///k is no key that makes these signatures") as caught:
        signer_of(Kms(half), "awskms:///k", Caller())  # type: ignore[arg-type]
    assert "ECC_NIST_P256" in caught.value.hint and "SIGN_VERIFY" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "says"), [("DisabledException", "disabled"), ("KMSInvalidStateException", "to be deleted")]
)
def test_a_key_of_kms_that_is_out_of_use_is_said_to_sign_nothing(code: str, says: str) -> None:
    good = PublicHalf(spki(P256), "SIGN_VERIFY")
    uses: tuple[Callable[[], object], ...] = (
        lambda: signer_of(Kms(aws(code)), "awskms:///k", Caller()),  # type: ignore[arg-type]
        lambda: signer_of(Kms(good, aws(code)), "awskms:///k", Caller()).sign(bytes(32)),  # type: ignore[arg-type]
    )
    for use in uses:
        with pytest.raises(AwsError, match=f"^KMS signs nothing with k: the key is {says}") as caught:
            use()
        assert caught.value.hint == "restore it"


def test_other_answers_of_kms_stay_as_they_are() -> None:
    with pytest.raises(AwsError, match="the stack's secret"):
        signer_of(Kms(aws("AccessDenied")), "awskms:///k", Caller())  # type: ignore[arg-type]
    for wrong in ("awskms://", "awskms:///", "awskms://host/k"):
        with pytest.raises(UsageError, match="names no KMS key"):
            signer_of(Kms(aws("none")), wrong, Caller())  # type: ignore[arg-type]


def test_a_signature_of_kms_that_its_own_key_does_not_verify_is_not_used() -> None:
    signer = signer_of(Kms(PublicHalf(spki(P256), "SIGN_VERIFY")), "awskms:///k", Caller())  # type: ignore[arg-type]
    with pytest.raises(Exception, match="its own public key does not verify that"):
        signer.sign(bytes(32))
