"""Keys, and verifiers that are not ours: npm @sigstore/verify, and openssl."""

from __future__ import annotations

import base64
import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

from generator.model.signature import PublicKey
from generator.signing import keys
from tests.node import node

HERE = Path(__file__).parent
PASSPHRASE = "canary-correct-horse"


@cache
def pair(name: str) -> keys.KeySigner:
    """A pair of its own for each name."""
    assert name
    return keys.read_private_key(keys.new_private_key(PASSPHRASE), PASSPHRASE, name)


def sigstore_says(content: bytes, bundle: str, *trusted: PublicKey) -> bool:
    """Whether npm's verifier takes the bundle."""
    asked = [{"content": base64.b64encode(content).decode(), "bundle": bundle, "keys": [key.pem for key in trusted]}]
    run = subprocess.run(
        [node(HERE), str(HERE / "judge.mjs")], input=json.dumps(asked), cwd=HERE, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    [verdict] = json.loads(run.stdout)
    return bool(verdict == "verified")


def openssl_says(folder: Path, content: bytes, signature: bytes, trusted: PublicKey) -> bool:
    """Whether `openssl dgst` takes the detached signature."""
    for name, each in (("content", content), ("signature", signature), ("key.pub", trusted.pem.encode())):
        (folder / name).write_bytes(each)
    run = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key.pub", "-signature", "signature", "content"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    return run.returncode == 0 and "Verified OK" in run.stdout


@pytest.fixture
def signer() -> keys.KeySigner:
    return pair("ours")


@pytest.fixture
def other() -> keys.KeySigner:
    return pair("another")
