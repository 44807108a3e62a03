"""Keys are what openssl takes and makes; anything else is one sentence, and no error shows a key."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.signing import keys
from generator.signing.keys import KeySigner
from tests.signing.conftest import PASSPHRASE, pair


def openssl(folder: Path, *argv: str) -> bytes:
    return subprocess.run(["openssl", *argv], cwd=folder, capture_output=True, check=True).stdout


def test_openssl_reads_the_private_key_with_its_passphrase_and_gives_the_same_public_half(tmp_path: Path) -> None:
    pem = keys.new_private_key(PASSPHRASE)
    (tmp_path / "k").write_text(pem)
    public = openssl(tmp_path, "pkey", "-in", "k", "-passin", f"pass:{PASSPHRASE}", "-pubout").decode()
    assert public == keys.read_private_key(pem, PASSPHRASE, "k").public_key.pem
    der = openssl(tmp_path, "pkey", "-in", "k", "-passin", f"pass:{PASSPHRASE}", "-pubout", "-outform", "DER")
    (tmp_path / "d").write_bytes(der)
    digest = openssl(tmp_path, "dgst", "-sha256", "-r", "d").decode().split()[0]
    assert digest == keys.public_key_of(der, "d").key_id


def test_guessing_a_passphrase_takes_many_rounds(tmp_path: Path) -> None:
    (tmp_path / "k").write_text(keys.new_private_key(PASSPHRASE))
    shown = openssl(tmp_path, "asn1parse", "-in", "k").decode()
    assert all(name in shown for name in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"))
    assert [int(rounds, 16) for rounds in re.findall(r"INTEGER +:(\w+)", shown)] == [600_000]


def test_a_key_that_openssl_made_signs(tmp_path: Path) -> None:
    made = openssl(tmp_path, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256").decode()
    signer = keys.read_private_key(made, "", "k")
    assert keys.holds(signer.public_key, signer.sign(bytes(32)), bytes(32))


def test_a_file_may_hold_several_public_keys(signer: KeySigner, other: KeySigner) -> None:
    both = f"# old\n{signer.public_key.pem}\n# new\n{other.public_key.pem}"
    assert keys.read_public_keys(both, "vendor.pub") == (signer.public_key, other.public_key)


def other_kind(tmp_path: Path, *algorithm: str) -> str:
    return openssl(tmp_path, "genpkey", "-algorithm", *algorithm).decode()


P384 = ("EC", "-pkeyopt", "ec_paramgen_curve:P-384")


@pytest.mark.parametrize("algorithm", [P384, ("ED25519",), ("RSA",)])
def test_another_kind_of_key_is_refused(tmp_path: Path, algorithm: tuple[str, ...]) -> None:
    private = other_kind(tmp_path, *algorithm)
    (tmp_path / "k").write_text(private)
    public = openssl(tmp_path, "pkey", "-in", "k", "-pubout").decode()
    for refused in (
        lambda: keys.read_private_key(private, "", "k"),
        lambda: keys.read_public_keys(public, "k"),
        lambda: keys.public_key_of(openssl(tmp_path, "pkey", "-in", "k", "-pubout", "-outform", "DER"), "k"),
    ):
        with pytest.raises(UsageError, match=r"^k is no ECDSA (public )?key on the curve P-256\.$"):
            refused()


@pytest.mark.parametrize("text", ["", "junk", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^k is no "):
        keys.read_public_keys(text, "k")


def test_a_private_key_is_never_taken_for_a_public_one_and_never_shown() -> None:
    pem = keys.new_private_key(PASSPHRASE)
    with pytest.raises(UsageError, match="a private key; keep that to yourself"):
        keys.read_public_keys(pem + pair("ours").public_key.pem, "k")
    secret = pem.splitlines()[1]
    for wrong in ("", "another"):
        with pytest.raises(UsageError) as caught:
            keys.read_private_key(pem, wrong, "k")
        assert secret not in repr(caught.value) and caught.value.__suppress_context__
    assert "private" not in repr(pair("ours")).lower()


def test_a_key_without_passphrase_is_not_made() -> None:
    with pytest.raises(UsageError, match="needs a passphrase"):
        keys.new_private_key("")
